package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

func open(t testing.TB, s registry.Store, reads registry.Freshness) *registry.Registry {
	t.Helper()
	reg, err := registry.New(context.Background(), registry.Options{Store: s, Formats: testFormats, Reads: reads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	return reg
}

// Many writers on several nodes of one store: no ID twice, nothing lost, and the same schema has one version everywhere.
func TestConcurrentRegistration(t *testing.T) {
	for _, reads := range []registry.Freshness{registry.Current, registry.Local} {
		t.Run(fmt.Sprint("reads ", reads), func(t *testing.T) { concurrentRegistration(t, reads) })
	}
}

func concurrentRegistration(t *testing.T, reads registry.Freshness) {
	const nodes, writers, each = 3, 4, 15
	ctx, store := context.Background(), storetest.NewMemory()
	var regs []*registry.Registry
	for range nodes {
		regs = append(regs, open(t, store.Peer(), reads))
	}
	var mu sync.Mutex
	ids := map[string]map[schema.ID]bool{} // by text
	var wg sync.WaitGroup
	for n, reg := range regs {
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					for _, s := range []registry.Submission{
						{Subject: "shared", Text: fmt.Sprintf("same%s?", letters(i))},                                   // all write this
						{Subject: fmt.Sprintf("own-%d-%d", n, w), Text: fmt.Sprintf("own%s?", letters(n*1000+w*100+i))}, // one does
					} {
						v, err := reg.Register(ctx, s)
						if err != nil {
							t.Errorf("Register %s: %v", s.Text, err)
							return
						}
						mu.Lock()
						if ids[s.Text] == nil {
							ids[s.Text] = map[schema.ID]bool{}
						}
						ids[s.Text][v.ID] = true
						mu.Unlock()
					}
				}
			})
		}
	}
	wg.Wait()
	seen := map[schema.ID]string{}
	for text, set := range ids {
		if len(set) != 1 {
			t.Errorf("%s has IDs %v", text, set)
		}
		for id := range set {
			if other, twice := seen[id]; twice {
				t.Errorf("ID %d given to %q and %q", id, other, text)
			}
			seen[id] = text
		}
	}
	want := make([]int, each)
	for i := range want {
		want[i] = i + 1
	}
	for i, reg := range regs {
		if err := reg.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		got, err := reg.Versions(ctx, "shared", registry.Live)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("node %d: versions %v, %v; want %v", i, got, err, want)
		}
		all, err := reg.List(ctx, registry.Selection{Prefix: "own-"})
		if err != nil || len(all) != nodes*writers*each {
			t.Errorf("node %d: %d versions of own subjects, %v; want %d", i, len(all), err, nodes*writers*each)
		}
	}
}

// letters spells a number in lower-case letters.
func letters(n int) string {
	out := []byte(fmt.Sprint(n))
	for i := range out {
		out[i] += 'a' - '0'
	}
	return string(out)
}

