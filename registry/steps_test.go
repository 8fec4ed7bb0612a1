package registry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// stepLog notes steps by the request that they belong to.
type stepLog struct {
	mu    sync.Mutex
	begun int
	ended []string
}

type requestKey struct{}

// request returns a context of a request with a name.
func request(name string) context.Context {
	return context.WithValue(context.Background(), requestKey{}, name)
}

func (l *stepLog) trace(ctx context.Context, step string) func(error, ...slog.Attr) {
	name, is := ctx.Value(requestKey{}).(string)
	if !is {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
	return func(err error, about ...slog.Attr) {
		l.mu.Lock()
		defer l.mu.Unlock()
		line := name + ": " + strings.TrimPrefix(step, "registry.")
		for _, a := range about {
			line += fmt.Sprintf(" %s=%v", a.Key[strings.LastIndexByte(a.Key, '.')+1:], a.Value)
		}
		if err != nil {
			line += " failed"
		}
		l.ended = append(l.ended, line)
	}
}

// take returns the steps since it was last called.
func (l *stepLog) take(t *testing.T) []string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun != len(l.ended) {
		t.Errorf("%d steps began and %d ended: %q", l.begun, len(l.ended), l.ended)
	}
	lines := l.ended
	l.begun, l.ended = 0, nil
	return lines
}

func openTraced(t *testing.T, s registry.Store, reads registry.Freshness) (*registry.Registry, *stepLog) {
	t.Helper()
	l := &stepLog{}
	reg, err := registry.New(context.Background(), registry.Options{Store: s, Formats: testFormats, Reads: reads, Trace: l.trace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	return reg, l
}

func TestStepsAreToldOfWhereWorkIsDone(t *testing.T) {
	store := &flakyStore{Store: storetest.NewMemory()}
	reg, log := openTraced(t, store, registry.Current)
	register := func(text string) error {
		_, err := reg.Register(request("r"), registry.Submission{Subject: "s", Text: text})
		return err
	}
	want := func(what string, lines ...string) {
		t.Helper()
		if diff := cmp.Diff(lines, log.take(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if err := register("a"); err != nil {
		t.Fatal(err)
	}
	parsed := "r: parse format=WORDS subject=s bytes=1"
	want("a new schema", "r: catch_up", parsed, "r: check level=BACKWARD versions=0 compatible=true", "r: append registrations=1")
	if err := register("a"); err != nil {
		t.Fatal(err)
	}
	want("a known schema", "r: catch_up")
	if err := register("b"); !errors.Is(err, registry.ErrIncompatible) {
		t.Fatal(err)
	}
	want("an incompatible schema", "r: catch_up", parsed, "r: check level=BACKWARD versions=1 compatible=false")
	if _, err := reg.CompatibilityAll(request("r"), registry.Submission{Subject: "s", Text: "b"}); err != nil {
		t.Fatal(err)
	}
	want("a check", "r: catch_up", "r: check level=BACKWARD versions=1 compatible=false")
	if _, err := reg.DeleteSubject(request("r"), "s", registry.Soft); err != nil {
		t.Fatal(err)
	}
	lines := log.take(t)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "r: append seq=2 bytes=") {
		t.Errorf("a deletion: %q", lines)
	}
	store.set(func(context.Context, registry.Seq, []byte) error { return errors.New("disk on fire") })
	if err := register("c"); !errors.Is(err, registry.ErrStore) {
		t.Fatal(err)
	}
	if lines := log.take(t); !slices.Contains(lines, "r: append registrations=1 failed") {
		t.Errorf("an append that fails: %q", lines)
	}
}

func TestEachRegistrationIsToldOfAnAppendThatIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flakyStore{Store: storetest.NewMemory()}
		reg, log := openTraced(t, store, registry.Local)
		gate := make(chan struct{})
		store.set(func(ctx context.Context, after registry.Seq, data []byte) error {
			<-gate
			return store.Store.Append(ctx, after, data)
		})
		var wg sync.WaitGroup
		for _, name := range []string{"first", "a", "b"} {
			wg.Go(func() {
				if _, err := reg.Register(request(name), registry.Submission{Subject: name, Text: name}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(gate)
		wg.Wait()
		var appends []string
		for _, line := range log.take(t) {
			if strings.Contains(line, "append") {
				appends = append(appends, line)
			}
		}
		if diff := cmp.Diff([]string{"first: append registrations=1", "a: append registrations=2", "b: append registrations=2"}, appends); diff != "" {
			t.Error(diff)
		}
		reg.Close()
	})
}

// The caller of a registration may leave while it is written; the step ends all the same.
func TestAStepOutlivesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flakyStore{Store: storetest.NewMemory()}
		reg, log := openTraced(t, store, registry.Local)
		gate := make(chan struct{})
		store.set(func(ctx context.Context, after registry.Seq, data []byte) error {
			<-gate
			return store.Store.Append(ctx, after, data)
		})
		ctx, leave := context.WithCancel(request("r"))
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			if _, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: "a"}); !errors.Is(err, registry.ErrTimeout) {
				t.Errorf("%v", err)
			}
		}()
		synctest.Wait()
		leave()
		<-gone
		close(gate)
		synctest.Wait()
		if lines := log.take(t); !slices.Contains(lines, "r: append registrations=1") {
			t.Errorf("%q", lines)
		}
		reg.Close()
	})
}
