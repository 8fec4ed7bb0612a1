package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// difference is one thing in which two sides differ.
type difference struct {
	Where  string `json:"where"`
	What   string `json:"what"`
	Source string `json:"source"`
	Target string `json:"target"`
}

func (d difference) String() string {
	return fmt.Sprintf("%s: %s: %s in the source, %s in the target", d.Where, d.What, d.Source, d.Target)
}

const (
	there = "present"
	gone  = "missing"
)

// comparison is what two images have not in common. Indexes are those of the source's entries.
type comparison struct {
	missing   []int        // the target lacks them
	hide      []int        // live in the target, soft-deleted in the source
	conflicts []difference // an import cannot mend them
	guids     []difference // of equal contents
	configs   []difference
	modes     []difference
	contexts  []difference

	configNames, modeNames []string // of configs and modes
}

// all lists everything as differences, in the order in which it is worth reading.
func (c *comparison) all(source *image) []difference {
	out := slices.Clone(c.conflicts)
	for _, i := range c.missing {
		out = append(out, difference{source.entries[i].String(), "version", there, gone})
	}
	for _, i := range c.hide {
		out = append(out, difference{source.entries[i].String(), "state", "soft-deleted", "live"})
	}
	return slices.Concat(out, c.guids, c.contexts, c.configs, c.modes)
}

// comparer compares a target with a source.
type comparer struct {
	source, target *image
	scope          scope
	extra          bool // what only the target has is no difference
	want           want // which settings are compared
	formats        *schema.Formats
}

// compare compares everything that the two images hold in scope.
func (c *comparer) compare() (*comparison, error) {
	var out comparison
	if err := c.versions(&out); err != nil {
		return nil, err
	}
	c.extras(&out)
	c.compareContexts(&out)
	if err := c.settings(&out); err != nil {
		return nil, err
	}
	return &out, nil
}

// versions judges every version of the source by what the target has in its place.
func (c *comparer) versions(out *comparison) error {
	levels := c.source.levels()
	taken := c.contents(out)
	for i, e := range c.source.entries {
		if levels[i] < 0 {
			out.conflicts = append(out.conflicts, difference{e.String(), "references", "lead back to it", "not possible"})
			continue
		}
		for _, r := range e.refs {
			_, here := c.source.at[r]
			if _, over := c.target.at[r]; !here && !over {
				out.conflicts = append(out.conflicts, difference{e.String(), "reference to " + r.String(), gone, gone})
			}
		}
		j, ok := c.target.at[e.place]
		if !ok {
			out.missing = append(out.missing, i)
			if err := c.claimed(out, taken, i); err != nil {
				return err
			}
			continue
		}
		if err := c.pair(out, i, j); err != nil {
			return err
		}
	}
	return nil
}

// holder is an ID within a context.
type holder struct {
	context string
	id      int
}

// contents returns where the target keeps the content of each ID, and finds IDs that stand for two contents in the source.
func (c *comparer) contents(out *comparison) map[holder]int {
	taken := make(map[holder]int, len(c.target.entries))
	for j, e := range c.target.entries {
		taken[holder{contextOf(e.subject), e.id}] = j
	}
	first := map[holder]int{}
	for i, e := range c.source.entries {
		h := holder{contextOf(e.subject), e.id}
		k, met := first[h]
		if !met {
			first[h] = i
		} else if c.source.entries[k].sum != e.sum {
			out.conflicts = append(out.conflicts, difference{
				e.String(), fmt.Sprintf("id %d", e.id), "another schema than in " + c.source.entries[k].String(), "not possible",
			})
		}
	}
	return taken
}

// claimed finds that the ID of a missing version stands for another content in the target.
func (c *comparer) claimed(out *comparison, taken map[holder]int, i int) error {
	e := c.source.entries[i]
	j, ok := taken[holder{contextOf(e.subject), e.id}]
	if !ok || c.target.entries[j].sum == e.sum {
		return nil
	}
	found, err := c.contentDiffers(i, j)
	if err == nil && len(found) > 0 {
		out.conflicts = append(out.conflicts, difference{
			e.String(), fmt.Sprintf("id %d", e.id), "this schema", "another schema, that of " + c.target.entries[j].String(),
		})
	}
	return err
}

// pair compares two versions in the same place.
func (c *comparer) pair(out *comparison, i, j int) error {
	s, t := c.source.entries[i], c.target.entries[j]
	if s.id != t.id {
		out.conflicts = append(out.conflicts, difference{s.String(), "id", strconv.Itoa(s.id), strconv.Itoa(t.id)})
	}
	switch {
	case t.deleted && !s.deleted:
		out.conflicts = append(out.conflicts, difference{s.String(), "state", "live", "soft-deleted"})
	case s.deleted && !t.deleted:
		out.hide = append(out.hide, i)
	}
	if s.sum != t.sum {
		found, err := c.contentDiffers(i, j)
		out.conflicts = append(out.conflicts, found...)
		return err
	}
	if s.guid != t.guid && s.guid != (schema.GUID{}) && t.guid != (schema.GUID{}) { // both sides state one
		out.guids = append(out.guids, difference{s.String(), "guid", s.guid.String(), t.guid.String()})
	}
	return nil
}

