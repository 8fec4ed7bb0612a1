package broker_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
)

func TestLagIsSummedByGroupAndTopicAndBounded(t *testing.T) {
	b := open(t, broker.Options{})
	topic, other := create(t, b, "t", 3, nil), create(t, b, "u", 1, nil)
	for _, p := range []*broker.Partition{partition(t, topic, 0), partition(t, topic, 1), partition(t, topic, 2), partition(t, other, 0)} {
		if _, err := produce(t, p, records(t, batch.Spec{}, "a", "b", "c")); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(id, topic string, offsets ...batch.Offset) {
		c := broker.Commit{Group: id, Generation: -1}
		for i, o := range offsets {
			c.Offsets = append(c.Offsets, broker.Committed{Topic: topic, Partition: int32(i), Offset: group.Offset{Offset: o}})
		}
		wantCode(t, b.CommitOffsets(t.Context(), c), nil)
	}
	commit("b", "t", 1, 3)
	commit("b", "u", 0)
	commit("a", "t", 2, 2, 2)
	commit("*", "u", 9) // beyond the end
	want := []broker.Lag{{"*", "u", 0}, {"a", "t", 3}, {"b", "t", 2}, {"b", "u", 3}}
	if diff := cmp.Diff(want, b.Lags(4)); diff != "" {
		t.Errorf("lags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(want[:2:2], broker.Lag{Group: "*", Topic: "*", Offsets: 5}), b.Lags(2)); diff != "" {
		t.Errorf("lags, bounded (-want +got):\n%s", diff)
	}
	if _, err := partition(t, topic, 0).DeleteBefore(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if got := b.Lags(10)[2]; got.Offsets != 0 {
		t.Errorf("records that are gone count: %+v", got)
	}
	wantCode(t, b.DeleteTopic(t.Context(), other), nil)
	if got := b.Lags(10); len(got) != 2 {
		t.Errorf("the offsets of a deleted topic count: %+v", got)
	}
}
