package registry_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// entries returns what a store holds from its beginning.
func entries(t *testing.T, s registry.Store) (all []registry.Entry) {
	t.Helper()
	if err := s.Read(t.Context(), 0, func(e registry.Entry) error {
		all = append(all, registry.Entry{Seq: e.Seq, Data: append([]byte(nil), e.Data...)})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// A snapshot in many parts gives the same registry as one in a single part, at a start and to a node that runs behind.
func TestASnapshotInPartsIsOneSnapshot(t *testing.T) {
	store := storetest.NewMemory()
	s := newStory(t, registry.Options{Store: store, SnapshotPartBytes: 1})
	for i := range 600 { // more parts than a node reads at a time
		s.play(fmt.Sprintf("register s%d\np%s", i, letters(i)))
	}
	s.play("delete s1")
	s.play(`setconfig s2 {"compatibility":"NONE"}`)
	before := s.everything()
	if err := s.reg.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if parts := entries(t, store); len(parts) < 600 || parts[0].Seq != parts[len(parts)-1].Seq {
		t.Fatalf("the store holds %d entries from %d", len(parts), parts[0].Seq)
	}
	s.open()
	if diff := cmp.Diff(before, s.everything()); diff != "" {
		t.Errorf("(-before +after a start):\n%s", diff)
	}
}

// late is a store whose readers see nothing until it is let go.
type late struct {
	registry.Store
	gate chan struct{}
}

func (l late) Read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) error {
	select {
	case <-l.gate:
		return l.Store.Read(ctx, after, yield)
	default:
		return nil
	}
}

func TestANodeThatIsBehindTakesASnapshotAsAWhole(t *testing.T) {
	store := storetest.NewMemory()
	gate := make(chan struct{})
	behind := newStory(t, registry.Options{Store: late{store.Peer(), gate}})
	s := newStory(t, registry.Options{Store: store, SnapshotPartBytes: 1})
	for i := range 600 {
		s.play(fmt.Sprintf("register s%d\np%s", i, letters(i)))
	}
	if err := s.reg.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(gate)
	if diff := cmp.Diff(s.everything(), behind.everything()); diff != "" {
		t.Errorf("(-one +the one behind):\n%s", diff)
	}
}

// A store that grows far beyond what lives in it is compacted without being asked, and one that does not is left alone.
func TestAStoreIsCompactedWhenItPays(t *testing.T) {
	ctx := t.Context()
	store := storetest.NewMemory()
	reg, err := registry.New(ctx, registry.Options{Store: store, Formats: testFormats, Reads: registry.Local, CompactBytes: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	for i := range 300 { // 50 kB, all of which lives
		if _, err := reg.Register(ctx, registry.Submission{Subject: fmt.Sprint("s", i), Text: "p" + letters(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if first := entries(t, store)[0].Seq; first != 1 {
		t.Errorf("a store that all lives was compacted up to %d", first)
	}
	set := func() {
		for _, mode := range []registry.Mode{registry.ReadOnly, registry.ReadWrite} {
			if err := reg.SetMode(ctx, "s1", registry.ModeUpdate{Mode: mode}); err != nil {
				t.Fatal(err)
			}
		}
	}
	set()
	for entries(t, store)[0].Seq == 1 && t.Context().Err() == nil {
		set()
	}
	if total := len(entries(t, store)); total > 2000 {
		t.Errorf("%d entries were written before the store was compacted", total)
	}
}

// broken is a store that cannot be compacted.
type broken struct {
	*storetest.Memory
	asked chan struct{}
}

func (b broken) Compact(context.Context, registry.Seq, iter.Seq2[[]byte, error]) error {
	select {
	case b.asked <- struct{}{}:
	default:
	}
	return errors.New("no")
}

func TestACompactionThatFailsHarmsNobody(t *testing.T) {
	ctx := t.Context()
	store := broken{storetest.NewMemory(), make(chan struct{}, 1)}
	reg, err := registry.New(ctx, registry.Options{Store: store, Formats: testFormats, Reads: registry.Local, CompactBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	for asked := false; !asked; {
		for _, mode := range []registry.Mode{registry.ReadOnly, registry.ReadWrite} {
			if err := reg.SetMode(ctx, "s", registry.ModeUpdate{Mode: mode}); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-store.asked:
			asked = true
		default:
		}
	}
	if _, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: "p"}); err != nil {
		t.Errorf("after a compaction that failed: %v", err)
	}
}
