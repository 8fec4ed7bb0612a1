package batch_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker/batch"
)

// FuzzOpen feeds arbitrary bytes, once as they are and once with the checksum made right.
func FuzzOpen(f *testing.F) {
	for _, c := range codecs {
		f.Add([]byte(build(f, batch.Spec{Codec: c}, records(3))))
	}
	f.Add([]byte(repack(build(f, batch.Spec{}, records(3)), batch.Snappy, xerial([]byte("abc"), 2))))
	f.Fuzz(func(t *testing.T, in []byte) {
		check(t, bytes.Clone(in))
		if size, err := batch.SizeOf(in); err == nil && size <= int64(len(in)) {
			check(t, reseal(bytes.Clone(in[:size])))
		}
	})
}

// check demands that whatever opens can be walked within its bounds, and that records which read well can be built again.
func check(t *testing.T, in []byte) {
	b, rest, err := batch.Open(in)
	if err != nil {
		return
	}
	if len(b)+len(rest) != len(in) || b.LastOffset() < b.BaseOffset() {
		t.Fatalf("%d + %d bytes of %d", len(b), len(rest), len(in))
	}
	const bound = 1 << 20
	n, last := 0, b.BaseOffset()-1
	err = b.Records(bound, func(i int, r batch.Record) bool {
		if i != n || r.Offset <= last || r.Offset > b.LastOffset() {
			t.Fatalf("record %d at %d after %d", i, r.Offset, last)
		}
		n, last = n+1, r.Offset
		return true
	})
	if err != nil {
		return
	}
	if n != b.Count() {
		t.Fatalf("%d records, the header says %d", n, b.Count())
	}
	kept, err := b.Retain(nil, bound, func(int, batch.Record) bool { return true })
	if err != nil {
		t.Fatalf("Retain: %v", err)
	}
	again, _, err := batch.Open(kept)
	if err != nil {
		t.Fatalf("Open of a rebuilt batch: %v", err)
	}
	if diff := cmp.Diff(collect(t, b), collect(t, again)); diff != "" {
		t.Fatalf("rebuilt records differ:\n%s", diff)
	}
}
