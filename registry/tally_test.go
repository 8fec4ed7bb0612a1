package registry_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func TestTalliesFollowEveryChangeAndOutliveARestartAndASnapshot(t *testing.T) {
	store := storetest.NewMemory()
	open := func() *registry.Registry {
		r, err := registry.New(t.Context(), registry.Options{Store: store, Formats: schema.NewFormats(avro.Format)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		return r
	}
	r := open()
	want := func(at string, r *registry.Registry, live, created, deleted int) {
		t.Helper()
		if diff := cmp.Diff(map[string]registry.Tally{"AVRO": {Live: live, Created: created, Deleted: deleted}}, r.Tallies()); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
	}
	for _, s := range []registry.Submission{{Subject: "a", Text: `"int"`}, {Subject: "a", Text: `"long"`}, {Subject: "b", Text: `"int"`}, {Subject: "b", Text: `"int"`}} {
		if _, err := r.Register(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	want("three registered, one of them twice", r, 3, 3, 0)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.DeleteVersion(t.Context(), "a", 1, registry.Soft))
	want("one deleted", r, 2, 3, 1)
	must(r.DeleteVersion(t.Context(), "a", 1, registry.Permanent))
	want("and for good", r, 2, 3, 1)
	must(r.DeleteSubject(t.Context(), "b", registry.Soft))
	want("a subject deleted", r, 1, 3, 2)
	want("replayed", open(), 1, 3, 2)
	if err := r.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	want("compacted", r, 1, 3, 2)
	want("replayed from a snapshot", open(), 1, 2, 1)
}
