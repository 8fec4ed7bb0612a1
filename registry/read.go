package registry

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const opRead = "registry.Read"

func versionText(number int) string {
	if number == Latest {
		return "latest"
	}
	return strconv.Itoa(number)
}

func checkVersion(op string, number int) error {
	if number == Latest || number >= 1 && number <= math.MaxInt32 {
		return nil
	}
	return fault.New(ErrInvalidVersion, op, "The specified version '%d' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"", number)
}

// Lookup finds a schema among the versions of a subject that f selects (Live or All). A name in the default context falls back
// to the same name in every other context. Errors: ErrInvalidSchema, ErrSubjectNotFound, ErrSchemaNotFound.
func (r *Registry) Lookup(ctx context.Context, s Submission, f Filter) (Version, error) {
	if err := r.current(ctx); err != nil {
		return Version{}, err
	}
	j, n := r.judge(), ParseName(s.Subject)
	found, err := j.lookup(n, s, f)
	if err != nil {
		return Version{}, err
	}
	if found == nil {
		found = r.elsewhere(n, func(other Name) *row {
			x, err := j.lookup(other, s, f)
			if err != nil {
				return nil // what cannot be read there is not there
			}
			return x
		})
	}
	if found != nil {
		return found.Version, nil
	}
	if !holds(r.view.rows(n), f) {
		return Version{}, subjectNotFound(opRead, n)
	}
	return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema not found")
}

// elsewhere asks for a name of the default context in every other context until something is found.
func (r *Registry) elsewhere(n Name, ask func(Name) *row) *row {
	if n.Context != DefaultContext {
		return nil
	}
	for _, context := range r.view.contexts() {
		other := Name{context, n.Subject}
		if len(r.view.rows(other)) == 0 {
			continue
		}
		if x := ask(other); x != nil {
			return x
		}
	}
	return nil
}

// Compatibility checks a schema against one version, a number or Latest, at the level of the subject. Latest of a subject
// without live versions is compatible. Errors: ErrInvalidVersion, ErrVersionNotFound, ErrInvalidSchema.
func (r *Registry) Compatibility(ctx context.Context, s Submission, version int) (Check, error) {
	if err := checkVersion(opRead, version); err != nil {
		return Check{}, err
	}
	return r.compare(ctx, s, func(n Name) ([]*row, error) {
		x := pick(r.view.rows(n), version)
		switch {
		case x != nil && !x.Deleted:
			return []*row{x}, nil
		case version == Latest:
			return nil, nil
		}
		return nil, absent(opRead, n, version, true)
	})
}

// CompatibilityAll checks a schema as Register would. Errors: ErrInvalidSchema.
func (r *Registry) CompatibilityAll(ctx context.Context, s Submission) (Check, error) {
	return r.compare(ctx, s, func(n Name) ([]*row, error) { return live(r.view.rows(n)), nil })
}

func (r *Registry) compare(ctx context.Context, s Submission, earlier func(Name) ([]*row, error)) (Check, error) {
	if err := r.current(ctx); err != nil {
		return Check{}, err
	}
	j, n := r.judge(), ParseName(s.Subject)
	rows, err := earlier(n)
	if err != nil {
		return Check{}, err
	}
	c := j.candidate(n, s)
	if err := c.needText(); err != nil {
		return Check{}, err
	}
	next, err := j.read(&c, j.rigorOfNew(&c))
	if err != nil {
		return Check{}, err
	}
	return j.check(&c, next, rows)
}

// Subjects lists the subjects that f selects, in the order of UTF-16 code units. Prefix forms: "" and "foo" are of the default
// context, ":.ctx:" and ":.ctx:foo" of that context, ":*:" and ":*:foo" of all.
func (r *Registry) Subjects(ctx context.Context, prefix string, f Filter) ([]string, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	all := r.view.list(parsePrefix(prefix))
	out := make([]string, 0, len(all))
	for _, s := range all {
		if alive := latest(s.rows) != nil; f == All || alive == (f == Live) {
			out = append(out, s.name)
		}
	}
	return out, nil
}

// Versions lists the version numbers of a subject that f selects, ascending. Error: ErrSubjectNotFound, when the subject has
// no live version (Live) or no version at all (All, DeletedOnly).
func (r *Registry) Versions(ctx context.Context, subject string, f Filter) ([]int, error) {
	rows, err := r.existing(ctx, subject, f)
	out := []int{}
	for _, x := range rows {
		if f.takes(x) {
			out = append(out, x.Number)
		}
	}
	return out, err
}

// SignedVersions lists all versions of a subject ascending by absolute value, soft-deleted ones negated. must is what the
// subject needs to be found: Live asks for a live version, All for any.
func (r *Registry) SignedVersions(ctx context.Context, subject string, must Filter) ([]int, error) {
	rows, err := r.existing(ctx, subject, must)
	out := []int{}
	for _, x := range rows {
		if x.Deleted {
			out = append(out, -x.Number)
		} else {
			out = append(out, x.Number)
		}
	}
	return out, err
}

// existing returns the versions of a subject if f finds anything among them.
func (r *Registry) existing(ctx context.Context, subject string, f Filter) ([]*row, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	n := ParseName(subject)
	rows := r.view.rows(n)
	if !holds(rows, f) {
		return nil, subjectNotFound(opRead, n)
	}
	return rows, nil
}

// Version returns one version: a number, or Latest. f is Live or All. A name in the default context falls back to the same
// name in other contexts. Errors: ErrInvalidVersion, ErrSubjectNotFound, ErrVersionNotFound.
func (r *Registry) Version(ctx context.Context, subject string, version int, f Filter) (Version, error) {
	if err := checkVersion(opRead, version); err != nil {
		return Version{}, err
	}
	if err := r.current(ctx); err != nil {
		return Version{}, err
	}
	n := ParseName(subject)
	find := func(n Name) *row {
		if x := pick(r.view.rows(n), version); x != nil && f.takes(x) {
			return x
		}
		return nil
	}
	x := find(n)
	if x == nil {
		x = r.elsewhere(n, find)
	}
	if x == nil {
		return Version{}, absent(opRead, n, version, holds(r.view.rows(n), f))
	}
	return x.Version, nil
}

// ByID returns a version that has an ID, live ones first, soft-deleted ones included. The subject chooses the context: "" is
// the default one, ":.ctx:" that one, ":.ctx:name" asks for exactly that subject, and a bare name is tried in the default
// context, then in every other, and then ignored. Error: ErrSchemaNotFound.
func (r *Registry) ByID(ctx context.Context, subject string, id schema.ID) (Version, error) {
	x, err := r.byID(ctx, subject, id)
	if err != nil {
		return Version{}, err
	}
	if x == nil {
		return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema %d not found", id)
	}
	return x.Version, nil
}

// byID returns a version with an ID, or nil. The store is asked only if the ID is not known here.
func (r *Registry) byID(ctx context.Context, subject string, id schema.ID) (*row, error) {
	n := ParseName(subject)
	if x := r.withID(n, id); x != nil {
		return x, nil
	}
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return r.withID(n, id), nil
}

func (r *Registry) withID(n Name, id schema.ID) *row {
	if n.Subject == "" {
		return r.view.byID(n.Context, id)
	}
	find := func(n Name) *row { return underSubject(r.view.rows(n), id) }
	if x := find(n); x != nil || n.Context != DefaultContext {
		return x
	}
	if x := r.elsewhere(n, find); x != nil {
		return x
	}
	return r.view.byID(DefaultContext, id)
}

// MaxID returns the highest ID given so far in the context of a subject name; 0 if there is none.
func (r *Registry) MaxID(ctx context.Context, subject string) (schema.ID, error) {
	if err := r.current(ctx); err != nil {
		return 0, err
	}
	return r.view.lastID(ParseName(subject).Context), nil
}

// SubjectsOfID lists the subjects that have a version with the ID which f selects (Live or All), sorted. The subject chooses
// the context as in ByID. Error: ErrSchemaNotFound.
func (r *Registry) SubjectsOfID(ctx context.Context, subject string, id schema.ID, f Filter) ([]string, error) {
	places, err := r.VersionsOfID(ctx, subject, id, f)
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = p.Subject
	}
	return out, err
}

