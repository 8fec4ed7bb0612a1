package registry_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

// Whatever is asked in whatever order, on two nodes of one store, a registry stays sound, and a replay and a compaction give
// the same one. Some of the nodes compact by themselves meanwhile, in snapshots of many parts.
func TestRandomHistoriesStaySound(t *testing.T) {
	for seed := range uint64(50) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			store := storetest.NewMemory()
			var nodes []*story
			for n := range uint64(2) {
				o := registry.Options{Store: store.Peer(), SnapshotPartBytes: int(seed % 5)}
				if (seed+n)%3 > 0 {
					o.CompactBytes = 300
				}
				nodes = append(nodes, newStory(t, o))
			}
			var history []string
			for range 150 {
				block := randomCommand(r)
				history = append(history, nodes[r.IntN(2)].play(block))
			}
			s := nodes[0]
			if flaws := s.flaws(); len(flaws) > 0 {
				t.Fatalf("%s\nafter:\n%s", strings.Join(flaws, "\n"), strings.Join(history, "\n\n"))
			}
			before := s.everything()
			if diff := cmp.Diff(before, nodes[1].everything()); diff != "" {
				t.Errorf("the nodes differ (-one +other):\n%s", diff)
			}
			s.open()
			if diff := cmp.Diff(before, s.everything()); diff != "" {
				t.Errorf("(-before +after a replay):\n%s", diff)
			}
			if err := s.reg.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
			s.open()
			if diff := cmp.Diff(before, s.everything()); diff != "" {
				t.Errorf("(-before +after a compaction):\n%s", diff)
			}
		})
	}
}

