package demo

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

// limit is how long the whole demo may take.
const limit = 2 * time.Minute

// Command returns `pawl demo`.
func Command(a *cli.App, formats *schema.Formats) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run real records through registry, broker and serdes, and compare them with their source",
		Long: "Start a server in a temporary folder, take every package of Go's standard library as a record, write it as Avro, Protobuf and JSON\n" +
			"through a validating broker, evolve the schemas, read everything with the newer ones, and compare each record with its source.\n" +
			"The exit status is 0 only if not one differs. It needs a Go toolchain for `go list`.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), limit)
			defer cancel()
			d := &demo{app: a, formats: formats, green: a.Colour(a.Out)}
			return d.run(ctx)
		},
	}
}

// demo is one run.
type demo struct {
	app     *cli.App
	formats *schema.Formats
	green   bool // colour what is fine

	packages  []Package
	contracts []contract
	client    *client.Client
	kafka     *kgo.Client
	resolver  *serde.Resolver
}

func (d *demo) run(ctx context.Context) (err error) {
	began := time.Now()
	if d.packages, err = packages(ctx); err != nil {
		return err
	}
	if d.contracts, err = contracts(); err != nil {
		return err
	}
	stop, err := d.start(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := stop(); err == nil {
			err = stopped
		}
	}()
	compared := 0
	for _, c := range d.contracts {
		n, err := d.show(ctx, c)
		if err != nil {
			return err
		}
		compared += n
	}
	d.step("%d records compared with their source (%d formats x %d packages) in %s: %s",
		compared, len(d.contracts), len(d.packages), time.Since(began).Round(time.Millisecond), d.fine("0 differences"))
	return nil
}

// start runs a server on ports of its own over a temporary folder, and connects to it as anybody would.
func (d *demo) start(ctx context.Context) (stop func() error, err error) {
	folder, err := os.MkdirTemp("", "pawl-demo-")
	if err != nil {
		return nil, cli.File(err)
	}
	cfg := serve.Config{
		HTTP: "127.0.0.1:0", Kafka: "127.0.0.1:0", Data: folder, Store: "embedded", Flush: "fsync", Level: "BACKWARD", Partitions: 1, Version: d.app.Version,
	}
	began := time.Now()
	s, err := serve.Start(ctx, cfg, d.formats, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	if err := d.connect(s); err != nil {
		return nil, err
	}
	d.step("server ready in %s: registry http://%s, broker %s, data in %s", took.Round(time.Millisecond), s.HTTP, s.Kafka, folder)
	return func() error {
		d.kafka.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			return err
		}
		return os.RemoveAll(folder)
	}, nil
}

func (d *demo) connect(s *serve.Server) (err error) {
	if d.client, err = client.New(client.Options{URLs: []string{"http://" + s.HTTP}}); err != nil {
		return err
	}
	d.resolver = serde.NewResolver(d.client, d.formats, serde.Options{})
	d.kafka, err = kgo.NewClient(kgo.SeedBrokers(s.Kafka), kgo.ClientID("pawl-demo"), kgo.AllowIdempotentProduceCancellation())
	return err
}

// show takes one format the whole way and returns how many records it compared.
func (d *demo) show(ctx context.Context, c contract) (int, error) {
	id, err := d.register(ctx, c, c.first)
	if err != nil {
		return 0, err
	}
	if err := d.createTopic(ctx, c.topic); err != nil {
		return 0, err
	}
	wrote, err := d.produce(ctx, c)
	if err != nil {
		return 0, err
	}
	d.step("%-8s schema %d registered; %s", c.format, id, wrote)
	if err := d.refuseRecord(ctx, c); err != nil {
		return 0, err
	}
	if err := d.evolve(ctx, c); err != nil {
		return 0, err
	}
	read, err := d.compare(ctx, c)
	if err != nil {
		return 0, err
	}
	d.step("         read back with version 2: %s, %s", read, d.fine("all equal to their source"))
	return read.records, nil
}

func (d *demo) createTopic(ctx context.Context, topic string) error {
	on := "true"
	_, err := kadm.NewClient(d.kafka).CreateTopic(ctx, 2, 1, map[string]*string{"confluent.value.schema.validation": &on}, topic)
	if err != nil {
		return cli.Refused(err, "create topic %q", topic)
	}
	return nil
}

// step tells what was done. If nobody reads it, the exit status still says how it ended.
func (d *demo) step(format string, args ...any) { _, _ = fmt.Fprintf(d.app.Out, format+"\n", args...) }

func (d *demo) fine(text string) string {
	if d.green {
		return "\x1b[32m" + text + "\x1b[0m"
	}
	return text
}

// wrong is the outcome that the demo exists to rule out.
func wrong(format string, args ...any) error {
	return fault.New(cli.ErrFindings, "pawl demo", format, args...)
}