// VersionsOfID is SubjectsOfID with the version number: the most recently written one of each subject.
func (r *Registry) VersionsOfID(ctx context.Context, subject string, id schema.ID, f Filter) ([]Place, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	x := r.withID(ParseName(subject), id)
	if x == nil {
		return nil, fault.New(ErrSchemaNotFound, opRead, "Schema not found")
	}
	last := map[string]*row{}
	for _, use := range r.view.uses(x.name.Context, id) {
		if old := last[use.Subject]; old == nil || old.written < use.written {
			last[use.Subject] = use
		}
	}
	out := []Place{}
	for _, name := range slices.SortedFunc(maps.Keys(last), compareUTF16) {
		if f.takes(last[name]) {
			out = append(out, Place{name, last[name].Number})
		}
	}
	return out, nil
}

// ByGUID returns a version with that content, from the default context if it has one. Error: ErrSchemaNotFound.
func (r *Registry) ByGUID(ctx context.Context, guid schema.GUID) (Version, error) {
	found, err := r.withGUID(ctx, guid)
	if err != nil {
		return Version{}, err
	}
	for _, at := range found {
		if x := r.view.byID(at.Context, at.ID); x != nil {
			return x.Version, nil
		}
	}
	return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema %s not found", guid)
}

// IDsOfGUID lists the IDs of a content, sorted by context and ID. Unknown content has none.
func (r *Registry) IDsOfGUID(ctx context.Context, guid schema.GUID) ([]ContextID, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return r.idsOf(guid), nil
}

