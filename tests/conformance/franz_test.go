package conformance_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"
)

// The client of franz-go, as its users call it.

func franz(t *testing.T) (*sr.Client, context.Context) {
	t.Helper()
	cl, err := sr.NewClient(sr.URLs(serveValidated(t)))
	if err != nil {
		t.Fatal(err)
	}
	return cl, context.Background()
}

const (
	recordA  = `{"type":"record","name":"A","fields":[]}`
	recordA2 = `{"type":"record","name":"A","fields":[{"name":"f","type":"int","default":0}]}`
	recordA3 = `{"type":"record","name":"A","fields":[{"name":"g","type":"string"}]}`
	recordB  = `{"type":"record","name":"B","fields":[{"name":"a","type":"A"}]}`
)

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func wantNumber(t *testing.T, what string, err error, number int) {
	t.Helper()
	if e, is := errors.AsType[*sr.ResponseError](err); !is || e.ErrorCode != number {
		t.Errorf("%s: error %v, want number %d", what, err, number)
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestFranzRegistersAndReads(t *testing.T) {
	cl, ctx := franz(t)
	a, err := cl.CreateSchema(ctx, "a/b c", sr.Schema{Schema: recordA})
	check(t, "create", err)
	same(t, "created", []any{"a/b c", 1, 1, recordA}, []any{a.Subject, a.Version, a.ID, a.Schema.Schema})
	again, err := cl.CreateSchema(ctx, "a/b c", sr.Schema{Schema: recordA})
	check(t, "create again", err)
	same(t, "created again", a, again)
	found, err := cl.LookupSchema(ctx, "a/b c", sr.Schema{Schema: recordA})
	check(t, "lookup", err)
	same(t, "looked up", a, found)
	byID, err := cl.SchemaByID(ctx, a.ID)
	check(t, "by ID", err)
	same(t, "by ID", recordA, byID.Schema)
	text, err := cl.SchemaTextByID(ctx, a.ID)
	check(t, "text by ID", err)
	same(t, "text by ID", recordA, text)
	byGUID, err := cl.SchemaByGUID(ctx, a.GUID)
	check(t, "by GUID", err)
	same(t, "by GUID", recordA, byGUID.Schema.Schema)
	ids, err := cl.SchemaIDsByGUID(ctx, a.GUID)
	check(t, "IDs by GUID", err)
	same(t, "IDs by GUID", []sr.ContextID{{Context: ".", ID: 1}}, ids)
	_, err = cl.SchemaByID(ctx, 9)
	wantNumber(t, "unknown ID", err, 40403)
	_, err = cl.LookupSchema(ctx, "a/b c", sr.Schema{Schema: `"int"`})
	wantNumber(t, "unknown schema", err, 40403)
	_, err = cl.CreateSchema(ctx, "s", sr.Schema{Schema: "nonsense"})
	wantNumber(t, "no schema", err, 42201)
}

func TestFranzListsSubjectsAndVersions(t *testing.T) {
	cl, ctx := franz(t)
	for _, text := range []string{recordA, recordA2} {
		_, err := cl.CreateSchema(ctx, "s", sr.Schema{Schema: text})
		check(t, "create", err)
	}
	_, err := cl.CreateSchema(ctx, "t", sr.Schema{Schema: "syntax = \"proto3\";\n\nmessage M {}\n", Type: sr.TypeProtobuf})
	check(t, "create Protobuf", err)
	subjects, err := cl.Subjects(ctx)
	check(t, "subjects", err)
	same(t, "subjects", []string{"s", "t"}, subjects)
	versions, err := cl.SubjectVersions(ctx, "s")
	check(t, "versions", err)
	same(t, "versions", []int{1, 2}, versions)
	latest, err := cl.SchemaByVersion(ctx, "s", -1)
	check(t, "latest", err)
	same(t, "latest", []any{2, recordA2}, []any{latest.Version, latest.Schema.Schema})
	all, err := cl.AllSchemas(ctx)
	check(t, "all", err)
	same(t, "all", 3, len(all))
	types, err := cl.SupportedTypes(ctx)
	check(t, "types", err)
	same(t, "types", []sr.SchemaType{sr.TypeAvro, sr.TypeProtobuf, sr.TypeJSON}, types)
	contexts, err := cl.Contexts(ctx)
	check(t, "contexts", err)
	same(t, "contexts", []string{"."}, contexts)
	uses, err := cl.SubjectsByID(ctx, 1)
	check(t, "subjects by ID", err)
	same(t, "subjects by ID", []string{"s"}, uses)
}

func TestFranzFollowsReferences(t *testing.T) {
	cl, ctx := franz(t)
	_, err := cl.CreateSchema(ctx, "a", sr.Schema{Schema: recordA})
	check(t, "create", err)
	refs := []sr.SchemaReference{{Name: "A", Subject: "a", Version: 1}}
	b, err := cl.CreateSchema(ctx, "b", sr.Schema{Schema: recordB, References: refs})
	check(t, "create with a reference", err)
	same(t, "references", refs, b.References)
	by, err := cl.SchemaReferences(ctx, "a", 1)
	check(t, "referenced by", err)
	same(t, "referenced by", []string{"b"}, subjectsOf(by))
	_, err = cl.DeleteSubject(ctx, "a", sr.SoftDelete)
	wantNumber(t, "deletion of what is referred to", err, 42206)
}

func subjectsOf(list []sr.SubjectSchema) []string {
	var names []string
	for _, s := range list {
		names = append(names, s.Subject)
	}
	slices.Sort(names)
	return names
}

func TestFranzDeletes(t *testing.T) {
	cl, ctx := franz(t)
	for _, text := range []string{recordA, recordA2} {
		_, err := cl.CreateSchema(ctx, "s", sr.Schema{Schema: text})
		check(t, "create", err)
	}
	check(t, "delete a version", cl.DeleteSchema(ctx, "s", 1, sr.SoftDelete))
	deleted, err := cl.SubjectVersions(sr.WithParams(ctx, sr.ShowDeleted), "s")
	check(t, "versions with deleted ones", err)
	same(t, "versions with deleted ones", []int{1, 2}, deleted)
	check(t, "delete a version for good", cl.DeleteSchema(ctx, "s", 1, sr.HardDelete))
	gone, err := cl.DeleteSubject(ctx, "s", sr.SoftDelete)
	check(t, "delete the subject", err)
	same(t, "versions deleted", []int{2}, gone)
	gone, err = cl.DeleteSubject(ctx, "s", sr.HardDelete)
	check(t, "delete the subject for good", err)
	same(t, "versions deleted for good", []int{2}, gone)
	_, err = cl.SubjectVersions(ctx, "s")
	wantNumber(t, "versions of nothing", err, 40401)
}

func TestFranzChecksAndSetsCompatibility(t *testing.T) {
	cl, ctx := franz(t)
	_, err := cl.CreateSchema(ctx, "s", sr.Schema{Schema: recordA})
	check(t, "create", err)
	res, err := cl.CheckCompatibility(ctx, "s", -1, sr.Schema{Schema: recordA2})
	check(t, "check", err)
	same(t, "compatible", true, res.Is)
	res, err = cl.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), "s", -2, sr.Schema{Schema: recordA3})
	check(t, "check all", err)
	if res.Is || len(res.Messages) != 4 {
		t.Errorf("incompatible: %+v", res)
	}
	_, err = cl.CreateSchema(ctx, "s", sr.Schema{Schema: recordA3})
	wantNumber(t, "incompatible", err, 40901)
	for _, r := range cl.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatNone}, "s") {
		check(t, "set the level", r.Err)
		same(t, "level set", sr.CompatNone, r.Level)
	}
	levels := cl.Compatibility(ctx, "s", sr.GlobalSubject)
	same(t, "levels", []sr.CompatibilityLevel{sr.CompatNone, sr.CompatBackward}, []sr.CompatibilityLevel{levels[0].Level, levels[1].Level})
	_, err = cl.CreateSchema(ctx, "s", sr.Schema{Schema: recordA3})
	check(t, "create under NONE", err)
	for _, r := range cl.ResetCompatibility(ctx, "s") {
		check(t, "reset the level", r.Err)
	}
	wantNumber(t, "level after the reset", cl.Compatibility(ctx, "s")[0].Err, 40408)
	inForce := cl.Compatibility(sr.WithParams(ctx, sr.DefaultToGlobal), "s")[0]
	check(t, "level in force", inForce.Err)
	same(t, "level in force", sr.CompatBackward, inForce.Level)
}

