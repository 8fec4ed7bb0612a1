package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

var update = flag.Bool("update", false, "rewrite the results in testdata")

// TestScripts replays testdata/*.txt. A script is a story of commands with their results:
//
//	# what is shown, and the section of the REST contract that says so
//	register orders-value id=7
//	text of a schema
//	----
//	orders-value v1 id=7 "text of a schema"
//
// After every script the registry is replayed from its store and must hold the same.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t, registry.Options{})
	var got strings.Builder
	for _, block := range strings.Split(strings.TrimRight(string(data), "\n"), "\n\n") {
		got.WriteString(s.play(block) + "\n\n")
	}
	replayed := newStory(t, s.opts)
	if diff := cmp.Diff(s.everything(), replayed.everything()); diff != "" {
		t.Errorf("state after a replay (-before +after):\n%s", diff)
	}
	result := strings.TrimRight(got.String(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(result), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), result); diff != "" {
		t.Errorf("%s (-want +got), or run with -update:\n%s", file, diff)
	}
}

// story is one registry under a script.
type story struct {
	t     *testing.T
	store registry.Store
	reg   *registry.Registry
	opts  registry.Options
}

func newStory(t *testing.T, o registry.Options) *story {
	s := &story{t: t, store: o.Store, opts: o}
	if s.store == nil {
		s.store = storetest.NewMemory()
	}
	s.open()
	return s
}

func (s *story) open() {
	if s.reg != nil {
		s.reg.Close()
	}
	s.opts.Store, s.opts.Formats = s.store, testFormats
	s.opts.Clock = func() time.Time { return time.UnixMilli(1700000000000) }
	reg, err := registry.New(context.Background(), s.opts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.reg = reg
	s.t.Cleanup(reg.Close)
}

// play runs one block and returns it with its present result.
func (s *story) play(block string) string {
	var comments, lines []string
	input, _, _ := strings.Cut(block, "----\n")
	for line := range strings.SplitSeq(strings.TrimRight(input, "\n"), "\n") {
		if len(lines) == 0 && strings.HasPrefix(line, "#") {
			comments = append(comments, line)
		} else if line != "----" {
			lines = append(lines, line)
		}
	}
	head := strings.Join(append(comments, lines...), "\n")
	if len(lines) == 0 {
		return head
	}
	result := s.run(parseCommand(lines))
	if result == "" {
		result = "ok"
	}
	return head + "\n----\n" + result
}

type command struct {
	name string
	args []string          // bare words
	keys map[string]string // key=value
	body string
}

func parseCommand(lines []string) command {
	words := strings.Fields(lines[0])
	c := command{name: words[0], keys: map[string]string{}, body: strings.Join(lines[1:], "\n")}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok && !strings.HasPrefix(w, "{") {
			c.keys[k] = v
		} else {
			c.args = append(c.args, strings.Trim(w, `"`))
		}
	}
	return c
}

func (c command) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}

func (c command) has(flag string) bool { return slices.Contains(c.args, flag) }

func number(s string) int {
	if s == "latest" {
		return registry.Latest
	}
	n, _ := strconv.Atoi(s)
	return n
}