func oneOf(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func randomCommand(r *rand.Rand) string {
	subject := oneOf(r, "a", "b", ":.x:a", ":.x:b", ":.y:a")
	version := oneOf(r, "1", "2", "3", "latest")
	switch r.IntN(12) {
	case 10:
		id := oneOf(r, "a", "b", "c")
		return oneOf(r, "associate "+id+" subject="+subject, "associate "+id+" upsert subject="+subject, "associate "+id+"\np", "associate "+id+" type=key\np?",
			"dissociate "+id, "dissociate "+id+" cascade", "dissociate "+id+" type=key cascade", "delete :.n:r-"+id+"-value", "register b refs=n=:.n:r-"+id+"-value=1\n@n p")
	case 11:
		k, del := oneOf(r, "k", "l"), oneOf(r, "", " permanent")
		return oneOf(r, "createkek "+k, "createkek "+k, "deletekek "+k+del, "undeletekek "+k, "updatekek "+k+" doc="+oneOf(r, "d", "e"),
			"createdek "+k+" "+subject+" wrapped=bQ== version="+oneOf(r, "1", "2"), "deletedek "+k+" "+subject+del, "deletedek "+k+" "+subject+" version=1"+del, "undeletedek "+k+" "+subject)
	case 0:
		return "delete " + subject + oneOf(r, "", " permanent")
	case 1, 2:
		return "delete " + subject + " version=" + version + oneOf(r, "", " permanent")
	case 3:
		return oneOf(r, "setmode "+subject+" IMPORT", "setmode "+subject+" IMPORT force", "deletemode "+subject, "setmode "+subject)
	case 4:
		return oneOf(r, "setconfig "+subject+` {"compatibility":"NONE"}`, "deleteconfig "+subject, "setconfig "+subject+` {"normalize":true}`,
			`setconfig "" {"compatibility":"NONE"}`, "deletecontext .y")
	}
	options := oneOf(r, "", "", " force", " normalize", " version=-1", " version=2", ` meta={"properties":{"k":"v"}}`, " meta={}",
		" id="+oneOf(r, "1", "2", "7", "9")+" version="+oneOf(r, "1", "2", "5"))
	text := oneOf(r, "p", "p q", "q p?", "p? q?", "z? y? x?")
	if r.IntN(3) == 0 {
		options += " refs=n=" + oneOf(r, "a", "b", ":.:a", ":.x:b") + "=" + oneOf(r, "1", "2", "-1")
		text = "@n " + text
	}
	return "register " + subject + options + "\n" + text
}

// flaws says what is wrong with the state of a registry as its answers show it.
func (s *story) flaws() (out []string) {
	ctx := context.Background()
	report := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	all, err := s.reg.List(ctx, registry.Selection{Prefix: ":*:", Filter: registry.All})
	if err != nil {
		return []string{err.Error()}
	}
	if bonds, err := s.reg.AssociationsOfName(ctx, "-", "-", registry.AssociationFilter{}); err != nil {
		report("associations: %v", err)
	} else {
		for _, f := range s.bondFlaws(bonds) {
			report("%s", f)
		}
	}
	have := map[registry.Place]bool{}
	content := map[registry.ContextID]schema.GUID{}
	ids := map[schema.GUID]map[registry.ContextID]bool{}
	referrers := map[registry.Place][]registry.ContextID{}
	for _, v := range all {
		have[registry.Place{Subject: v.Subject, Version: v.Number}] = true
		at := registry.ContextID{Context: registry.ParseName(v.Subject).Context, ID: v.ID}
		if g, ok := content[at]; ok && g != v.GUID {
			report("ID %v has two contents", at)
		}
		content[at] = v.GUID
		if ids[v.GUID] == nil {
			ids[v.GUID] = map[registry.ContextID]bool{}
		}
		ids[v.GUID][at] = true
		for _, ref := range v.QualifiedReferences() {
			to := registry.Place{Subject: ref.Subject, Version: ref.Version}
			if !slices.Contains(referrers[to], at) {
				referrers[to] = append(referrers[to], at)
			}
		}
		if last, err := s.reg.MaxID(ctx, v.Subject); err != nil || last < v.ID {
			report("%s v%d has ID %d, the last of its context is %d, %v", v.Subject, v.Number, v.ID, last, err)
		}
		if got, err := s.reg.ByID(ctx, v.Subject, v.ID); err != nil || got.GUID != v.GUID {
			report("ID %d of %s gives %v, %v", v.ID, v.Subject, got, err)
		}
		if _, err := s.reg.Schema(ctx, v.Version); err != nil {
			report("%s v%d cannot be read: %v", v.Subject, v.Number, err)
		}
	}
	for to, from := range referrers {
		if !have[to] {
			report("%v refer to %v, which does not exist", from, to)
			continue
		}
		if got, err := s.reg.ReferencedBy(ctx, to.Subject, to.Version, registry.All); err != nil || len(got) != len(from) {
			report("%v is referred to by %v, found %v, %v", to, from, got, err)
		}
	}
	for g, want := range ids {
		got, err := s.reg.IDsOfGUID(ctx, g)
		if err != nil || len(got) != len(want) || slices.ContainsFunc(got, func(at registry.ContextID) bool { return !want[at] }) {
			report("GUID %s has IDs %v, %v; want %v", g, got, err, want)
		}
	}
	return out
}

// bondFlaws says what is wrong with associations: a subject without a live version, or one that is owned and not alone.
func (s *story) bondFlaws(bonds []registry.Association) (out []string) {
	users := map[string]int{}
	for _, a := range bonds {
		users[a.Subject]++
	}
	for _, a := range bonds {
		if _, err := s.reg.Versions(context.Background(), a.Subject, registry.Live); err != nil {
			out = append(out, fmt.Sprintf("%s is associated: %v", a.Subject, err))
		}
		if a.Lifecycle != registry.Strong {
			continue
		}
		if users[a.Subject] > 1 {
			out = append(out, fmt.Sprintf("%s is owned and has %d associations", a.Subject, users[a.Subject]))
		}
		if refs, err := s.reg.ReferencedBy(context.Background(), a.Subject, 1, registry.Live); err == nil && len(refs) > 0 {
			out = append(out, fmt.Sprintf("%s is owned and referred to by %v", a.Subject, refs))
		}
	}
	return out
}