func TestFranzSetsModes(t *testing.T) {
	cl, ctx := franz(t)
	for _, r := range cl.SetMode(ctx, sr.ModeImport, "s") {
		check(t, "set", r.Err)
	}
	same(t, "mode", sr.ModeImport, cl.Mode(ctx, "s")[0].Mode)
	id, err := cl.RegisterSchema(ctx, "s", sr.Schema{Schema: recordA}, 42, 7)
	check(t, "import", err)
	same(t, "ID imported", 42, id)
	imported, err := cl.SchemaByVersion(ctx, "s", 7)
	check(t, "imported", err)
	same(t, "imported", 42, imported.ID)
	for _, r := range cl.ResetMode(ctx, "s") {
		check(t, "reset", r.Err)
	}
	wantNumber(t, "mode after the reset", cl.Mode(ctx, "s")[0].Err, 40409)
	for _, r := range cl.SetMode(ctx, sr.ModeReadOnly) {
		check(t, "set the global mode", r.Err)
	}
	_, err = cl.CreateSchema(ctx, "s", sr.Schema{Schema: recordA2})
	wantNumber(t, "registration while read-only", err, 42205)
}

func TestFranzInAContext(t *testing.T) {
	cl, ctx := franz(t)
	inC := sr.InContext(ctx, "c")
	// CreateSchema looks for the subject without its context, which no server answers.
	_, err := cl.RegisterSchema(inC, "s", sr.Schema{Schema: recordA}, -1, -1)
	check(t, "register", err)
	subjects, err := cl.Subjects(inC)
	check(t, "subjects", err)
	same(t, "subjects", []string{":.c:s"}, subjects)
	contexts, err := cl.Contexts(ctx)
	check(t, "contexts", err)
	same(t, "contexts", []string{".", ".c"}, contexts)
}