func decode[T any](s string) *T {
	if s == "" {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal([]byte(s), v); err != nil {
		panic(fmt.Sprintf("bad JSON in a script: %s: %v", s, err))
	}
	return v
}

func (c command) submission() registry.Submission {
	s := registry.Submission{
		Subject: c.arg(0), Format: c.keys["type"], Text: c.body,
		Version: number(c.keys["version"]), ID: schema.ID(number(c.keys["id"])),
		Metadata: decode[registry.Metadata](c.keys["meta"]), RuleSet: decode[registry.RuleSet](c.keys["rules"]),
		Normalize: c.has("normalize"), Force: c.has("force"), PropagateTags: c.has("propagate"),
		AddTags: tags(c.keys["add"]), RemoveTags: tags(c.keys["remove"]),
	}
	for ref := range strings.SplitSeq(c.keys["refs"], ",") {
		if ref == "" {
			continue
		}
		// name=subject=version, since subjects may hold colons
		p := strings.Split(ref+"==", "=")
		s.References = append(s.References, schema.Reference{Name: p[0], Subject: p[1], Version: number(p[2])})
	}
	return s
}

// associate reads an ID of a resource, of the name "r-ID", and a bond.
func (c command) associate() registry.Associate {
	b := registry.Bond{Subject: c.keys["subject"], Type: c.keys["type"], Lifecycle: registry.Lifecycle(c.keys["lifecycle"])}
	if c.body != "" {
		b.Schema = &registry.Submission{Text: c.body}
	}
	return registry.Associate{
		Resource: registry.Resource{Name: "r-" + c.arg(0), Namespace: "n", ID: c.arg(0)},
		Upsert:   c.has("upsert"), DryRun: c.has("dry"), Bonds: []registry.Bond{b},
	}
}

func (c command) dek() registry.DekName {
	return registry.DekName{Kek: c.arg(0), Subject: c.arg(1), Algorithm: c.keys["algorithm"]}
}

// flags counts the words that are no arguments.
func flags(c command) int {
	if c.has("deleted") {
		return 1
	}
	return 0
}

// tags reads "field=TAG,field=TAG".
func tags(s string) []schema.EntityTags {
	var out []schema.EntityTags
	for pair := range strings.SplitSeq(s, ",") {
		if path, tag, ok := strings.Cut(pair, "="); ok {
			out = append(out, schema.EntityTags{Path: path, Kind: "sr_field", Tags: []string{tag}})
		}
	}
	return out
}

func (c command) filter() registry.Filter {
	switch {
	case c.has("deletedonly"):
		return registry.DeletedOnly
	case c.has("deleted"):
		return registry.All
	}
	return registry.Live
}

func (c command) deletion() registry.Deletion {
	if c.has("permanent") {
		return registry.Permanent
	}
	return registry.Soft
}

func (s *story) run(c command) string {
	run := commands[c.name]
	if run == nil {
		s.t.Fatalf("unknown command %s", c.name)
	}
	v, err := run(s, context.Background(), c)
	if err != nil {
		return fmt.Sprintf("%s: %s", fault.CodeOf(err).Name(), fault.DetailOf(err))
	}
	return show(v)
}

var commands = map[string]func(*story, context.Context, command) (any, error){
	"register": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Register(ctx, c.submission())
	},
	"lookup": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Lookup(ctx, c.submission(), c.filter())
	},
	"check": func(s *story, ctx context.Context, c command) (any, error) {
		v := c.keys["against"]
		if v == "" {
			return s.reg.CompatibilityAll(ctx, c.submission())
		}
		return s.reg.Compatibility(ctx, c.submission(), number(v))
	},
	"subjects": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Subjects(ctx, c.keys["prefix"], c.filter())
	},
	"versions": func(s *story, ctx context.Context, c command) (any, error) {
		if c.has("signed") {
			return s.reg.SignedVersions(ctx, c.arg(0), c.filter())
		}
		return s.reg.Versions(ctx, c.arg(0), c.filter())
	},
	"version": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Version(ctx, c.arg(0), number(c.arg(1)), c.filter())
	},
	"qualified": func(s *story, ctx context.Context, c command) (any, error) {
		v, err := s.reg.Version(ctx, c.arg(0), number(c.arg(1)), c.filter())
		return v.QualifiedReferences(), err
	},
	"render": func(s *story, ctx context.Context, c command) (any, error) {
		v, err := s.reg.Version(ctx, c.arg(0), number(c.arg(1)), registry.All)
		if err != nil {
			return nil, err
		}
		return s.reg.Render(ctx, v, c.arg(2))
	},
	"id": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.ByID(ctx, c.keys["subject"], schema.ID(number(c.arg(0))))
	},
	"maxid": func(s *story, ctx context.Context, c command) (any, error) { return s.reg.MaxID(ctx, c.arg(0)) },
	"idsubjects": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.SubjectsOfID(ctx, c.keys["subject"], schema.ID(number(c.arg(0))), c.filter())
	},
	"idversions": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.VersionsOfID(ctx, c.keys["subject"], schema.ID(number(c.arg(0))), c.filter())
	},
	"guid": func(s *story, ctx context.Context, c command) (any, error) {
		g, ok := registry.ParseGUID(c.arg(0))
		if !ok {
			return nil, errors.New("bad GUID in a script")
		}
		return s.reg.ByGUID(ctx, g)
	},
	"guidids": func(s *story, ctx context.Context, c command) (any, error) {
		g, _ := registry.ParseGUID(c.arg(0))
		return s.reg.IDsOfGUID(ctx, g)
	},
	"guidof": func(s *story, ctx context.Context, c command) (any, error) {
		v, err := s.reg.Version(ctx, c.arg(0), number(c.arg(1)), registry.All)
		return v.GUID, err
	},
	"referencedby": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.ReferencedBy(ctx, c.arg(0), number(c.arg(1)), c.filter())
	},
	"latest": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.LatestWithMetadata(ctx, c.arg(0), *decode[map[string]string](c.arg(1)), c.filter())
	},
	"list": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.List(ctx, registry.Selection{Prefix: c.keys["prefix"], Filter: c.filter(), LatestOnly: c.has("latestonly"),
			RuleType: c.keys["ruletype"], Aliases: c.has("aliases"), Offset: number(c.keys["offset"]), Limit: number(c.keys["limit"])})
	},
	"delete": func(s *story, ctx context.Context, c command) (any, error) {
		if v := c.keys["version"]; v != "" {
			return s.reg.DeleteVersion(ctx, c.arg(0), number(v), c.deletion())
		}
		return s.reg.DeleteSubject(ctx, c.arg(0), c.deletion())
	},
	"config": func(s *story, ctx context.Context, c command) (any, error) {
		if c.has("effective") {
			return s.reg.EffectiveConfig(ctx, c.arg(0))
		}
		return s.reg.Config(ctx, c.arg(0))
	},
	"setconfig": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.SetConfig(ctx, c.arg(0), *decode[registry.ConfigUpdate](c.arg(1)))
	},
	"deleteconfig": func(s *story, ctx context.Context, c command) (any, error) { return s.reg.DeleteConfig(ctx, c.arg(0)) },
	"mode": func(s *story, ctx context.Context, c command) (any, error) {
		if c.has("effective") {
			return s.reg.EffectiveMode(ctx, c.arg(0))
		}
		return s.reg.Mode(ctx, c.arg(0))
	},
	"setmode": func(s *story, ctx context.Context, c command) (any, error) {
		return nil, s.reg.SetMode(ctx, c.arg(0), registry.ModeUpdate{Mode: registry.Mode(c.arg(1)), Force: c.has("force")})
	},
	"deletemode": func(s *story, ctx context.Context, c command) (any, error) {
		extent := registry.Exactly
		if c.has("recursive") {
			extent = registry.Recursively
		}
		return s.reg.DeleteMode(ctx, c.arg(0), extent)
	},
	"contexts": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Contexts(ctx, c.keys["prefix"])
	},
	"deletecontext": func(s *story, ctx context.Context, c command) (any, error) {
		return nil, s.reg.DeleteContext(ctx, c.arg(0))
	},
	"edittags": func(s *story, ctx context.Context, c command) (any, error) {
		e := registry.TagEdit{NewVersion: number(c.keys["new"]), Add: tags(c.keys["add"]), Remove: tags(c.keys["remove"]),
			Metadata: decode[registry.Metadata](c.keys["meta"]), RuleSet: decode[registry.RuleSet](c.keys["rules"]),
			MergeRules: decode[registry.RuleSet](c.keys["merge"])}
		if names := c.keys["drop"]; names != "" {
			e.RemoveRules = strings.Split(names, ",")
		}
		return s.reg.EditTags(ctx, c.arg(0), number(c.arg(1)), e)
	},
	"tags": func(s *story, ctx context.Context, c command) (any, error) {
		v, err := s.reg.Version(ctx, c.arg(0), number(c.arg(1)), registry.All)
		if err != nil {
			return nil, err
		}
		return s.reg.Tags(ctx, v, c.args[2:])
	},
	"associate": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Associate(ctx, c.associate())
	},
	"dissociate": func(s *story, ctx context.Context, c command) (any, error) {
		d := registry.Dissociate{ResourceID: c.arg(0), Cascade: c.has("cascade"), DryRun: c.has("dry")}
		if t := c.keys["type"]; t != "" {
			d.Types = []string{t}
		}
		return nil, s.reg.Dissociate(ctx, d)
	},
	"associations": func(s *story, ctx context.Context, c command) (any, error) {
		if subject := c.keys["subject"]; subject != "" {
			return s.reg.AssociationsOfSubject(ctx, subject, registry.AssociationFilter{})
		}
		return s.reg.AssociationsOfName(ctx, "-", "-", registry.AssociationFilter{})
	},
	"keks": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Keks(ctx, c.args[:len(c.args)-flags(c)], c.filter())
	},
	"kek": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Kek(ctx, c.arg(0), c.filter())
	},
	"createkek": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.CreateKek(ctx, registry.Kek{Name: c.arg(0), KMSType: "t", KMSKeyID: "k", Doc: c.keys["doc"], Shared: c.has("shared"), Deleted: c.has("deleted")}, registry.Trial(c.has("try")))
	},
	"updatekek": func(s *story, ctx context.Context, c command) (any, error) {
		u := registry.KekUpdate{Doc: registry.Set(c.keys["doc"])}
		if c.has("shared") {
			u.Shared = registry.Set(true)
		}
		return s.reg.UpdateKek(ctx, c.arg(0), u, false)
	},
	"deletekek": func(s *story, ctx context.Context, c command) (any, error) {
		return nil, s.reg.DeleteKek(ctx, c.arg(0), c.deletion())
	},
	"undeletekek": func(s *story, ctx context.Context, c command) (any, error) {
		return nil, s.reg.UndeleteKek(ctx, c.arg(0))
	},
	"testkek": func(s *story, ctx context.Context, c command) (any, error) { return s.reg.TestKek(ctx, c.arg(0)) },
	"createdek": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.CreateDek(ctx, registry.NewDek{DekName: c.dek(), Version: number(c.keys["version"]), Wrapped: c.keys["wrapped"], Deleted: c.has("deleted"), Rewrap: c.has("rewrap")})
	},
	"dek": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.Dek(ctx, c.dek(), number(c.arg(2)), c.filter())
	},
	"dekversions": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.DekVersions(ctx, c.dek(), c.filter())
	},
	"deksubjects": func(s *story, ctx context.Context, c command) (any, error) {
		return s.reg.DekSubjects(ctx, c.arg(0), c.filter())
	},
	"deletedek": func(s *story, ctx context.Context, c command) (any, error) {
		return nil, s.reg.DeleteDek(ctx, c.dek(), number(c.keys["version"]), c.deletion())
	},
	"undeletedek": func(s *story, ctx context.Context, c command) (any, error) {
		return nil, s.reg.UndeleteDek(ctx, c.dek(), number(c.keys["version"]))
	},
	"resolve": func(s *story, ctx context.Context, c command) (any, error) { return s.reg.Resolve(ctx, c.arg(0)) },
	// server restarts the registry with other options
	"server": func(s *story, _ context.Context, c command) (any, error) {
		s.opts = registry.Options{Level: compat.Level(c.keys["level"]), MaxSchemaBytes: number(c.keys["maxbytes"]),
			ImmutableModes: c.has("immutablemodes"), RejectEmptySubject: c.has("rejectempty"),
			StrictReferences: c.has("strictreferences"), SkipValidation: c.has("skipvalidation"), ValidateFields: c.has("validatefields"),
			MaxReferenceDepth: number(c.keys["maxdepth"])}
		s.open()
		return nil, nil
	},
	"compact": func(s *story, ctx context.Context, _ command) (any, error) { return nil, s.reg.Compact(ctx) },
}

