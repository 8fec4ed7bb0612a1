package main

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// kfakeCommand is the argument that turns this program into a server of kfake.
const kfakeCommand = "kfake-server"

// kfakePort is the variable that says where it listens.
const kfakePort = "BENCH_KFAKE_PORT"

func startKfake(ctx context.Context, _ options) ([]*server, error) {
	s := &server{name: "kfake"}
	var err error
	if s.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, kfakeCommand)
	cmd.Env = append(os.Environ(), kfakePort+"="+port)
	return []*server{s}, s.start(ctx, cmd)
}

// serveKfake is the other process.
func serveKfake() error {
	port, err := strconv.Atoi(os.Getenv(kfakePort))
	if err != nil {
		return fmt.Errorf("%s: %w", kfakePort, err)
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return nil
}

//go:embed kafka/server.properties
var kafkaProperties string

// startKafka starts one Kafka and returns it as two servers: one whose topics are flushed at each batch, which is what an
// acknowledgement after fsync means there, and one that flushes when the operating system likes, which is Kafka's default.
func startKafka(ctx context.Context, o options) ([]*server, error) {
	if o.kafka == "" {
		return nil, nil
	}
	s := &server{name: "kafka os"}
	var err error
	if s.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	controller, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(o.dir, "kafka")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	properties := filepath.Join(dir, "server.properties")
	text := strings.NewReplacer("{listener}", s.addr, "{controller}", controller, "{dir}", dir).Replace(kafkaProperties)
	if err := os.WriteFile(properties, []byte(text), 0o600); err != nil {
		return nil, err
	}
	if err := s.startKafka(ctx, o.kafka, properties); err != nil {
		return []*server{s}, err
	}
	flushed := *s
	flushed.name, flushed.durable, flushed.topic = "kafka fsync", true, map[string]string{"flush.messages": "1"}
	return []*server{&flushed, s}, nil
}

// kafkaCluster is the id of the cluster, in the form that Kafka wants.
const kafkaCluster = "4L6g3nShT-eMCtK--X86sw"

// startKafka formats the data folder and starts the server, with the JVM settings of Kafka's own start script.
func (s *server) startKafka(ctx context.Context, jars, properties string) error {
	classes := filepath.Join(jars, "*")
	format := exec.CommandContext(ctx, "java", "-cp", classes, "kafka.tools.StorageTool", "format", "-t", kafkaCluster, "-c", properties)
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("kafka's storage: %w\n%s", err, out)
	}
	return s.start(ctx, exec.Command("java", "-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
		"-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true",
		"-cp", classes, "kafka.Kafka", properties))
}