// Check and write are one act: of two incompatible schemas that race for an empty subject, one loses.
func TestRaceOfIncompatibleSchemas(t *testing.T) {
	ctx, store := context.Background(), storetest.NewMemory()
	a, b := open(t, store.Peer(), registry.Local), open(t, store.Peer(), registry.Local)
	for i := range 50 {
		subject := fmt.Sprintf("s%d", i)
		var errs [2]error
		var wg sync.WaitGroup
		for j, reg := range []*registry.Registry{a, b} {
			wg.Go(func() {
				_, errs[j] = reg.Register(ctx, registry.Submission{Subject: subject, Text: []string{"left", "right"}[j]})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: both ended alike: %v, %v", i, errs[0], errs[1])
		}
		if err := errors.Join(errs[:]...); !errors.Is(err, registry.ErrIncompatible) {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

// A node that answers from what it knows learns of other nodes' writes without being asked.
func TestFollowerAppliesTheWritesOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, store := context.Background(), storetest.NewMemory()
		writer, reader := open(t, store.Peer(), registry.Local), open(t, store.Peer(), registry.Local)
		if _, err := writer.Register(ctx, registry.Submission{Subject: "s", Text: "x"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if v, err := reader.Version(ctx, "s", registry.Latest, registry.Live); err != nil || v.ID != 1 {
			t.Errorf("the other node answers %v, %v", v, err)
		}
		writer.Close()
		reader.Close()
	})
}

// Current reads see what another node finished before they began; refusals are never made on old knowledge.
func TestCurrentReadsAndRefusals(t *testing.T) {
	ctx, store := context.Background(), &deafStore{Store: storetest.NewMemory()}
	writer := open(t, store, registry.Local)
	current, local := open(t, store, registry.Current), open(t, store, registry.Local)
	if _, err := writer.Register(ctx, registry.Submission{Subject: "s", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := current.Version(ctx, "s", 1, registry.Live); err != nil {
		t.Errorf("a current read missed a finished write: %v", err)
	}
	if _, err := current.ByID(ctx, "", 1); err != nil {
		t.Errorf("a current read by ID missed a finished write: %v", err)
	}
	if _, err := local.Version(ctx, "s", 1, registry.Live); !errors.Is(err, registry.ErrSubjectNotFound) {
		t.Errorf("a local read of a node that heard nothing: %v", err)
	}
	if _, err := local.DeleteSubject(ctx, "s", registry.Soft); err != nil {
		t.Errorf("a deletion was refused on old knowledge: %v", err)
	}
}

// What cannot change is answered without the store; what can is not.
func TestReadsOfWhatIsKnownNeedNoStore(t *testing.T) {
	ctx, store := context.Background(), &brokenStore{Store: storetest.NewMemory()}
	reg := open(t, store, registry.Current)
	for _, text := range []string{"x", "x y?"} {
		if _, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reg.DeleteVersion(ctx, "s", 1, registry.Soft); err != nil {
		t.Fatal(err)
	}
	store.down.Store(true)
	if v, err := reg.Version(ctx, "s", 2, registry.Live); err != nil || v.Number != 2 {
		t.Errorf("by number: %v, %v", v, err)
	}
	if v, err := reg.ByID(ctx, "", 2); err != nil || v.Number != 2 {
		t.Errorf("by ID: %v, %v", v, err)
	}
	for name, version := range map[string]int{"latest": registry.Latest, "deleted": 1, "unknown": 3} {
		if v, err := reg.Version(ctx, "s", version, registry.All); !errors.Is(err, registry.ErrStore) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

// deafStore never tells that anything is new.
type deafStore struct{ registry.Store }

func (*deafStore) Wait(ctx context.Context, _ registry.Seq) error {
	<-ctx.Done()
	return ctx.Err()
}

// flakyStore fails as it is told to.
type flakyStore struct {
	registry.Store
	mu     sync.Mutex
	append func(ctx context.Context, after registry.Seq, data []byte) error
}

func (s *flakyStore) Append(ctx context.Context, after registry.Seq, data []byte) error {
	s.mu.Lock()
	f := s.append
	s.mu.Unlock()
	if f != nil {
		return f(ctx, after, data)
	}
	return s.Store.Append(ctx, after, data)
}

func (s *flakyStore) set(f func(context.Context, registry.Seq, []byte) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.append = f
}

func TestFailuresOfTheStore(t *testing.T) {
	ctx := context.Background()
	store := &flakyStore{Store: storetest.NewMemory()}
	reg := open(t, store, registry.Local)
	submit := func(text string) error {
		_, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: text})
		return err
	}
	store.set(func(context.Context, registry.Seq, []byte) error { return errors.New("disk on fire") })
	if err := submit("a?"); !errors.Is(err, registry.ErrStore) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a failing store gives %v", err)
	}
	store.set(func(ctx context.Context, after registry.Seq, data []byte) error {
		if err := store.Store.Append(ctx, after, data); err != nil {
			return err
		}
		return errors.New("the answer was lost")
	})
	if err := submit("b?"); !errors.Is(err, registry.ErrStore) {
		t.Errorf("a lost answer gives %v", err)
	}
	store.set(nil)
	if err := submit("b?"); err != nil {
		t.Errorf("after a lost answer: %v", err)
	}
	if got, err := reg.Versions(ctx, "s", registry.All); err != nil || len(got) != 1 {
		t.Errorf("what was written before the answer was lost is there once: got %v, %v", got, err)
	}
	store.set(func(context.Context, registry.Seq, []byte) error {
		return fault.New(registry.ErrStale, "test", "always")
	})
	if err := submit("c?"); !errors.Is(err, registry.ErrTimeout) {
		t.Errorf("a store that is always stale gives %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := reg.Register(canceled, registry.Submission{Subject: "s", Text: "d?"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a call whose context ended gives %v", err)
	}
	reg.Close()
	store.set(nil)
	if err := submit("e?"); !errors.Is(err, registry.ErrClosed) {
		t.Errorf("a closed registry gives %v", err)
	}
}

// A snapshot in place of the changes is the same registry, for nodes that start later and for those that run.
func TestCompactionChangesNothing(t *testing.T) {
	ctx, store := context.Background(), storetest.NewMemory()
	s := newStory(t, registry.Options{Store: store})
	for _, block := range []string{
		"register a\nx", "register a\nx y?", "delete a version=1", "register :.ctx:b refs=a=:.:a=2\n@a", "register :.gone:c\nx",
		"delete :.gone:c", "delete :.gone:c permanent", "setconfig a {\"compatibility\":\"NONE\"}", "setmode :.ctx: READONLY",
		"setmode m IMPORT", "register m id=40 version=3\nz", "register m id=41 version=4\nz", "setconfig \"\" {\"normalize\":true}",
	} {
		s.play(block)
	}
	before := s.everything()
	if err := s.reg.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := store.Read(ctx, 0, func(registry.Entry) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("the store holds %d changes after a compaction, %v", n, err)
	}
	s.open()
	if diff := cmp.Diff(before, s.everything()); diff != "" {
		t.Errorf("(-before +after compaction and restart):\n%s", diff)
	}
	if got := s.play("register fresh\nz"); got != "register fresh\nz\n----\nfresh v1 id=41 WORDS \"z\"" {
		t.Errorf("the ID written last is forgotten: %s", got)
	}
	if got := s.play("register fresh\nq?"); got == "" || s.play("maxid") != "maxid\n----\n42" {
		t.Errorf("IDs do not go on after a compaction: %s, %s", got, s.play("maxid"))
	}
}

// A node whose store fails for a while catches up when it is back, and says meanwhile that it is not ready.
func TestFollowerOutlivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, store := context.Background(), storetest.NewMemory()
		writer := open(t, store.Peer(), registry.Local)
		broken := &brokenStore{Store: store.Peer()}
		reader := open(t, broken, registry.Local)
		broken.down.Store(true)
		for _, text := range []string{"x", "x y?"} {
			if _, err := writer.Register(ctx, registry.Submission{Subject: "s", Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if err := reader.Ready(ctx); !errors.Is(err, registry.ErrStore) {
			t.Errorf("Ready over a failing store gives %v", err)
		}
		if _, err := reader.DeleteSubject(ctx, "s", registry.Soft); !errors.Is(err, registry.ErrStore) {
			t.Errorf("a refusal that cannot be checked gives %v", err)
		}
		broken.down.Store(false)
		time.Sleep(time.Minute) // of the bubble: longer than any pause of the follower
		synctest.Wait()
		if got, err := reader.Versions(ctx, "s", registry.Live); err != nil || len(got) != 2 {
			t.Errorf("after the failure: %v, %v", got, err)
		}
		if err := reader.Ready(ctx); err != nil {
			t.Errorf("Ready gives %v", err)
		}
		writer.Close()
		reader.Close()
		if err := reader.Ready(ctx); !errors.Is(err, registry.ErrClosed) {
			t.Errorf("Ready after Close gives %v", err)
		}
	})
}

// brokenStore answers nothing while it is down.
type brokenStore struct {
	registry.Store
	down atomic.Bool
}

var errDown = errors.New("connection refused")

func (s *brokenStore) Read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) error {
	if s.down.Load() {
		return errDown
	}
	return s.Store.Read(ctx, after, yield)
}