// show prints a result in a few words.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case registry.Version:
		return showVersion(v)
	case []registry.Listed:
		var lines []string
		for _, l := range v {
			line := showVersion(l.Version)
			if len(l.Aliases) > 0 {
				line += " aliases=" + strings.Join(l.Aliases, ",")
			}
			lines = append(lines, line)
		}
		return orNone(strings.Join(lines, "\n"))
	case registry.Check:
		if v.Compatible() {
			return "compatible"
		}
		return strings.Join(v.Messages(), "\n")
	case string:
		return strconv.Quote(v)
	case registry.Mode:
		return orNone(string(v))
	case fmt.Stringer:
		return v.String()
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func showVersion(v registry.Version) string {
	out := fmt.Sprintf("%s v%d id=%d %s %q", v.Subject, v.Number, v.ID, v.Format, v.Text)
	for _, r := range v.References {
		out += fmt.Sprintf(" ref=%s=%s=%d", r.Name, r.Subject, r.Version)
	}
	if v.Metadata != nil {
		out += " meta=" + show(v.Metadata)
	}
	if v.RuleSet != nil {
		out += " rules=" + show(v.RuleSet)
	}
	if v.Deleted {
		out += " deleted"
	}
	return out
}

// everything returns all that a registry would answer, to compare two of them.
func (s *story) everything() map[string]string {
	ctx, out := context.Background(), map[string]string{}
	keep := func(key string, v any, err error) {
		if err != nil {
			v = fault.CodeOf(err).Name() + ": " + fault.DetailOf(err)
		}
		out[key] = show(v)
	}
	all, err := s.reg.List(ctx, registry.Selection{Prefix: ":*:", Filter: registry.All})
	if err != nil {
		s.t.Fatal(err)
	}
	names := map[string]bool{"": true, ":.__GLOBAL:": true}
	for _, l := range all {
		names[l.Subject] = true
		key := fmt.Sprintf("%s/%d", l.Subject, l.Number)
		keep(key, l.Version, nil)
		keep(key+"/time", l.Time, nil)
		for f := range registry.DeletedOnly {
			refs, err := s.reg.ReferencedBy(ctx, l.Subject, l.Number, f)
			keep(fmt.Sprintf("%s/referencedby/%d", key, f), refs, err)
			uses, err := s.reg.VersionsOfID(ctx, l.Subject, l.ID, f)
			keep(fmt.Sprintf("%s/uses/%d", key, f), uses, err)
		}
		ids, err := s.reg.IDsOfGUID(ctx, l.GUID)
		keep(key+"/guid", ids, err)
	}
	contexts, err := s.reg.Contexts(ctx, "")
	keep("contexts", contexts, err)
	for _, c := range contexts {
		names[":"+c+":"] = true
	}
	bonds, err := s.reg.AssociationsOfName(ctx, "-", "-", registry.AssociationFilter{})
	keep("associations", bonds, err)
	for _, a := range bonds {
		keep("times of "+a.GUID, []int64{a.Created, a.Updated}, nil)
		ofSubject, err := s.reg.AssociationsOfSubject(ctx, a.Subject, registry.AssociationFilter{})
		keep("associations of "+a.Subject, ofSubject, err)
		ofName, err := s.reg.AssociationsOfName(ctx, a.ResourceNamespace, a.ResourceName, registry.AssociationFilter{})
		keep("associations of name "+a.ResourceName, ofName, err)
		ofResource, err := s.reg.AssociationsOfResource(ctx, a.ResourceID, registry.AssociationFilter{})
		keep("associations of resource "+a.ResourceID, ofResource, err)
	}
	s.keys(keep)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c, err := s.reg.Config(ctx, name)
		keep("config "+name, c, err)
		m, err := s.reg.Mode(ctx, name)
		keep("mode "+name, m, err)
		id, err := s.reg.MaxID(ctx, name)
		keep("maxid "+name, id, err)
	}
	return out
}

// keys keeps all keys of a registry.
func (s *story) keys(keep func(key string, v any, err error)) {
	ctx := context.Background()
	keks, err := s.reg.Keks(ctx, nil, registry.All)
	keep("keks", keks, err)
	for _, kek := range keks {
		k, err := s.reg.Kek(ctx, kek, registry.All)
		keep("kek "+kek, k, err)
		keep("time of kek "+kek, k.Time, nil)
		subjects, err := s.reg.DekSubjects(ctx, kek, registry.All)
		keep("deks "+kek, subjects, err)
		for _, subject := range subjects {
			for _, algorithm := range []string{registry.AES128GCM, registry.AES256GCM, registry.AES256SIV} {
				n := registry.DekName{Kek: kek, Subject: subject, Algorithm: algorithm}
				versions, err := s.reg.DekVersions(ctx, n, registry.All)
				keep(fmt.Sprint("versions ", n), versions, err)
				for _, v := range versions {
					d, err := s.reg.Dek(ctx, n, v, registry.All)
					keep(fmt.Sprint("dek ", n, v), d, err)
					keep(fmt.Sprint("time of dek ", n, v), d.Time, nil)
				}
			}
		}
	}
}
