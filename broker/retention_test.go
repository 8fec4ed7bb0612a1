package broker_test

import (
	"context"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
)

// sliced is an engine whose logs say that each batch is a segment of its own.
type sliced struct{ commitlog.Engine }

func (e sliced) Open(ctx context.Context, name string) (commitlog.Log, error) {
	log, err := e.Engine.Open(ctx, name)
	return slicedLog{log}, err
}

type slicedLog struct{ commitlog.Log }

func (l slicedLog) Segments() []commitlog.Segment {
	var all []commitlog.Segment
	bounds := l.Bounds()
	for at := bounds.Start; at < bounds.End; {
		data, err := l.Read(context.Background(), nil, at, 1)
		if err != nil {
			panic(err)
		}
		b, _, err := batch.Open(data)
		if err != nil {
			panic(err)
		}
		all = append(all, commitlog.Segment{Base: b.BaseOffset(), Next: b.NextOffset(), Bytes: int64(len(b)), MaxTimestamp: b.MaxTimestamp()})
		at = b.NextOffset()
	}
	return append(all, commitlog.Segment{Base: bounds.End, Next: bounds.End, MaxTimestamp: -1})
}

func TestRetention(t *testing.T) {
	size := len(stampedBatch(t, 0))
	tests := []struct {
		name    string
		configs map[string]string
		want    batch.Offset // of the start, of five batches written a minute apart
	}{
		{"by default nothing that young goes", nil, 0},
		{"by age", map[string]string{"retention.ms": "150000"}, 2},
		{"everything is old", map[string]string{"retention.ms": "0"}, 4},
		{"by size", map[string]string{"retention.bytes": itoa(3 * size), "retention.ms": "-1"}, 2},
		{"by size, a little more", map[string]string{"retention.bytes": itoa(3*size + 1), "retention.ms": "-1"}, 1},
		{"no limits", map[string]string{"retention.bytes": "-1", "retention.ms": "-1"}, 0},
		{"compacted", map[string]string{"retention.ms": "1", "cleanup.policy": "compact"}, 0},
		{"compacted and deleted", map[string]string{"retention.ms": "150000", "cleanup.policy": "compact,delete"}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := noon
			b := open(t, broker.Options{Logs: sliced{logtest.NewMemory()}, Clock: func() time.Time { return now }})
			p := partition(t, create(t, b, "t", 1, tt.configs), 0)
			for range 5 {
				if _, err := produce(t, p, stampedBatch(t, now.UnixMilli())); err != nil {
					t.Fatal(err)
				}
				now = now.Add(time.Minute)
			}
			now = now.Add(-time.Minute)
			b.Retain(t.Context())
			bounds, err := p.Bounds()
			if err != nil || bounds.Start != tt.want {
				t.Errorf("the partition starts at %d, %v; want %d", bounds.Start, err, tt.want)
			}
		})
	}
}

func stampedBatch(t *testing.T, at int64) batch.Batch {
	b, err := batch.Build(nil, batch.Spec{}, []batch.Record{{Timestamp: at, Key: []byte("k"), Value: []byte("v")}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSilentProducersAreForgotten(t *testing.T) {
	now := noon
	b := open(t, broker.Options{Clock: func() time.Time { return now }, ProducerExpiry: time.Hour})
	p := partition(t, create(t, b, "t", 1, nil), 0)
	if _, err := produce(t, p, records(t, batch.Spec{Producer: &batch.Producer{ID: 1, BaseSequence: 0}}, "a")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		b.Retain(t.Context())
		if active, err := p.Producers(t.Context()); err != nil || len(active) != want {
			t.Errorf("%d producers, %v; want %d", len(active), err, want)
		}
		now = now.Add(2 * time.Hour)
	}
}

func TestNewestRecord(t *testing.T) {
	for _, engine := range []commitlog.Engine{logtest.NewMemory(), sliced{logtest.NewMemory()}, plain{logtest.NewMemory()}} {
		p := partition(t, create(t, open(t, broker.Options{Logs: engine}), "t", 1, nil), 0)
		if _, ok, err := p.FindNewest(t.Context()); ok || err != nil {
			t.Errorf("an empty partition has a newest record: %v", err)
		}
		for _, at := range []int64{5, 9, 7} {
			if _, err := produce(t, p, stampedBatch(t, at)); err != nil {
				t.Fatal(err)
			}
		}
		if f, ok, err := p.FindNewest(t.Context()); !ok || err != nil || f.Offset != 1 || f.Timestamp != 9 {
			t.Errorf("the newest is %+v, %v, %v", f, ok, err)
		}
		if _, err := p.DeleteBefore(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		if f, ok, err := p.FindNewest(t.Context()); !ok || err != nil || f.Offset != 2 || f.Timestamp != 7 {
			t.Errorf("after a trim the newest is %+v, %v, %v", f, ok, err)
		}
	}
}

// plain is an engine whose logs do not know their segments.
type plain struct{ commitlog.Engine }

func (e plain) Open(ctx context.Context, name string) (commitlog.Log, error) {
	log, err := e.Engine.Open(ctx, name)
	return struct{ commitlog.Log }{log}, err
}
