package interop

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

// record is a record as the drivers tell it.
type record struct {
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       *string           `json:"key"`
	Value     *string           `json:"value"`
	Timestamp int64             `json:"timestamp"`
	Headers   map[string]string `json:"headers"`
}

func (r record) place() string { return fmt.Sprintf("%d/%d", r.Partition, r.Offset) }

// each runs a test with every client of another language, side by side.
func each(t *testing.T, run func(t *testing.T, f foreign)) {
	for _, f := range foreigns {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			run(t, f)
		})
	}
}

// patient is a context for tests with clients of other languages, which are slow to start and may have to wait until a silent
// member is given up. Its time runs once their packages are there.
func patient(t *testing.T) context.Context {
	t.Helper()
	provide(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// values makes records of one partition.
func values(partition int32, all ...string) []record {
	var made []record
	for _, v := range all {
		made = append(made, record{Partition: partition, Value: &v})
	}
	return made
}

// texts returns the values of records, by partition and offset.
func texts(all []record) []string {
	slices.SortFunc(all, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	got := make([]string, 0, len(all))
	for _, r := range all {
		if r.Value == nil {
			got = append(got, "<null>")
		} else {
			got = append(got, *r.Value)
		}
	}
	return got
}

// What a client writes with each codec, it reads back whole, and so does another client: keys, values, nulls, headers, order.
func TestForeignClientsProduceAndConsume(t *testing.T) {
	each(t, func(t *testing.T, f foreign) { thereAndBack(t, f, &server) })
}

func thereAndBack(t *testing.T, f foreign, on *place) {
	ctx, name := patient(t), on.topic(t, 2, nil)
	d := f.start(ctx, t, on)
	key, headers := "Schlüssel", map[string]string{"trace": "é1", "empty": ""}
	var want []string
	for _, codec := range f.codecs {
		full, null := "value of "+codec, record{Partition: 1, Key: &key}
		sent := []record{{Partition: 1, Key: &key, Value: &full, Headers: headers}, null}
		d.do(t, "produce", args{"topic": name, "records": sent, "codec": codec}, nil)
		want = append(want, full, "<null>")
	}
	var got []record
	d.do(t, "consume", args{"topic": name, "n": len(want)}, &got)
	if diff := gocmp.Diff(want, texts(got)); diff != "" {
		t.Errorf("produced (-) and consumed (+):\n%s", diff)
	}
	theirs := consumed(ctx, t, on, name, len(want))
	if diff := gocmp.Diff(got, theirs); diff != "" {
		t.Errorf("as %s (-) and franz-go (+) read it:\n%s", f.name, diff)
	}
	for i, r := range theirs {
		if r.Key == nil || *r.Key != key || r.Value != nil && gocmp.Diff(headers, r.Headers) != "" || r.Offset != int64(i) || r.Partition != 1 {
			t.Errorf("record %d: %+v", i, r)
		}
	}
}

// consumed reads n records of partition 1 with kgo, as the drivers tell them.
func consumed(ctx context.Context, t *testing.T, on *place, topic string, n int) []record {
	t.Helper()
	cl := on.kgo(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {1: kgo.NewOffset().AtStart()}}))
	var got []record
	for len(got) < n {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			told := record{Partition: r.Partition, Offset: r.Offset, Key: optional(r.Key), Value: optional(r.Value), Timestamp: r.Timestamp.UnixMilli(), Headers: map[string]string{}}
			for _, h := range r.Headers {
				told.Headers[h.Key] = string(h.Value)
			}
			got = append(got, told)
		})
	}
	return got
}

func optional(b []byte) *string {
	if b == nil {
		return nil
	}
	s := string(b)
	return &s
}
