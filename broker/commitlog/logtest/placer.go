package logtest

import (
	"bytes"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// examReadTo compares ReadTo with Read. The interface is optional: a log without it has nothing to show here.
func examReadTo(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	p, ok := l.(commitlog.Placer)
	if !ok {
		return
	}
	stored := fill(t, l, 5)
	size := len(stored[0])
	for from := range stored[4].NextOffset() {
		for _, maxBytes := range []int{0, 1, size, 2*size + 1, 1 << 20} {
			want := readFrom(t, l, from, maxBytes)
			for at := from; len(want) > 0; {
				got := readTo(t, p, at, min(maxBytes, max(len(want), 1)))
				if len(got) == 0 || !bytes.HasPrefix(want, got) {
					t.Fatalf("ReadTo of %d bytes from %d gave %d bytes; of Read, %d are left", maxBytes, at, len(got), len(want))
				}
				all := cut(t, got)
				at, want = all[len(all)-1].NextOffset(), want[len(got):]
			}
		}
	}
	got, err := p.ReadTo(within(t), 0, 1<<20, func(int) []byte { return nil })
	if got != nil || err != nil {
		t.Errorf("without room, ReadTo gave %d bytes, %v", len(got), err)
	}
	refuse := func(n int) []byte { t.Errorf("room for %d bytes", n); return nil }
	end := l.Bounds().HighWatermark
	if got, err := p.ReadTo(within(t), end, 1<<20, refuse); got != nil || err != nil {
		t.Errorf("at the high watermark, ReadTo gave %d bytes, %v", len(got), err)
	}
	for _, outside := range []batch.Offset{-1, end + 1} {
		_, err := p.ReadTo(within(t), outside, 1<<20, refuse)
		wantCode(t, "ReadTo", err, commitlog.ErrOutOfRange)
	}
}

// readTo brings exactly as much memory as it is asked for, and sees that it is used.
func readTo(t *testing.T, p commitlog.Placer, from batch.Offset, maxBytes int) []byte {
	t.Helper()
	var room []byte
	got, err := p.ReadTo(within(t), from, maxBytes, func(n int) []byte {
		room = make([]byte, n)
		return room[:0]
	})
	if err != nil {
		t.Fatalf("ReadTo of %d bytes from %d: %v", maxBytes, from, err)
	}
	if len(got) > 0 && &got[0] != &room[0] {
		t.Errorf("ReadTo of %d bytes from %d used memory of its own", maxBytes, from)
	}
	return got
}
