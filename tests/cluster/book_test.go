package cluster_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// subjects overlap in what is registered under them.
var subjects = []struct {
	name  string
	level compat.Level
}{
	{"anything-1", "NONE"}, {"anything-2", "NONE"},
	{"backward", "BACKWARD"}, {"backward-all", "BACKWARD_TRANSITIVE"},
	{"forward", "FORWARD"}, {"forward-all", "FORWARD_TRANSITIVE"},
	{"full", "FULL"}, {"full-all", "FULL_TRANSITIVE"},
}

// content returns a record with some of five fields, all, none or some of them optional, so that about half of the pairs are
// compatible in a direction. No two numbers have the same.
func content(n int) openapi.SchemaRequest {
	var fields []string
	for f := range 5 {
		if n>>f&1 == 0 {
			continue
		}
		fallback := ""
		if kind := n >> 5 % 3; kind == 0 || kind == 1 && f%2 == 0 {
			fallback = `,"default":0`
		}
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":"int"%s}`, f, fallback))
	}
	return openapi.SchemaRequest{Schema: fmt.Sprintf(`{"type":"record","name":"R","doc":"%d","fields":[%s]}`, n, strings.Join(fields, ","))}
}

// ack is a registration that a client was told of.
type ack struct{ subject, content, id, version int }

// book holds what was acknowledged: the first acknowledgement of each content under each subject, which all others must equal.
type book struct {
	mu    sync.Mutex
	first map[[2]int]ack
}

func newBook() book { return book{first: map[[2]int]ack{}} }

func (b *book) add(t *testing.T, a ack) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := [2]int{a.subject, a.content}
	if before, known := b.first[key]; known && before != a {
		t.Errorf("%s: content %d was acknowledged as %+v and as %+v", subjects[a.subject].name, a.content, before, a)
	} else {
		b.first[key] = a
	}
}

func (r *round) configure() {
	for _, s := range subjects {
		change := client.ConfigChange{Set: openapi.Config{CompatibilityLevel: string(s.level)}}
		if _, err := r.nodes[0].life.Load().SetConfig(r.Context(), s.name, change); err != nil {
			r.Fatal(err)
		}
	}
}

// judge looks at what is there when all is over.
func (r *round) judge() {
	held := r.everything(r.nodes[0])
	if diff := cmp.Diff(held, r.everything(r.nodes[1])); diff != "" {
		r.Errorf("the servers differ (-first +second):\n%s", diff)
	}
	r.judgeAcknowledged(held)
	r.judgeIDs(held)
	for _, s := range subjects {
		r.judgeVersions(s.name, held[s.name])
		r.judgeCompatibility(s.name, s.level, held[s.name])
	}
	// A server that comes new to the database learns the same.
	m := &member{data: r.TempDir()}
	r.start(m)
	if diff := cmp.Diff(held, r.everything(m)); diff != "" {
		r.Errorf("a new server differs (-first +new):\n%s", diff)
	}
}

// everything returns the versions of each subject in order.
func (r *round) everything(m *member) map[string][]openapi.Schema {
	r.Helper()
	at := m.life.Load()
	names, err := at.Subjects(r.Context(), "", client.All)
	if err != nil {
		r.Fatal(err)
	}
	all := map[string][]openapi.Schema{}
	for _, name := range names {
		numbers, err := at.Versions(r.Context(), name, client.All)
		if err != nil {
			r.Fatal(err)
		}
		for _, number := range numbers {
			v, err := at.SubjectVersion(r.Context(), name, number, client.All)
			if err != nil {
				r.Fatal(err)
			}
			all[name] = append(all[name], v)
		}
	}
	return all
}

// judgeAcknowledged: no acknowledged write is lost, and its ID and version are what was said.
func (r *round) judgeAcknowledged(held map[string][]openapi.Schema) {
	for _, a := range r.book.first {
		versions := held[subjects[a.subject].name]
		if a.version < 1 || a.version > len(versions) {
			r.Errorf("%+v was acknowledged; there are %d versions", a, len(versions))
			continue
		}
		if v := versions[a.version-1]; v.ID != a.id || !same(v.Schema, content(a.content).Schema) {
			r.Errorf("%+v was acknowledged; there is %+v", a, v)
		}
	}
}

// same compares a text with the canonical form that a registry keeps of it.
func same(kept, sent string) bool {
	s, err := avro.Format.Parse(schema.Source{Text: sent}, nil)
	return err == nil && s.Canonical() == kept
}

// judgeIDs: an ID has one content and a content one ID.
func (r *round) judgeIDs(held map[string][]openapi.Schema) {
	texts, ids := map[int]string{}, map[string]int{}
	for _, versions := range held {
		for _, v := range versions {
			if text, known := texts[v.ID]; known && text != v.Schema {
				r.Errorf("ID %d has two contents: %s and %s", v.ID, text, v.Schema)
			}
			if id, known := ids[v.Schema]; known && id != v.ID {
				r.Errorf("a content has the IDs %d and %d: %s", id, v.ID, v.Schema)
			}
			texts[v.ID], ids[v.Schema] = v.Schema, v.ID
		}
	}
}

// judgeVersions: numbers run from 1 without a gap, and no content is there twice.
func (r *round) judgeVersions(subject string, versions []openapi.Schema) {
	at := map[string]int{}
	for i, v := range versions {
		if v.Version != i+1 {
			r.Errorf("%s: version %d stands where %d should", subject, v.Version, i+1)
		}
		if first, twice := at[v.Schema]; twice {
			r.Errorf("%s: versions %d and %d have one content", subject, first, v.Version)
		}
		at[v.Schema] = v.Version
	}
}

// judgeCompatibility: each version was compatible with those before it.
func (r *round) judgeCompatibility(subject string, level compat.Level, versions []openapi.Schema) {
	var history []compat.Version
	for _, v := range versions {
		s, err := avro.Format.Parse(schema.Source{Text: v.Schema}, nil)
		if err != nil {
			r.Fatal(err)
		}
		if verdict := (compat.Checker{}).Check(level, s, history); !verdict.Compatible() {
			r.Errorf("%s: version %d breaks %s: %+v", subject, v.Version, level, verdict.Findings)
		}
		history = append(history, compat.Version{Number: v.Version, Schema: s})
	}
}
