package registry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

// gather lets registrations wait while one append is under way, and returns their answers and how many appends it took.
func gather(t *testing.T, prepare func(*registry.Registry), fail error, submissions ...registry.Submission) (answers []string, appends int, reg *registry.Registry) {
	ctx := context.Background()
	gate, opened := make(chan struct{}), false
	store := &flakyStore{Store: storetest.NewMemory()}
	reg = open(t, store, registry.Local)
	prepare(reg)
	store.set(func(ctx context.Context, after registry.Seq, data []byte) error {
		if !opened {
			<-gate
			opened = true
			return store.Store.Append(ctx, after, data)
		}
		appends++
		if fail != nil {
			return fail
		}
		return store.Store.Append(ctx, after, data)
	})
	go func() { _, _ = reg.Register(ctx, registry.Submission{Subject: "first", Text: "first"}) }()
	synctest.Wait()
	answers = make([]string, len(submissions))
	var wg sync.WaitGroup
	for i, s := range submissions {
		wg.Go(func() {
			if v, err := reg.Register(ctx, s); err != nil {
				answers[i] = codeName(err)
			} else {
				answers[i] = showVersion(v)
			}
		})
		synctest.Wait() // so that they wait in this order
	}
	close(gate)
	wg.Wait()
	store.set(nil)
	return answers, appends, reg
}

func codeName(err error) string {
	for _, code := range []error{registry.ErrIncompatible, registry.ErrInvalidSchema, registry.ErrStore, registry.ErrNotPermitted} {
		if errors.Is(err, code) {
			return code.Error()
		}
	}
	return err.Error()
}

func TestRegistrationsThatWaitShareAnAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		prepare := func(reg *registry.Registry) {
			for _, s := range []registry.Submission{{Subject: "old", Text: "x"}, {Subject: "base", Text: "b"}} {
				if _, err := reg.Register(ctx, s); err != nil {
					t.Fatal(err)
				}
			}
		}
		ref := []schema.Reference{{Name: "b", Subject: "base", Version: 1}}
		answers, appends, reg := gather(t, prepare, nil,
			registry.Submission{Subject: "a", Text: "same"},
			registry.Submission{Subject: "b", Text: "same"}, // one content, one ID
			registry.Submission{Subject: "c", Text: "other"},
			registry.Submission{Subject: ":.ctx:a", Text: "same"},          // IDs of another context
			registry.Submission{Subject: "old", Text: "x y"},               // refused beside those that are not
			registry.Submission{Subject: "d", Text: "x"},                   // the ID of what was there before
			registry.Submission{Subject: "r", Text: "@b", References: ref}, // refers to what was there before
			registry.Submission{Subject: "a", Text: "same again?"},         // a second version has to see the first
			registry.Submission{Subject: "a", Text: "same"},                // and what is registered twice is one version
		)
		want := []string{
			`a v1 id=4 WORDS "same"`, `b v1 id=4 WORDS "same"`, `c v1 id=5 WORDS "other"`, `:.ctx:a v1 id=1 WORDS "same"`,
			"incompatible_schema", `d v1 id=1 WORDS "x"`, `r v1 id=6 WORDS "@b" ref=b=base=1`, `a v2 id=7 WORDS "same again?"`, `a v1 id=4 WORDS "same"`,
		}
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if appends != 2 {
			t.Errorf("%d appends, want one, and one for the second version", appends)
		}
		for _, id := range []schema.ID{4, 5, 6} {
			if _, err := reg.ByID(ctx, "", id); err != nil {
				t.Error(err)
			}
		}
		reg.Close()
	})
}

func TestSecondVersionsWaitForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []registry.Submission
		var want []string
		for i := range 4 {
			all = append(all, registry.Submission{Subject: "s", Text: fmt.Sprintf("x%s?", letters(i))})
			want = append(want, fmt.Sprintf("s v%d id=%d WORDS \"x%s?\"", i+1, i+2, letters(i)))
		}
		answers, appends, reg := gather(t, func(*registry.Registry) {}, nil, all...)
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if appends != len(all) {
			t.Errorf("%d appends, want one for each version", appends)
		}
		reg.Close()
	})
}

// What a change of several registrations holds must not depend on itself.
func TestReferencesWaitForTheirTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		prepare := func(reg *registry.Registry) {
			if _, err := reg.SetConfig(ctx, "", registry.ConfigUpdate{Level: registry.Set("none")}); err != nil {
				t.Fatal(err)
			}
			if _, err := reg.Register(ctx, registry.Submission{Subject: "t", Text: "one"}); err != nil {
				t.Fatal(err)
			}
			if _, err := reg.DeleteSubject(ctx, "t", registry.Soft); err != nil {
				t.Fatal(err)
			}
			if err := reg.SetMode(ctx, "user", registry.ModeUpdate{Mode: registry.Import}); err != nil {
				t.Fatal(err)
			}
		}
		// An import may refer to a soft-deleted version, which registering its content again removes unless something refers to it.
		answers, appends, reg := gather(t, prepare, nil,
			registry.Submission{Subject: "user", Text: "@t", ID: 50, References: []schema.Reference{{Name: "t", Subject: "t", Version: 1}}},
			registry.Submission{Subject: "t", Text: "one"},
		)
		want := []string{`user v1 id=50 WORDS "@t" ref=t=t=1`, `t v2 id=1 WORDS "one"`}
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if _, err := reg.Version(ctx, "t", 1, registry.All); err != nil || appends != 2 {
			t.Errorf("the target of a reference: %v, after %d appends", err, appends)
		}
		reg.Close()
	})
}

func TestAFailedAppendFailsAllWhoShareIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers, _, reg := gather(t, func(*registry.Registry) {}, errors.New("disk full"),
			registry.Submission{Subject: "a", Text: "x"},
			registry.Submission{Subject: "first", Text: "first"}, // is there already
			registry.Submission{Subject: "b", Text: "y"},
		)
		want := []string{"store_unavailable", `first v1 id=1 WORDS "first"`, "store_unavailable"}
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		reg.Close()
	})
}

func TestCallersWhoLeaveAreNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		store := &flakyStore{Store: storetest.NewMemory()}
		reg := open(t, store, registry.Local)
		store.set(func(ctx context.Context, after registry.Seq, data []byte) error {
			<-gate
			return store.Store.Append(ctx, after, data)
		})
		go func() { _, _ = reg.Register(context.Background(), registry.Submission{Subject: "a", Text: "x"}) }()
		synctest.Wait()
		ctx, leave := context.WithCancel(context.Background())
		left := make(chan error, 1)
		go func() {
			_, err := reg.Register(ctx, registry.Submission{Subject: "b", Text: "x"})
			left <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, registry.ErrTimeout) {
			t.Errorf("the caller who left got %v", err)
		}
		close(gate)
		synctest.Wait()
		if names, err := reg.Subjects(context.Background(), "", registry.All); err != nil || len(names) != 1 {
			t.Errorf("subjects %v, %v; want a alone", names, err)
		}
		reg.Close()
		reg.Close() // a second time is harmless
	})
}
