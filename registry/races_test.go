package registry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

// race runs functions at the same time and waits for all of them.
func race(all ...func()) {
	var wg sync.WaitGroup
	for _, f := range all {
		wg.Go(f)
	}
	wg.Wait()
}

// pair opens two nodes on one store.
func pair(t *testing.T) (a, b *registry.Registry) {
	t.Helper()
	store := storetest.NewMemory()
	return open(t, store.Peer(), registry.Local), open(t, store.Peer(), registry.Local)
}

// soundness fails the test unless the state that two nodes show is sound, and the same.
func soundness(t *testing.T, nodes ...*registry.Registry) {
	t.Helper()
	for _, reg := range nodes {
		if err := reg.Ready(context.Background()); err != nil {
			t.Fatal(err)
		}
		s := &story{reg: reg}
		for _, flaw := range s.flaws() {
			t.Error(flaw)
		}
	}
}

// A version is deleted while another comes to refer to it: one of the two is refused, whatever the order.
func TestRaceOfAReferenceAndADeletion(t *testing.T) {
	ctx := context.Background()
	a, b := pair(t)
	kept, deleted := 0, 0
	for i := range 60 {
		base, user := fmt.Sprint("base-", i), fmt.Sprint("user-", i)
		if _, err := a.Register(ctx, registry.Submission{Subject: base, Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if err := b.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		var registered, removed error
		race(func() {
			_, registered = a.Register(ctx, registry.Submission{Subject: user, Text: "@n y", References: []schema.Reference{{Name: "n", Subject: base, Version: 1}}})
		}, func() {
			if _, removed = b.DeleteVersion(ctx, base, 1, registry.Soft); removed == nil {
				_, removed = b.DeleteVersion(ctx, base, 1, registry.Permanent)
			}
		})
		switch {
		case registered == nil && errors.Is(removed, registry.ErrReferenceExists):
			kept++
		case errors.Is(registered, registry.ErrInvalidSchema) && removed == nil:
			deleted++
		default:
			t.Fatalf("round %d: the registration ended with %v, the deletion with %v", i, registered, removed)
		}
	}
	t.Logf("%d references came first, %d deletions", kept, deleted)
	soundness(t, a, b)
}

// The only other use of a schema is removed for good while it is registered anew: the ID that was acknowledged is there.
func TestRaceOfARegistrationAndAPermanentDeletion(t *testing.T) {
	ctx := context.Background()
	a, b := pair(t)
	again, fresh := 0, 0
	for i := range 60 {
		text := "c" + letters(i)
		first, err := a.Register(ctx, registry.Submission{Subject: fmt.Sprint("old-", i), Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		var got registry.Version
		var registered, removed error
		race(func() {
			got, registered = a.Register(ctx, registry.Submission{Subject: fmt.Sprint("new-", i), Text: text})
		}, func() {
			if _, removed = b.DeleteSubject(ctx, fmt.Sprint("old-", i), registry.Soft); removed == nil {
				_, removed = b.DeleteSubject(ctx, fmt.Sprint("old-", i), registry.Permanent)
			}
		})
		if registered != nil || removed != nil {
			t.Fatalf("round %d: %v, %v", i, registered, removed)
		}
		if got.ID == first.ID {
			again++
		} else {
			fresh++
		}
		for n, reg := range []*registry.Registry{a, b} {
			if err := reg.Ready(ctx); err != nil {
				t.Fatal(err)
			}
			if v, err := reg.ByID(ctx, "", got.ID); err != nil || v.Text != text {
				t.Fatalf("round %d: node %d gives %v, %v for the ID %d that was acknowledged", i, n, v, err, got.ID)
			}
		}
	}
	t.Logf("%d registrations took the ID that was there, %d a new one", again, fresh)
	soundness(t, a, b)
}

// Imports give IDs of their own choice beside registrations that take the next one: registrations go on, and no ID has two
// contents.
func TestRaceOfImportsAndRegistrations(t *testing.T) {
	const rounds = 60
	ctx := context.Background()
	a, b := pair(t)
	if err := a.SetMode(ctx, "imported", registry.ModeUpdate{Mode: registry.Import}); err != nil {
		t.Fatal(err)
	}
	if err := b.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	imported, refused := 0, 0
	race(func() {
		for i := range rounds {
			if _, err := a.Register(ctx, registry.Submission{Subject: fmt.Sprint("own-", i), Text: "r" + letters(i)}); err != nil {
				t.Errorf("registration %d: %v", i, err)
			}
		}
	}, func() {
		for i := range rounds {
			last, err := b.MaxID(ctx, "")
			if err != nil {
				t.Error(err)
			}
			s := registry.Submission{Subject: "imported", Text: "i" + letters(i), Version: i + 1, ID: last + 1 + schema.ID(i%3)}
			switch _, err := b.Register(ctx, s); {
			case err == nil:
				imported++
			case errors.Is(err, registry.ErrNotPermitted): // the ID was given away meanwhile
				refused++
			default:
				t.Errorf("import %d: %v", i, err)
			}
		}
	})
	t.Logf("%d imports, %d refused", imported, refused)
	for i, reg := range []*registry.Registry{a, b} {
		v, err := reg.Register(ctx, registry.Submission{Subject: fmt.Sprint("after-", i), Text: "after" + letters(i)})
		if err != nil {
			t.Fatalf("node %d registers nothing any more: %v", i, err)
		}
		if last, err := reg.MaxID(ctx, ""); err != nil || last != v.ID {
			t.Errorf("node %d gave the ID %d, the last is %d, %v", i, v.ID, last, err)
		}
	}
	soundness(t, a, b)
}
