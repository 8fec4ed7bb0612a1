package conformance_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// The module's own client against its own server: they read the contract alike.

func ours(t *testing.T) (*client.Client, context.Context) {
	t.Helper()
	c, err := client.New(client.Options{URLs: []string{serveValidated(t)}, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c, context.Background()
}

func wantCode(t *testing.T, what string, err error, code *fault.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("%s: error %v, want %v", what, err, code)
	}
}

func TestClientServesSerdes(t *testing.T) {
	c, ctx := ours(t)
	for _, subject := range []string{"a/b %2F+c", ":.c:s", ""} {
		a, err := c.Register(ctx, subject, schema.Unregistered{Text: recordA})
		check(t, "register", err)
		same(t, "registered", []any{subject, 1, recordA}, []any{a.Subject, a.Version, a.Text})
		for what, ask := range map[string]func() (schema.Registered, error){
			"lookup":  func() (schema.Registered, error) { return c.Lookup(ctx, subject, schema.Unregistered{Text: recordA}) },
			"latest":  func() (schema.Registered, error) { return c.Latest(ctx, subject) },
			"version": func() (schema.Registered, error) { return c.Version(ctx, subject, 1) },
		} {
			got, err := ask()
			check(t, what, err)
			same(t, what, a, got)
		}
		byID, err := c.ByID(ctx, subject, a.ID)
		check(t, "by ID", err)
		same(t, "by ID", []any{a.Text, a.GUID}, []any{byID.Text, byID.GUID})
		has, err := c.Has(ctx, subject, a.ID)
		check(t, "has", err)
		same(t, "has", true, has)
		has, err = c.Has(ctx, subject, a.ID+100)
		check(t, "has not", err)
		same(t, "has not", false, has)
	}
	_, err := c.Latest(ctx, "none")
	wantCode(t, "latest of nothing", err, client.ErrSubjectNotFound)
	_, err = c.Register(ctx, "s", schema.Unregistered{Text: "nonsense"})
	wantCode(t, "no schema", err, schema.ErrInvalid)
}

// A reference of a schema in a context can be asked for as the client gives it.
func TestClientQualifiesReferences(t *testing.T) {
	c, ctx := ours(t)
	_, err := c.Register(ctx, ":.c:a", schema.Unregistered{Text: recordA})
	check(t, "register", err)
	refs := []schema.Reference{{Name: "A", Subject: "a", Version: 1}}
	b, err := c.Register(ctx, ":.c:b", schema.Unregistered{Text: recordB, References: refs})
	check(t, "register with a reference", err)
	same(t, "references", []schema.Reference{{Name: "A", Subject: ":.c:a", Version: 1}}, b.References)
	a, err := c.Version(ctx, b.References[0].Subject, b.References[0].Version)
	check(t, "the reference", err)
	same(t, "the reference", recordA, a.Text)
}

func TestClientManages(t *testing.T) {
	c, ctx := ours(t)
	_, err := c.RegisterSchema(ctx, "s", openapi.SchemaRequest{Schema: recordA}, client.WriteOptions{})
	check(t, "register", err)
	v, err := c.Check(ctx, "s", client.Latest, openapi.SchemaRequest{Schema: recordA3}, client.WriteOptions{})
	check(t, "check", err)
	if v.Compatible || len(v.Messages) != 4 {
		t.Errorf("verdict %+v", v)
	}
	v, err = c.Check(ctx, "s", client.AllVersions, openapi.SchemaRequest{Schema: "nonsense"}, client.WriteOptions{})
	check(t, "check nonsense", err)
	if v.Compatible || len(v.Messages) != 1 {
		t.Errorf("verdict on nonsense %+v", v)
	}
	_, err = c.RegisterSchema(ctx, "s", openapi.SchemaRequest{Schema: recordA3}, client.WriteOptions{})
	wantCode(t, "incompatible", err, client.ErrIncompatible)
	no := false
	cfg, err := c.SetConfig(ctx, "s", client.ConfigChange{Set: openapi.Config{CompatibilityLevel: "NONE", CompatibilityGroup: "g", Normalize: &no}})
	check(t, "set config", err)
	same(t, "config", openapi.Config{CompatibilityLevel: "NONE", CompatibilityGroup: "g", Normalize: &no}, cfg)
	cfg, err = c.SetConfig(ctx, "s", client.ConfigChange{Clear: []string{"compatibilityGroup", "compatibilityLevel"}})
	check(t, "clear config", err)
	same(t, "cleared config", openapi.Config{Normalize: &no}, cfg)
	_, err = c.DeleteConfig(ctx, "s")
	check(t, "delete config", err)
	_, err = c.Config(ctx, "s", client.Stored)
	wantCode(t, "no config", err, client.ErrNoSubjectConfig)
	check(t, "set mode", c.SetMode(ctx, "s", client.ModeChange{Mode: "READONLY"}))
	_, err = c.DeleteSubject(ctx, "s", client.Soft)
	wantCode(t, "read-only", err, client.ErrNotPermitted)
	check(t, "clear mode", c.SetMode(ctx, "s", client.ModeChange{}))
	mode, err := c.Mode(ctx, "s", client.InForce)
	check(t, "mode in force", err)
	same(t, "mode in force", "READWRITE", mode)
}

func TestClientListsAndDeletes(t *testing.T) {
	c, ctx := ours(t)
	for _, text := range []string{recordA, recordA2} {
		_, err := c.Register(ctx, "s", schema.Unregistered{Text: text})
		check(t, "register", err)
	}
	n := 0
	for s, err := range c.Schemas(ctx, client.SchemaQuery{Prefix: client.AllContexts}) {
		check(t, "schemas", err)
		n++
		same(t, "schema", []any{"s", n, n}, []any{s.Subject, s.Version, s.ID})
	}
	same(t, "schemas", 2, n)
	_, err := c.DeleteVersion(ctx, "s", 1, client.Permanent)
	wantCode(t, "permanent first", err, client.ErrVersionNotSoftDeleted)
	deleted, err := c.DeleteVersion(ctx, "s", client.Latest, client.Soft)
	check(t, "delete the latest", err)
	same(t, "deleted", 2, deleted)
	versions, err := c.Versions(ctx, "s", client.DeletedOnly)
	check(t, "versions", err)
	same(t, "versions", []int{2}, versions)
	gone, err := c.DeleteSubject(ctx, "s", client.Soft)
	check(t, "delete the subject", err)
	same(t, "gone", []int{1}, gone)
	subjects, err := c.Subjects(ctx, client.AllContexts, client.DeletedOnly)
	check(t, "subjects", err)
	same(t, "subjects", []string{"s"}, subjects)
	gone, err = c.DeleteSubject(ctx, "s", client.Permanent)
	check(t, "delete for good", err)
	same(t, "gone for good", []int{1, 2}, gone)
}
