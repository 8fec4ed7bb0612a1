package migrate

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// plan is what an import has to do, decided before anything is written.
type plan struct {
	steps   []step
	late    [][]int  // soft deletions after all steps, referrers before what they refer to
	configs []string // names whose configuration is written
	modes   []string // names whose mode is written
	burn    []string // contexts whose highest IDs must not be given away again, or which must come to be
}

// step is one level of references: everything in it may be written at the same time, except that the versions of a group are
// written one after the other.
type step struct {
	groups [][]int // versions of one content, by ID: the registry takes the last for new subjects, as other registries do
	hide   []int   // soft deletions before the next step: what live versions of the next steps refer to
}

func (p *plan) empty() bool {
	return len(p.steps)+len(p.late)+len(p.configs)+len(p.modes)+len(p.burn) == 0
}

func (p *plan) writes() (versions, deletions int) {
	for _, s := range p.steps {
		deletions += len(s.hide)
		for _, g := range s.groups {
			versions += len(g)
		}
	}
	for _, l := range p.late {
		deletions += len(l)
	}
	return versions, deletions
}

// makePlan turns a comparison into writes, or into the conflicts that stand in the way.
func makePlan(c *comparer, found *comparison) (*plan, []difference) {
	conflicts := append(slices.Clone(found.conflicts), c.shared(found)...)
	if len(conflicts) > 0 {
		return nil, conflicts
	}
	p := &plan{configs: found.configNames, modes: found.modeNames, burn: c.burn()}
	p.order(c.source, found)
	return p, nil
}

// shared finds settings that subjects would fall under which only the target has.
func (c *comparer) shared(found *comparison) []difference {
	others := map[string]bool{}
	for _, e := range c.target.entries {
		if _, ok := c.source.at[e.place]; !ok {
			others[in(contextOf(e.subject), "")] = true
			others[globalName] = true
		}
	}
	var out []difference
	for i, name := range found.configNames {
		if others[name] {
			out = append(out, found.configs[i])
		}
	}
	for i, name := range found.modeNames {
		if others[name] {
			out = append(out, found.modes[i])
		}
	}
	return out
}

// burn returns the contexts that the target lacks and no version brings along, and those whose counters of IDs would fall back.
func (c *comparer) burn() []string {
	highest := c.source.highest()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.source.contexts)) {
		last, exists := c.target.contexts[name]
		wanted := c.source.contexts[name]
		if !exists && highest[name] == 0 || wanted > max(last, highest[name]) {
			out = append(out, name)
		}
	}
	return out
}

// order lays the versions out so that each is written after what it refers to, and soft-deleted as its references allow: a
// registry does not delete what live versions refer to, so such a version is deleted before they come.
func (p *plan) order(source *image, found *comparison) {
	levels, used := source.levels(), source.usedLive()
	writes, hide, late := map[int][]int{}, map[int][]int{}, map[int][]int{}
	doom := func(i int) {
		if used[i] {
			hide[levels[i]] = append(hide[levels[i]], i)
		} else {
			late[levels[i]] = append(late[levels[i]], i)
		}
	}
	for _, i := range found.missing {
		writes[levels[i]] = append(writes[levels[i]], i)
		if source.entries[i].deleted {
			doom(i)
		}
	}
	for _, i := range found.hide {
		doom(i)
	}
	for _, l := range slices.Sorted(maps.Keys(union(writes, hide))) {
		p.steps = append(p.steps, step{groups: groups(source, writes[l]), hide: hide[l]})
	}
	for _, l := range slices.Backward(slices.Sorted(maps.Keys(late))) {
		p.late = append(p.late, late[l])
	}
}

func union(a, b map[int][]int) map[int][]int {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// groups brings versions of one content in one context together, by ID.
func groups(source *image, list []int) [][]int {
	slices.SortFunc(list, func(a, b int) int {
		x, y := source.entries[a], source.entries[b]
		return cmp.Or(
			cmp.Compare(contextOf(x.subject), contextOf(y.subject)), bytes.Compare(x.sum[:], y.sum[:]),
			cmp.Compare(x.id, y.id), cmp.Compare(x.subject, y.subject), cmp.Compare(x.version, y.version))
	})
	var out [][]int
	for n, i := range list {
		if n > 0 {
			x, y := source.entries[list[n-1]], source.entries[i]
			if x.sum == y.sum && contextOf(x.subject) == contextOf(y.subject) {
				out[len(out)-1] = append(out[len(out)-1], i)
				continue
			}
		}
		out = append(out, []int{i})
	}
	return out
}

// burnText is a schema that nobody else has.
func burnText(id int) string {
	return `{"type":"fixed","name":"pawl_migrate_reserved_` + strconv.Itoa(id) + `","size":1}`
}
