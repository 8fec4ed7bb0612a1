package groups

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/kafka"
	"github.com/pawl-registry/pawl/fault"
)

// serve starts a broker in memory.
func serve(t *testing.T) string {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	b, err := broker.Open(t.Context(), broker.Options{Logs: logtest.NewMemory(), Logger: quiet, NodeID: 1})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- kafka.NewServer(b, kafka.Options{Logger: quiet}).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func TestAGroupOfEitherProtocolIsDescribed(t *testing.T) {
	addr := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	open := func(opts ...kgo.Opt) *kgo.Client {
		c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.ClientID("c"))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	adm := kadm.NewClient(open())
	if _, err := adm.CreateTopic(ctx, 2, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	producer := open(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for range 2 {
		if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte("v")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for name, opts := range map[string][]kgo.Opt{"classic": nil, "consumer": {kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer())}} {
		t.Run(name, func(t *testing.T) {
			c := open(append(opts, kgo.ConsumerGroup(name), kgo.ConsumeTopics("t"), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
			records := c.PollFetches(ctx).Records()
			if len(records) == 0 {
				t.Fatal("nothing was read")
			}
			if err := c.CommitRecords(ctx, records[0]); err != nil {
				t.Fatal(err)
			}
			d, err := look(ctx, adm, name)
			if err != nil {
				t.Fatal(err)
			}
			id, _ := c.GroupMetadata()
			want := description{Group: name, State: "Stable", Coordinator: 1, Members: []member{{id, "c", "/127.0.0.1"}}, Offsets: []committed{
				{Topic: "t", Partition: 0, Offset: 1, End: 2, Lag: 1, Member: id}, {Topic: "t", Partition: 1, Offset: -1, Member: id}}}
			if diff := cmp.Diff(want, d); diff != "" {
				t.Errorf("described (-want +got):\n%s", diff)
			}

			to, err := parseTarget("earliest")
			if err != nil {
				t.Fatal(err)
			}
			p := planner{ctx: ctx, adm: adm, group: name}
			if _, err := p.plan(nil, to); !strings.Contains(fault.DetailOf(err), "is Stable: stop its members first") {
				t.Errorf("a group with members may be reset: %v", err)
			}
			r := reset{Group: name, Offsets: []move{{Topic: "t", From: 1, To: 0}}}
			if err := p.execute(&r); err == nil || r.Executed {
				t.Error("the broker takes a reset of a group with members")
			}
			c.Close()
			r, err = p.plan(nil, to)
			if want := []move{{Topic: "t", From: 1, End: 2, Lag: 2}}; err != nil || !cmp.Equal(want, r.Offsets) {
				t.Errorf("planned is %+v, %v", r, err)
			}
			if err := p.execute(&r); err != nil || !r.Executed {
				t.Errorf("not executed: %v", err)
			}
		})
	}
	if _, err := look(ctx, adm, "nowhere"); err == nil {
		t.Error("a group that does not exist is described")
	}
}
