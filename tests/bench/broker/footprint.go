package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// manyPartitions and slowClients are what the memory of a server of its own is measured with.
const (
	manyPartitions = 10_000
	slowClients    = 1_000
)

// memory measures the resident memory of a server that has many partitions, and of one that many clients read from too slowly.
func memory(ctx context.Context, o options, w io.Writer) (err error) {
	s, err := pawl(ctx, o, "pawl memory")
	defer func() { err = errors.Join(err, s.stop()) }()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n| resident memory | MB |\n|---|---:|\n")
	if err := s.tell(w, "VmRSS", "started"); err != nil {
		return err
	}
	j := &job{workload: workload{partitions: manyPartitions, size: kibibyte, records: 2 * manyPartitions}, server: s, topic: "many", values: text(kibibyte)}
	if _, err := j.makeTopic(ctx); err != nil {
		return err
	}
	if err := s.tell(w, "VmRSS", fmt.Sprintf("%d partitions made", manyPartitions)); err != nil {
		return err
	}
	if err := touch(ctx, j); err != nil {
		return err
	}
	if err := s.tell(w, "VmRSS", "each of them written to"); err != nil {
		return err
	}
	if err := consume(ctx, j); err != nil {
		return err
	}
	if err := s.tell(w, "VmHWM", "each of them read; the most so far"); err != nil {
		return err
	}
	return slow(ctx, s, w)
}

func (s *server) tell(w io.Writer, line, what string) error {
	n, err := s.memory(line)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "| %s | %.0f |\n", what, float64(n)/megabyte)
	return err
}

// touch writes two records to each partition.
func touch(ctx context.Context, j *job) error {
	c, err := j.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer c.Close()
	var all []*kgo.Record
	for i := range 2 * manyPartitions {
		all = append(all, &kgo.Record{Partition: int32(i % manyPartitions), Value: j.values[i%len(j.values)]})
	}
	return c.ProduceSync(ctx, all...).FirstErr()
}

// slow makes clients ask for everything there is and read nothing of it.
func slow(ctx context.Context, s *server, w io.Writer) error {
	j := &job{workload: workload{partitions: 1, size: kibibyte, records: 64 << 10}, server: s, topic: "slow", values: text(kibibyte)}
	if _, err := j.makeTopic(ctx); err != nil {
		return err
	}
	if err := produce(ctx, j); err != nil {
		return err
	}
	ask := fetchAll("slow")
	for range slowClients {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		for range 4 {
			if _, err := c.Write(ask); err != nil {
				return err
			}
		}
	}
	select {
	case <-time.After(5 * time.Second): // for the server to fill what it will fill
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.tell(w, "VmHWM", fmt.Sprintf("%d clients that asked for 64 MB four times and read nothing; the most so far", slowClients))
}

// fetchAll is a Fetch of a whole topic, as it goes over the wire.
func fetchAll(topic string) []byte {
	req := kmsg.NewPtrFetchRequest()
	req.Version = 11
	req.MaxBytes = 64 << 20
	req.SessionEpoch = -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic = topic
	p := kmsg.NewFetchRequestTopicPartition()
	p.PartitionMaxBytes = 64 << 20
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("slow")).AppendRequest(nil, req, 1)
}