// contentDiffers says in what two contents differ. Texts that mean the same in the canonical form do not: some registries keep a
// text as it was sent.
func (c *comparer) contentDiffers(i, j int) ([]difference, error) {
	s, err := c.source.version(i)
	if err != nil {
		return nil, err
	}
	t, err := c.target.version(j)
	if err != nil {
		return nil, err
	}
	var out []difference
	where := c.source.entries[i].String()
	add := func(what string, a, b any) error {
		same, err := equalJSON(a, b)
		if !same && err == nil {
			from, to := excerpts(a, b)
			out = append(out, difference{where, what, from, to})
		}
		return err
	}
	if s.SchemaType == t.SchemaType && s.Schema != t.Schema && c.sameCanonical(i, j) {
		t.Schema = s.Schema
	}
	for _, m := range []struct {
		what string
		a, b any
	}{
		{"schemaType", s.SchemaType, t.SchemaType}, {"schema", s.Schema, t.Schema}, {"references", s.References, t.References},
		{"metadata", s.Metadata, t.Metadata}, {"ruleSet", s.RuleSet, t.RuleSet},
	} {
		if err := add(m.what, m.a, m.b); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// extras finds what only the target has.
func (c *comparer) extras(out *comparison) {
	if c.extra {
		return
	}
	for _, e := range c.target.entries {
		if _, ok := c.source.at[e.place]; !ok && c.scope.has(e.subject) {
			out.conflicts = append(out.conflicts, difference{e.String(), "version", gone, there})
		}
	}
}

// compareContexts compares which contexts there are, and up to where their IDs are given away: a target that gives an ID away
// again would have old records read with another schema.
func (c *comparer) compareContexts(out *comparison) {
	for _, name := range slices.Sorted(maps.Keys(c.source.contexts)) {
		last, ok := c.target.contexts[name]
		wanted := c.source.contexts[name]
		switch {
		case !ok:
			out.contexts = append(out.contexts, difference{"context " + name, "context", there, gone})
		case wanted > 0 && last > 0 && last < wanted:
			out.contexts = append(out.contexts, difference{"context " + name, "highest id given away", strconv.Itoa(wanted), strconv.Itoa(last)})
		}
	}
	if c.extra {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.target.contexts)) {
		if _, ok := c.source.contexts[name]; !ok && c.scope.hasContext(name) && name != defaultContext {
			out.contexts = append(out.contexts, difference{"context " + name, "context", gone, there})
		}
	}
}

// settings compares configurations and modes.
func (c *comparer) settings(out *comparison) error {
	if c.want.configs {
		err := eachSetting(c, c.source.configs, c.target.configs, func(name string, a, b *openapi.Config) {
			from, to := excerpts(a, b)
			out.configs = append(out.configs, difference{describe(name), "config", from, to})
			out.configNames = append(out.configNames, name)
		})
		if err != nil {
			return err
		}
	}
	if !c.want.modes {
		return nil
	}
	return eachSetting(c, c.source.modes, c.target.modes, func(name string, a, b *string) {
		from, to := excerpts(a, b)
		out.modes = append(out.modes, difference{describe(name), "mode", from, to})
		out.modeNames = append(out.modeNames, name)
	})
}

// eachSetting calls differs for every name under which the sides do not store the same; nil is nothing stored.
func eachSetting[T any](c *comparer, source, target map[string]T, differs func(name string, a, b *T)) error {
	names := maps.Clone(source)
	if !c.extra {
		maps.Copy(names, target)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !c.scope.hasSetting(name) {
			continue
		}
		a, b := pointer(source, name), pointer(target, name)
		same, err := equalJSON(a, b)
		if err != nil {
			return err
		}
		if !same {
			differs(name, a, b)
		}
	}
	return nil
}

func pointer[T any](m map[string]T, name string) *T {
	if v, ok := m[name]; ok {
		return &v
	}
	return nil
}

// excerpts shows two values, long ones from a little before the place where they part.
func excerpts(a, b any) (string, string) {
	x, y := show(a), show(b)
	start := 0
	for start < len(x) && start < len(y) && x[start] == y[start] {
		start++
	}
	return excerpt(x, start), excerpt(y, start)
}

func show(value any) string {
	text, err := encode(value)
	if err != nil || string(text) == "null\n" {
		return "nothing"
	}
	return string(text[:len(text)-1])
}

func excerpt(text string, from int) string {
	const most, before = 200, 40
	if len(text) <= most {
		return text
	}
	start := max(0, from-before)
	end := min(len(text), start+most)
	out := text[start:end]
	if start > 0 {
		out = "..." + out
	}
	if end < len(text) {
		out += "..."
	}
	return out
}

// sameCanonical reports whether two versions have one canonical text, each read with its own side's references.
func (c *comparer) sameCanonical(i, j int) bool {
	a, err := c.parse(c.source, i, map[int]schema.Schema{})
	if err != nil {
		return false
	}
	b, err := c.parse(c.target, j, map[int]schema.Schema{})
	return err == nil && a.Canonical() == b.Canonical()
}

// parse reads an entry with all that it refers to, each once. References that lead in a circle are refused.
func (c *comparer) parse(im *image, i int, known map[int]schema.Schema) (schema.Schema, error) {
	if s, ok := known[i]; ok {
		if s == nil {
			return nil, schema.ErrInvalid
		}
		return s, nil
	}
	known[i] = nil
	v, err := im.version(i)
	if err != nil {
		return nil, err
	}
	f, err := c.formats.Lookup(v.SchemaType)
	if err != nil {
		return nil, err
	}
	src := schema.Source{Text: v.Schema, Rigor: schema.AsStored}
	deps := make([]schema.Dep, len(v.References))
	for k, r := range v.References {
		at, ok := im.at[im.entries[i].refs[k]]
		if !ok {
			return nil, schema.ErrInvalid
		}
		deps[k].Reference = schema.Reference(r)
		if deps[k].Schema, err = c.parse(im, at, known); err != nil {
			return nil, err
		}
		src.References = append(src.References, deps[k].Reference)
	}
	s, err := f.Parse(src, deps)
	if err != nil {
		return nil, err
	}
	known[i] = s
	return s, nil
}
