package broker_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/group"
)

// clocked is a broker over a log in memory whose time a test moves.
type clocked struct {
	t    *testing.T
	now  time.Time
	logs *logtest.Memory
	b    *broker.Broker
}

func newClocked(t *testing.T) *clocked {
	c := &clocked{t: t, now: noon, logs: logtest.NewMemory()}
	c.open()
	return c
}

func (c *clocked) open() {
	c.b = open(c.t, broker.Options{Logs: c.logs, Clock: func() time.Time { return c.now }, CompactionEvery: -1, Group: broker.GroupOptions{OffsetPartitions: 1}})
}

func (c *clocked) restart() {
	c.logs = c.logs.Reopen()
	c.open()
}

// later moves the time and lets compaction look, as it does by itself.
func (c *clocked) later(d time.Duration) {
	c.b.Compact(c.t.Context())
	c.now = c.now.Add(d)
	c.b.Compact(c.t.Context())
}

// put writes a record with the present time; a value of "-" is a tombstone.
func (c *clocked) put(p *broker.Partition, key, value string) {
	c.t.Helper()
	r := batch.Record{Timestamp: c.now.UnixMilli(), Key: []byte(key), Value: []byte(value)}
	if value == "-" {
		r.Value = nil
	}
	b, err := batch.Build(nil, batch.Spec{}, []batch.Record{r})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := produce(c.t, p, b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clocked) want(p *broker.Partition, what string, want ...string) {
	c.t.Helper()
	if diff := cmp.Diff(want, stored(c.t, p)); diff != "" {
		c.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// stored lists the records of a partition as "offset key=value".
func stored(t *testing.T, p *broker.Partition) []string {
	t.Helper()
	var all []string
	bounds, err := p.Bounds()
	if err != nil {
		t.Fatal(err)
	}
	for at := bounds.Start; at < bounds.HighWatermark; {
		data, _, err := p.Read(t.Context(), nil, at, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := batch.Open(data)
		if err != nil {
			t.Fatal(err)
		}
		err = b.Records(1<<20, func(_ int, r batch.Record) bool {
			value := string(r.Value)
			if r.Value == nil {
				value = "-"
			}
			all = append(all, fmt.Sprintf("%d %s=%s", r.Offset, r.Key, value))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		at = b.NextOffset()
	}
	return all
}

func TestSegmentsAreSealedAndCompactedByTheTopicsRules(t *testing.T) {
	whole := []string{"0 k=0", "1 k=1", "2 k=2"}
	last := []string{"2 k=2"}
	tests := []struct {
		name    string
		configs map[string]string
		after   time.Duration
		want    []string
	}{
		{"the active segment is young", nil, time.Hour, whole},
		{"segment.ms", map[string]string{"segment.ms": "3600000"}, time.Hour, last},
		{"segment.ms, not yet", map[string]string{"segment.ms": "3600000"}, time.Hour - time.Millisecond, whole},
		{"by default a week", nil, 7 * 24 * time.Hour, last},
		{"segment.bytes", map[string]string{"segment.bytes": "100"}, time.Minute, last},
		{"min.compaction.lag.ms", map[string]string{"segment.ms": "1000", "min.compaction.lag.ms": "3600001"}, time.Hour, whole},
		{"min.compaction.lag.ms is over", map[string]string{"segment.ms": "1000", "min.compaction.lag.ms": "3600000"}, time.Hour, last},
		{"max.compaction.lag.ms seals and compacts", map[string]string{"max.compaction.lag.ms": "60000", "min.cleanable.dirty.ratio": "1"}, time.Minute, last},
		{"min.cleanable.dirty.ratio", map[string]string{"segment.ms": "1000", "min.cleanable.dirty.ratio": "1"}, time.Hour, whole},
		{"not compacted", map[string]string{"segment.ms": "1000", "cleanup.policy": "delete", "retention.ms": "-1"}, time.Hour, whole},
		{"compacted and deleted", map[string]string{"segment.ms": "1000", "cleanup.policy": "compact,delete"}, time.Hour, last},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClocked(t)
			configs := map[string]string{"cleanup.policy": "compact"}
			for name, value := range tt.configs {
				configs[name] = value
			}
			p := partition(t, create(t, c.b, "t", 1, configs), 0)
			for i := range 3 {
				c.put(p, "k", fmt.Sprint(i))
			}
			c.later(tt.after)
			c.want(p, "records", tt.want...)
		})
	}
}

func TestCompactionWaitsForEnoughNewRecords(t *testing.T) {
	c := newClocked(t)
	p := partition(t, create(t, c.b, "t", 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "1000"}), 0)
	for i := range 8 {
		c.put(p, fmt.Sprint(i), "v")
	}
	c.later(time.Hour)
	c.put(p, "0", "w")
	c.later(time.Hour)
	if got := stored(t, p); len(got) != 9 {
		t.Errorf("an eighth of the log was new, and it was compacted: %v", got)
	}
	for i := range 8 {
		c.put(p, fmt.Sprint(i), "x")
	}
	c.later(time.Hour)
	if got := stored(t, p); len(got) != 8 || got[0] != "9 0=x" {
		t.Errorf("records: %v", got)
	}
}

func TestTombstonesGoWhenTheirTimeIsUp(t *testing.T) {
	c := newClocked(t)
	p := partition(t, create(t, c.b, "t", 1, map[string]string{
		"cleanup.policy": "compact", "segment.ms": "1000", "delete.retention.ms": "3600000", "min.cleanable.dirty.ratio": "0",
	}), 0)
	c.put(p, "a", "1")
	c.put(p, "a", "-")
	c.later(time.Minute)
	c.want(p, "at first", "1 a=-")
	c.put(p, "b", "1")
	c.later(59 * time.Minute)
	c.want(p, "just before", "1 a=-", "2 b=1")
	c.put(p, "b", "2")
	c.later(time.Minute)
	c.want(p, "after", "3 b=2")
}

func TestACompactedAndDeletedTopicIsBoth(t *testing.T) {
	c := newClocked(t)
	p := partition(t, create(t, c.b, "t", 1, map[string]string{"cleanup.policy": "compact,delete", "segment.ms": "1000", "retention.ms": "7200000"}), 0)
	c.put(p, "old", "1")
	c.later(time.Hour)
	c.put(p, "a", "1")
	c.put(p, "a", "2")
	c.later(time.Hour)
	c.b.Retain(t.Context())
	c.want(p, "compacted", "0 old=1", "2 a=2")
	c.now = c.now.Add(time.Minute)
	c.b.Retain(t.Context())
	c.want(p, "deleted", "2 a=2")
}

func TestSegmentsOfOtherTopicsAreSealedByAge(t *testing.T) {
	c := newClocked(t)
	p := partition(t, create(t, c.b, "t", 1, map[string]string{"retention.ms": "3600000", "segment.ms": "60000"}), 0)
	c.put(p, "a", "1")
	for range 3 {
		c.b.Retain(t.Context())
		c.now = c.now.Add(time.Hour)
	}
	if bounds, err := p.Bounds(); err != nil || bounds.Start != 1 {
		t.Errorf("an old record in an active segment stays for ever: %+v, %v", bounds, err)
	}
}

func TestSequencesOutliveCompaction(t *testing.T) {
	c := newClocked(t)
	p := partition(t, create(t, c.b, "t", 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "1000"}), 0)
	sequence := func(first int32) batch.Batch {
		return records(t, batch.Spec{Producer: &batch.Producer{ID: 7, Epoch: 2, BaseSequence: first}}, "a", "b")
	}
	for i := range int32(3) {
		if _, err := produce(t, p, sequence(2*i)); err != nil {
			t.Fatal(err)
		}
	}
	c.put(p, "k", "later")
	c.later(time.Hour)
	c.want(p, "records", "6 k=later")
	if err := c.b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.logs.Remove(t.Context(), "__pawl_producers-0"); err != nil { // the log alone has to tell
		t.Fatal(err)
	}
	c.restart()
	topic, err := c.b.Topic("t")
	if err != nil {
		t.Fatal(err)
	}
	p = partition(t, topic, 0)
	if again, err := produce(t, p, sequence(4)); err != nil || again.Base != 4 {
		t.Errorf("the last batch, again, is at %d, %v", again.Base, err)
	}
	if next, err := produce(t, p, sequence(6)); err != nil || next.Base != 7 {
		t.Errorf("the next batch is at %d, %v", next.Base, err)
	}
}

func TestCommittedOffsetsAreCompacted(t *testing.T) {
	c := newClocked(t)
	create(t, c.b, "t", 3, nil)
	for i := range 50 {
		err := c.b.CommitOffsets(t.Context(), broker.Commit{Group: "g", Generation: -1, Offsets: []broker.Committed{
			{Topic: "t", Partition: int32(i % 3), Offset: group.Offset{Offset: batch.Offset(i)}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.later(8 * 24 * time.Hour)
	topic, err := c.b.Topic(broker.OffsetsTopic)
	if err != nil {
		t.Fatal(err)
	}
	if got := stored(t, partition(t, topic, 0)); len(got) != 3 {
		t.Errorf("%d records are left", len(got))
	}
	c.restart()
	all, err := c.b.Offsets("g")
	if err != nil || len(all) != 3 {
		t.Fatalf("%d offsets, %v", len(all), err)
	}
	for _, o := range all {
		if o.Offset.Offset != batch.Offset([]int{48, 49, 47}[o.Partition]) {
			t.Errorf("partition %d is at %d", o.Partition, o.Offset.Offset)
		}
	}
}

func TestCompactionGoesOnByItselfUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := broker.Open(t.Context(), broker.Options{Logs: logtest.NewMemory(), RetentionEvery: -1, CompactionEvery: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		p := partition(t, create(t, b, "t", 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "60000"}), 0)
		for _, v := range []string{"1", "2"} {
			r, err := batch.Build(nil, batch.Spec{}, []batch.Record{{Timestamp: time.Now().UnixMilli(), Key: []byte("k"), Value: []byte(v)}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := produce(t, p, r); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := stored(t, p); len(got) != 1 || got[0] != "1 k=2" {
			t.Errorf("records: %v", got)
		}
		if err := b.Close(t.Context()); err != nil { // the bubble fails if a goroutine is left
			t.Fatal(err)
		}
	})
}
