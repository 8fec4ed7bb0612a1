package kafka_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/kafka"
)

// setup is a broker in memory behind a server on a port of its own.
type setup struct {
	broker broker.Options
	server kafka.Options
}

func start(t testing.TB, s setup) (addr string, b *broker.Broker) {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	if s.broker.Logs == nil {
		s.broker.Logs = logtest.NewMemory()
	}
	if s.broker.Logger == nil {
		s.broker.Logger = quiet
	}
	if s.server.Logger == nil {
		s.server.Logger = quiet
	}
	b, err := broker.Open(context.Background(), s.broker)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- kafka.NewServer(b, s.server).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return ln.Addr().String(), b
}

func client(t testing.TB, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr), kgo.RetryTimeout(10 * time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// makeTopic creates a topic and returns an admin client.
func makeTopic(t testing.TB, addr, topic string, partitions int32, configs map[string]*string) *kadm.Client {
	t.Helper()
	admin := kadm.NewClient(client(t, addr))
	if _, err := admin.CreateTopic(deadline(t), partitions, 1, configs, topic); err != nil {
		t.Fatal(err)
	}
	return admin
}

// consume returns the next n records.
func consume(t *testing.T, c *kgo.Client, n int) []*kgo.Record {
	t.Helper()
	var all []*kgo.Record
	for ctx := deadline(t); len(all) < n; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(all), n, err)
		}
		all = append(all, fetches.Records()...)
	}
	return all
}

func TestRecordsComeBackAsTheyWereSent(t *testing.T) {
	addr, _ := start(t, setup{})
	makeTopic(t, addr, "orders", 3, nil)
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			producer := client(t, addr, kgo.DefaultProduceTopic("orders"), kgo.ProducerBatchCompression(codec), kgo.RecordPartitioner(kgo.ManualPartitioner()))
			before, err := kadm.NewClient(producer).ListEndOffsets(deadline(t), "orders")
			if err != nil {
				t.Fatal(err)
			}
			from, _ := before.Lookup("orders", 1)
			consumer := client(t, addr, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"orders": {1: kgo.NewOffset().At(from.Offset)}}))
			const n = 500
			for i := range n {
				r := &kgo.Record{Partition: 1, Key: fmt.Appendf(nil, "key %d", i), Value: bytes.Repeat([]byte{byte(i)}, 100),
					Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}, Timestamp: time.UnixMilli(int64(1_700_000_000_000 + i))}
				producer.Produce(deadline(t), r, func(_ *kgo.Record, err error) {
					if err != nil {
						t.Errorf("record %d: %v", i, err)
					}
				})
			}
			if err := producer.Flush(deadline(t)); err != nil {
				t.Fatal(err)
			}
			for i, r := range consume(t, consumer, n) {
				want := fmt.Sprintf("key %d", i)
				if string(r.Key) != want || len(r.Value) != 100 || r.Value[0] != byte(i) || r.Offset != from.Offset+int64(i) || r.Timestamp.UnixMilli() != int64(1_700_000_000_000+i) || len(r.Headers) != 1 {
					t.Fatalf("record %d is %s at %d", i, r.Key, r.Offset)
				}
			}
		})
	}
}

func TestGroupSharesPartitionsAndResumesWhereItCommitted(t *testing.T) {
	addr, b := start(t, setup{})
	admin := makeTopic(t, addr, "jobs", 4, nil)
	producer := client(t, addr, kgo.DefaultProduceTopic("jobs"), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	send := func(n int) {
		for i := range n {
			if err := producer.ProduceSync(deadline(t), kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(40)
	join := func() *kgo.Client {
		return client(t, addr, kgo.ConsumerGroup("workers"), kgo.ConsumeTopics("jobs"), kgo.DisableAutoCommit(), kgo.HeartbeatInterval(100*time.Millisecond), kgo.FetchMaxWait(200*time.Millisecond), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	}
	first := join()
	consume(t, first, 40)
	if err := first.CommitUncommittedOffsets(deadline(t)); err != nil {
		t.Fatal(err)
	}
	second := join()
	ctx := deadline(t)
	for {
		d, err := b.DescribeGroup("workers")
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Members) == 2 && d.State.String() == "Stable" {
			break
		}
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		first.PollFetches(short)
		second.PollFetches(short)
		cancel()
		if ctx.Err() != nil {
			t.Fatal("the second member never got in")
		}
	}
	first.Close()
	send(8)
	if got := consume(t, second, 8); len(got) != 8 {
		t.Errorf("the second member read %d records, want the 8 after the commit", len(got))
	}
	lags, err := admin.Lag(deadline(t), "workers")
	if err != nil {
		t.Fatal(err)
	}
	if lag := lags["workers"].Lag.Total(); lag != 8 {
		t.Errorf("lag is %d, want 8", lag)
	}
}

func TestEveryVersionOfEveryKeyIsAnswered(t *testing.T) {
	addr, _ := start(t, setup{broker: broker.Options{AutoCreate: true}})
	c := client(t, addr)
	ctx := deadline(t)
	v, err := kadm.NewClient(c).ApiVersions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, broker := range v.Sorted() {
		broker.EachKeySorted(func(key, from, to int16) {
			for version := from; version <= to; version++ {
				t.Run(fmt.Sprintf("%s/%d", kmsg.NameForKey(key), version), func(t *testing.T) { exchange(t, addr, key, version) })
			}
		})
	}
}