func (r *Registry) withGUID(ctx context.Context, guid schema.GUID) ([]ContextID, error) {
	if found := r.idsOf(guid); len(found) > 0 {
		return found, nil
	}
	return r.IDsOfGUID(ctx, guid)
}

func (r *Registry) idsOf(guid schema.GUID) []ContextID {
	out := []ContextID{}
	for _, context := range append([]string{DefaultContext}, r.view.contexts()...) {
		for _, id := range r.view.idsOf(context, guid) {
			out = append(out, ContextID{context, id})
		}
	}
	slices.SortFunc(out, func(a, b ContextID) int {
		return cmp.Or(compareUTF16(a.Context, b.Context), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// ReferencedBy lists the IDs of the schemas that directly refer to a version (a number or Latest; it may be soft-deleted), by
// context and ID of the referrer. f selects the referrers (Live or All). Errors: as Version.
func (r *Registry) ReferencedBy(ctx context.Context, subject string, version int, f Filter) ([]schema.ID, error) {
	if err := checkVersion(opRead, version); err != nil {
		return nil, err
	}
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	n := ParseName(subject)
	rows := r.view.rows(n)
	x := pick(rows, version)
	if x == nil {
		return nil, absent(opRead, n, version, len(rows) > 0)
	}
	var found []ContextID
	for _, by := range r.view.referrersOf(n, x.Number) {
		if f.takes(by) {
			found = append(found, ContextID{by.name.Context, by.ID})
		}
	}
	slices.SortFunc(found, func(a, b ContextID) int {
		return cmp.Or(compareUTF16(a.Context, b.Context), cmp.Compare(a.ID, b.ID))
	})
	ids := make([]schema.ID, 0, len(found))
	for _, at := range slices.Compact(found) {
		ids = append(ids, at.ID)
	}
	return ids, nil
}

// LatestWithMetadata returns the highest version whose metadata has all the properties. A version without metadata never
// matches. Errors: ErrSubjectNotFound, ErrSchemaNotFound.
func (r *Registry) LatestWithMetadata(ctx context.Context, subject string, properties map[string]string, f Filter) (Version, error) {
	rows, err := r.existing(ctx, subject, f)
	if err != nil {
		return Version{}, err
	}
	for _, x := range slices.Backward(rows) {
		if f.takes(x) && x.Metadata.contains(properties) {
			return x.Version, nil
		}
	}
	return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema not found")
}

func (m *Metadata) contains(properties map[string]string) bool {
	for k, want := range properties {
		if got, ok := m.property(k); !ok || got != want {
			return false
		}
	}
	return m != nil
}

// List returns the selected versions by subject (in the order of UTF-16 code units), then by number.
func (r *Registry) List(ctx context.Context, s Selection) ([]Listed, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	p := parsePrefix(s.Prefix)
	subjects := r.view.list(p)
	var aliases map[string][]string
	if s.Aliases {
		subjects, aliases = r.withAliases(p, subjects)
	}
	out := []Listed{}
	for _, sub := range subjects {
		for _, x := range s.pick(sub.rows) {
			out = append(out, Listed{x.Version, aliases[sub.name]})
		}
	}
	return out, nil
}

// withAliases adds the subjects that aliases of matching subjects point at, and returns which aliases lead to each subject.
func (r *Registry) withAliases(p prefix, subjects []listing) ([]listing, map[string][]string) {
	aliases := map[string][]string{}
	targets := r.view.aliases(p)
	for _, from := range slices.SortedFunc(maps.Keys(targets), compareUTF16) {
		aliases[targets[from]] = append(aliases[targets[from]], from)
	}
	for target := range aliases {
		if n := ParseName(target); !p.takes(n) {
			subjects = append(subjects, listing{target, r.view.rows(n)})
		}
	}
	slices.SortFunc(subjects, func(a, b listing) int { return compareUTF16(a.name, b.name) })
	return subjects, aliases
}

func (s *Selection) pick(rows []*row) []*row {
	var out []*row
	for _, x := range rows {
		if s.Filter.takes(x) {
			out = append(out, x)
		}
	}
	if s.LatestOnly && len(out) > 0 {
		out = out[len(out)-1:]
	}
	if s.RuleType != "" {
		out = slices.DeleteFunc(slices.Clone(out), func(x *row) bool { return !x.RuleSet.has(s.RuleType) })
	}
	return out
}

// Contexts lists the contexts whose name, such as ".prod", has the prefix: the default one first, then sorted.
func (r *Registry) Contexts(ctx context.Context, prefix string) ([]string, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	out := []string{}
	for _, name := range append([]string{DefaultContext}, r.view.contexts()...) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out, nil
}

// Config returns what is stored for exactly this name: a subject, ":.ctx:" for a context, "" or ":.:" for the registry, or
// ":.__GLOBAL:" for all contexts. The last two answer with the server's default when nothing is stored; others fail with
// ErrNoSubjectConfig.
func (r *Registry) Config(ctx context.Context, name string) (Config, error) {
	if err := r.current(ctx); err != nil {
		return Config{}, err
	}
	name = stored(name)
	if c := r.view.config(name); c != nil {
		return *c, nil
	}
	if topLevel(name) {
		return Config{Level: r.opts.Level}, nil
	}
	return Config{}, fault.New(ErrNoSubjectConfig, opRead, "Subject '%s' does not have subject-level compatibility configured", name)
}

// EffectiveConfig returns what is in force for a name; it never fails for lack of a configuration.
func (r *Registry) EffectiveConfig(ctx context.Context, name string) (Config, error) {
	if err := r.current(ctx); err != nil {
		return Config{}, err
	}
	return configInForce(r.view, ParseName(name), r.opts.Level), nil
}

// Mode returns the mode stored for exactly this name, which is as in Config. Error: ErrNoSubjectMode (subjects and contexts
// only).
func (r *Registry) Mode(ctx context.Context, name string) (Mode, error) {
	if err := r.current(ctx); err != nil {
		return "", err
	}
	name = stored(name)
	if m := r.view.mode(name); m != "" {
		return m, nil
	}
	if topLevel(name) {
		return ReadWrite, nil
	}
	return "", fault.New(ErrNoSubjectMode, opRead, "Subject '%s' does not have subject-level mode configured", name)
}

// EffectiveMode returns the mode in force for a name.
func (r *Registry) EffectiveMode(ctx context.Context, name string) (Mode, error) {
	if err := r.current(ctx); err != nil {
		return "", err
	}
	return modeInForce(r.view, ParseName(name)), nil
}

// Resolve returns the subject that a name stands for: the target of its alias, once, or the name itself in its usual form. It
// answers from what this node knows.
func (r *Registry) Resolve(_ context.Context, subject string) (string, error) {
	n := ParseName(subject)
	if c := r.view.config(n.String()); c != nil && c.Alias != "" && n.Subject != "" {
		return in(n.Context, c.Alias).String(), nil
	}
	return n.String(), nil
}

// Schema returns the parsed schema of a version. It is shared: schemas are immutable. Error: ErrInvalidSchema, when something
// it refers to is gone.
func (r *Registry) Schema(_ context.Context, v Version) (schema.Schema, error) {
	p, err := r.parser.parse(r.view, source{name: ParseName(v.Subject), format: v.Format, text: v.Text, refs: v.References, rigor: schema.AsStored})
	if err != nil {
		return nil, err
	}
	return p.Schema, nil
}

// Render returns the text of a version in a style of its format; the empty and the unknown style give the canonical text.
func (r *Registry) Render(ctx context.Context, v Version, style string) (string, error) {
	if style == "" {
		return v.Text, nil
	}
	s, err := r.Schema(ctx, v)
	if err != nil {
		return "", err
	}
	text, err := s.Render(style)
	if err != nil {
		return "", fault.Wrap(ErrInvalidSchema, opRead, err, "Schema %d has no %s form: %s", v.ID, style, fault.DetailOf(err))
	}
	return text, nil
}

// Tags returns the places of a version that carry any of the named inline tags, with all of their tags; "*" names all.
func (r *Registry) Tags(ctx context.Context, v Version, names []string) ([]schema.EntityTags, error) {
	s, err := r.Schema(ctx, v)
	if err != nil {
		return nil, err
	}
	t, ok := s.(schema.Tagger)
	if !ok {
		return nil, nil
	}
	wanted := func(tag string) bool { return slices.Contains(names, tag) }
	return slices.DeleteFunc(slices.Clone(t.Tags()), func(e schema.EntityTags) bool {
		return !slices.Contains(names, "*") && !slices.ContainsFunc(e.Tags, wanted)
	}), nil
}

// QualifiedReferences returns the references of v with the context of v put before subjects that name none.
func (v Version) QualifiedReferences() []schema.Reference {
	context := ParseName(v.Subject).Context
	out := slices.Clone(v.References)
	for i := range out {
		out[i].Subject = in(context, out[i].Subject).String()
	}
	return out
}

// Compact replaces all changes by one snapshot, if the store can do that. It changes nothing that a reader sees.
func (r *Registry) Compact(ctx context.Context) error {
	const op = "registry.Compact"
	c, ok := r.opts.Store.(Compactor)
	if !ok {
		return nil
	}
	if err := r.takeTurn(ctx, op); err != nil {
		return err
	}
	defer r.passTurn()
	if err := r.catchUpInTurn(ctx); err != nil {
		return storeFault(op, err)
	}
	data, err := r.view.snapshot(r.opts.Clock().UnixMilli()).encode()
	if err != nil {
		return errors.Join(ErrCorrupt, err)
	}
	return storeFault(op, c.Compact(ctx, r.view.end(), data))
}
