package logtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// Fixture is one engine under exam.
type Fixture struct {
	// Engine is new and holds no logs. The exam closes it.
	Engine commitlog.Engine
	// Reopen opens the same logs again after the exam has closed Engine, as after a restart. The exam closes the result.
	Reopen func(t *testing.T) commitlog.Engine
}

// examCase is one question of the exam.
type examCase struct {
	name string
	run  func(t *testing.T, f Fixture)
}

// Run puts a kind of engine through the exam. It calls setup once for each case, with that case's t.
func Run(t *testing.T, setup func(t *testing.T) Fixture) {
	cases := []examCase{
		{"an empty log", examEmpty},
		{"Append sets offset and epoch in place", examAppend},
		{"the batch is not kept by Append", examBatchNotKept},
		{"Read returns whole batches from the one that holds the offset", examReadBoundaries},
		{"Read keeps to maxBytes after the first batch", examReadMaxBytes},
		{"ReadTo reads what Read reads into memory of the size it asked for", examReadTo},
		{"offsets outside the log are out of range", examOutOfRange},
		{"batches with gaps and without records keep their offsets", examSparse},
		{"concurrent appends are ordered and contiguous", examConcurrentAppends},
		{"many logs at once do not mix", examManyLogs},
		{"readers beside writers see each batch once", examTailing},
		{"Find is exact to the record", examFind},
		{"Find looks between the start and the high watermark", examFindTrimmed},
		{"TrimBefore moves the start", examTrim},
		{"TrimBefore survives a restart", examTrimReopen},
		{"Wait wakes for each append", examWait},
		{"Wait ends with its context, and with the log", examWaitEnds},
		{"a closed log answers with ErrClosed and opens again", examCloseLog},
		{"a closed engine answers with ErrClosed", examCloseEngine},
		{"everything survives a restart", examReopen},
		{"Remove is for good", examRemove},
		{"a removed log can be made anew", examRecreate},
		{"bad names are refused", examNames},
		{"segments cover the log", examSegments},
	}
	if compacts(t, setup) {
		cases = append(cases, compactionCases...)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := setup(t)
			t.Cleanup(func() { _ = f.Engine.Close() })
			c.run(t, f)
		})
	}
}

// patience bounds every call that ought to return; nothing is measured against it.
const patience = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, e commitlog.Engine, name string) commitlog.Log {
	t.Helper()
	l, err := e.Open(within(t), name)
	if err != nil {
		t.Fatalf("Open %q: %v", name, err)
	}
	return l
}

// reopen closes e and opens it again.
func reopen(t *testing.T, e commitlog.Engine, f Fixture) commitlog.Engine {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	again := f.Reopen(t)
	t.Cleanup(func() { _ = again.Close() })
	return again
}

// made is a batch of records with the given timestamps; tag is the first byte of each value.
func made(t *testing.T, s batch.Spec, tag byte, timestamps ...int64) batch.Batch {
	t.Helper()
	b, err := batch.Build(nil, s, recordsAt(tag, timestamps...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func recordsAt(tag byte, timestamps ...int64) []batch.Record {
	var rs []batch.Record
	for _, ts := range timestamps {
		rs = append(rs, batch.Record{Timestamp: ts, Value: []byte{tag, 'v', 'a', 'l', 'u', 'e'}})
	}
	return rs
}

func appendTo(t *testing.T, l commitlog.Log, b batch.Batch, d commitlog.Durability) batch.Offset {
	t.Helper()
	base, err := l.Append(within(t), b, d)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return base
}

// fill appends n batches of three records, with Fsync and OS by turns, and returns them as stored.
func fill(t *testing.T, l commitlog.Log, n int) []batch.Batch {
	t.Helper()
	var stored []batch.Batch
	for i := range n {
		b := made(t, batch.Spec{}, byte('a'+i%26), 1000+int64(i), 1001+int64(i), 999)
		appendTo(t, l, b, commitlog.Durability(i%2))
		stored = append(stored, b)
	}
	return stored
}

func readFrom(t *testing.T, l commitlog.Log, from batch.Offset, maxBytes int) []byte {
	t.Helper()
	got, err := l.Read(within(t), nil, from, maxBytes)
	if err != nil {
		t.Fatalf("Read from %d: %v", from, err)
	}
	return got
}

// readAll reads from the start to the high watermark in steps of maxBytes.
func readAll(t *testing.T, l commitlog.Log, maxBytes int) []batch.Batch {
	t.Helper()
	bounds := l.Bounds()
	var all []batch.Batch
	for at := bounds.Start; at < bounds.HighWatermark; {
		bs := cut(t, readFrom(t, l, at, maxBytes))
		if len(bs) == 0 {
			t.Fatalf("Read at %d gave nothing, the high watermark is %d", at, bounds.HighWatermark)
		}
		all = append(all, bs...)
		at = bs[len(bs)-1].NextOffset()
	}
	return all
}

func cut(t *testing.T, b []byte) []batch.Batch {
	t.Helper()
	var all []batch.Batch
	for len(b) > 0 {
		first, rest, err := batch.Open(b)
		if err != nil {
			t.Fatalf("what Read returned does not open: %v", err)
		}
		all, b = append(all, first), rest
	}
	return all
}

func join(bs []batch.Batch) []byte {
	var all []byte
	for _, b := range bs {
		all = append(all, b...)
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantCode(t *testing.T, what string, err, code error) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("%s: got error %v, want %v", what, err, code)
	}
}
