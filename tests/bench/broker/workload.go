package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// workload is something to be done on a topic of its own.
type workload struct {
	name       string
	size       int // of a record's value, in bytes
	partitions int32
	codec      kgo.CompressionCodec
	records    int // how many, in all
	on         func(*server) bool
	twins      bool                                    // on each server twice: as it is, and with topics that validate
	prepare    func(ctx context.Context, j *job) error // not measured
	run        func(ctx context.Context, j *job) error
}

// job is one run of a workload on one server.
type job struct {
	workload
	server *server
	topic  string
	values [][]byte // what records hold, in turn

	acked, read latencies // of paced runs
}

// measurement is what one run gave.
type measurement struct {
	megabytes   float64 // of values, a second
	records     float64 // a second
	cpu         float64 // milliseconds of the server for a megabyte
	client      float64 // milliseconds of this process for a megabyte
	acked, read latencies
}

func (m measurement) String() string {
	text := fmt.Sprintf("%6.0f MB/s %9.0f records/s  server %5.2f ms/MB  client %5.2f", m.megabytes, m.records, m.cpu, m.client)
	if m.acked.any() {
		text += fmt.Sprintf("  acknowledged %s  read %s", m.acked, m.read)
	}
	return text
}

const (
	kibibyte = 1 << 10
	megabyte = 1e6
)

// workloads are all of them, in the order of the report.
func workloads(o options) []workload {
	bytes := o.megabytes * megabyte
	var all []workload
	for _, partitions := range []int32{1, 8} {
		all = append(all, workload{name: fmt.Sprintf("produce 1 KiB, %s", partitioned(partitions)), size: kibibyte, partitions: partitions,
			records: bytes / kibibyte, run: produce})
	}
	for _, partitions := range []int32{1, 8} {
		all = append(all, workload{name: fmt.Sprintf("produce 100 B, %s", partitioned(partitions)), size: 100, partitions: partitions,
			records: bytes / 4 / 100, run: produce})
	}
	for _, partitions := range []int32{1, 8} {
		all = append(all, workload{name: fmt.Sprintf("consume 1 KiB, %s", partitioned(partitions)), size: kibibyte, partitions: partitions,
			records: bytes / kibibyte, prepare: produce, run: consume})
	}
	all = append(all, workload{name: "paced, 20,000 of 1 KiB a second", size: kibibyte, partitions: 1, records: int(o.paced.Seconds() * rate), run: paced})
	return append(all, validations(bytes)...)
}

func partitioned(n int32) string {
	if n == 1 {
		return "1 partition"
	}
	return fmt.Sprintf("%d partitions", n)
}

// measure runs w on s, in a topic that is new before and gone after.
func measure(ctx context.Context, w workload, s *server, round int) (m measurement, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	j := &job{workload: w, server: s, topic: fmt.Sprintf("bench-%d-%d", time.Now().UnixNano(), round), values: text(w.size)}
	remove, err := j.makeTopic(ctx)
	if err != nil {
		return m, err
	}
	defer func() { remove(); settle() }()
	if w.prepare != nil {
		if err := w.prepare(ctx, j); err != nil {
			return m, err
		}
	}
	settle()
	before, err := s.cpu()
	if err != nil {
		return m, err
	}
	own := ownCPU()
	start := time.Now()
	if err := w.run(ctx, j); err != nil {
		return m, err
	}
	took := time.Since(start)
	own = ownCPU() - own
	after, err := s.cpu()
	if err != nil {
		return m, err
	}
	moved := float64(w.records*w.size) / megabyte
	m = measurement{megabytes: moved / took.Seconds(), records: float64(w.records) / took.Seconds(), acked: j.acked, read: j.read}
	m.cpu, m.client = float64((after-before).Milliseconds())/moved, float64(own.Microseconds())/1000/moved
	return m, nil
}

// makeTopic makes the topic of a job, and returns what removes it.
func (j *job) makeTopic(ctx context.Context) (remove func(), err error) {
	c, err := kgo.NewClient(kgo.SeedBrokers(j.server.addr))
	if err != nil {
		return nil, err
	}
	configs := map[string]*string{}
	for name, value := range maps.All(j.server.topic) {
		configs[name] = &value
	}
	a := kadm.NewClient(c)
	made, err := a.CreateTopic(ctx, j.partitions, 1, configs, j.topic)
	if err == nil {
		err = made.Err
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return func() {
		defer c.Close()
		_, _ = a.DeleteTopics(context.WithoutCancel(ctx), j.topic) // if it stays, it takes room and nothing else
	}, nil
}

// client returns a client that writes to and reads from the job's topic.
func (j *job) client(more ...kgo.Opt) (*kgo.Client, error) {
	codec := j.codec
	if codec == (kgo.CompressionCodec{}) {
		codec = kgo.NoCompression()
	}
	opts := []kgo.Opt{kgo.SeedBrokers(j.server.addr), kgo.DefaultProduceTopic(j.topic), kgo.ProducerBatchCompression(codec)}
	return kgo.NewClient(append(opts, more...)...)
}
