package commitlog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"orders-0": true, "a.b_C-12": true, "...": true, "x": true, strings.Repeat("x", 255): true,
		"": false, ".": false, "..": false, "a/b": false, `a\b`: false, "a b": false, "ü": false, "a\n": false, strings.Repeat("x", 256): false,
	} {
		if err := commitlog.CheckName(name); (err == nil) != ok || (err != nil && !errors.Is(err, commitlog.ErrBadName)) {
			t.Errorf("%q: %v, want ok=%v", name, err, ok)
		}
	}
}

func TestFindIn(t *testing.T) {
	rs := []batch.Record{{Timestamp: 50}, {Timestamp: 70}, {Timestamp: 60}}
	build := func(s batch.Spec) batch.Batch {
		s.BaseOffset, s.LeaderEpoch = 10, 3
		b, err := batch.Build(nil, s, rs)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	plain := build(batch.Spec{})
	broken := build(batch.Spec{Codec: batch.Gzip})
	broken[batch.HeaderSize] ^= 0xff
	cases := []struct {
		name string
		b    batch.Batch
		from batch.Offset
		t    int64
		want batch.Offset // -1: none
		at   int64
	}{
		{"the first", plain, 0, 0, 10, 50}, {"exactly", plain, 0, 70, 11, 70}, {"between", plain, 0, 51, 11, 70},
		{"too late", plain, 0, 71, -1, 0}, {"from within", plain, 12, 0, 12, 60}, {"from within, too late", plain, 12, 61, -1, 0},
		{"from behind", plain, 13, 0, -1, 0}, {"compressed", build(batch.Spec{Codec: batch.Zstd}), 0, 60, 11, 70},
		{"append time", build(batch.Spec{TimestampType: batch.LogAppendTime, AppendTime: 99}), 11, 80, 11, 99},
		{"unreadable counts as one record", broken, 0, 55, 10, 70}, {"unreadable, from within", broken, 11, 55, 11, 70},
		{"unreadable, too late", broken, 0, 71, -1, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, ok := commitlog.FindIn(c.b, c.from, c.t)
			if !ok {
				f.Offset = -1
			}
			if f.Offset != c.want || f.Timestamp != c.at || (ok && f.Term != 3) {
				t.Errorf("FindIn gave %+v, %v; want offset %d at %d", f, ok, c.want, c.at)
			}
		})
	}
}
