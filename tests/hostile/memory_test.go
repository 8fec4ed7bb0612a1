package hostile_test

import (
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/tests/product"
)

// Bounds of what a broker takes, in bytes. Fetch responses may take 256 MiB of the latter, and the garbage collector as much as is
// alive at most.
const (
	maxWithManyPartitions = 400 << 20
	maxWithSlowClients    = 600 << 20
)

func TestTenThousandPartitionsTakeLittle(t *testing.T) {
	const partitions = 10_000
	s := product.Start(t, product.Build(t), t.TempDir(), "--flush", "os")
	c := newClient(t, s, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ConsumeTopics("many"))
	if _, err := kadm.NewClient(c).CreateTopic(t.Context(), partitions, 1, nil, "many"); err != nil {
		t.Fatal(err)
	}
	records := make([]*kgo.Record, partitions)
	for i := range records {
		records[i] = &kgo.Record{Topic: "many", Partition: int32(i), Value: []byte("v")}
	}
	if err := c.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	read := map[int32]bool{}
	for len(read) < partitions {
		fetches := c.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) { read[r.Partition] = true })
	}
	wantRSS(t, s, maxWithManyPartitions)
	if files := s.OpenFiles(t); files > partitions/2 {
		t.Errorf("%d files are open; segments should be opened when they are used", files)
	}
}

// Each client asks for a batch of nearly a megabyte again and again, and reads nothing.
func TestAThousandSlowClientsTakeWhatTheyMay(t *testing.T) {
	const clients, requests = 1000, 60
	s := product.Start(t, product.Build(t), t.TempDir(), "--flush", "os")
	c := newClient(t, s, kgo.AllowAutoTopicCreation(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: make([]byte, 900_000)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	var ask []byte
	for range requests {
		ask = append(ask, fetchOf("t")...)
	}
	for range clients {
		nc, err := net.Dial("tcp", s.Brokers)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nc.Close() }()
		if err := nc.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write(ask); err != nil {
			t.Fatal(err)
		}
	}
	// While they wait, the server serves others, and what it takes must not pass the bound at any time.
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); {
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantRSS(t, s, maxWithSlowClients)
	}
}

func newClient(t *testing.T, s *product.Server, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.Brokers))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func wantRSS(t *testing.T, s *product.Server, most int64) {
	t.Helper()
	rss, err := s.RSS()
	if err != nil {
		t.Fatal(err)
	}
	if rss > most {
		t.Fatalf("the server takes %d MiB, want %d at most", rss>>20, most>>20)
	}
}

// fetchOf is a Fetch of the first partition of a topic, as it goes over the wire.
func fetchOf(topic string) []byte {
	r := kmsg.NewPtrFetchRequest()
	r.Version, r.MaxBytes, r.SessionEpoch = 11, 64<<20, -1
	ft := kmsg.NewFetchRequestTopic()
	ft.Topic = topic
	fp := kmsg.NewFetchRequestTopicPartition()
	fp.PartitionMaxBytes = 1 << 20
	ft.Partitions = append(ft.Partitions, fp)
	r.Topics = append(r.Topics, ft)
	return kmsg.NewRequestFormatter().AppendRequest(nil, r, 1)
}
