package protobuf

import (
	"slices"
	"strconv"
	"strings"
)

// sortText breaks ties as the reference does: by the text of the value, "1..5" for a range.
func (r numberRange) sortText() string {
	switch {
	case r.named:
		return r.name
	case r.span:
		return strconv.Itoa(int(r.first)) + ".." + strconv.Itoa(int(r.last))
	}
	return strconv.Itoa(int(r.first))
}

// options sorts options by name, spells out the names of known custom options, and merges the settings of those that are not
// repeated.
func (w *rewriter) options(in []option) []option {
	if len(in) == 0 {
		return nil
	}
	type known struct {
		option
		merge bool
	}
	all := make([]known, 0, len(in))
	for _, o := range in {
		k := known{option: o}
		if o.paren {
			if full, f, ok := w.universe.resolveExtension(w.scope, o.name); ok {
				k.name, k.value, k.merge = full, aggregated(o.value), f.label != repeated
			}
		}
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b known) int { return strings.Compare(a.name, b.name) })
	var out []option
	for i := 0; i < len(all); {
		run := i + 1
		for all[i].merge && run < len(all) && all[run].merge && all[run].name == all[i].name {
			run++
		}
		o := all[run-1].option
		if run > i+1 {
			var m merger
			for _, k := range all[i:run] {
				m.add(k.value)
			}
			o.value = m.value()
		}
		o.value = w.value(o.value, false)
		out = append(out, o)
		i = run
	}
	return out
}

// aggregated turns (a).b = 1 into (a) = { b: 1 }.
func aggregated(v value) value {
	if v.kind == kindSub {
		return value{kind: kindMap, entries: subEntries(v)}
	}
	return v
}

// merger joins several settings of one option: entries of aggregates under one key become a list without duplicates; of anything
// else the later setting counts.
type merger struct {
	last    value
	entries []entry
	index   map[string]int
	seen    map[string]map[string]bool // by key, the texts of the values that its list holds
}

func (m *merger) add(v value) {
	if v.kind != kindMap {
		*m = merger{last: v}
		return
	}
	if m.index == nil {
		*m = merger{last: v, index: map[string]int{}, seen: map[string]map[string]bool{}}
	}
	for _, e := range v.entries {
		i, twice := m.index[e.key]
		if !twice {
			m.index[e.key] = len(m.entries)
			m.entries = append(m.entries, e)
			continue
		}
		if m.seen[e.key] == nil {
			first := m.entries[i].value
			m.seen[e.key] = map[string]bool{}
			m.entries[i].value = value{kind: kindList}
			m.extend(i, first)
		}
		m.extend(i, e.value)
	}
}

// extend adds a value, or the items of a list, to the list of an entry.
func (m *merger) extend(i int, v value) {
	items := []value{v}
	if v.kind == kindList {
		items = v.items
	}
	to := &m.entries[i]
	for _, item := range items {
		var p printer
		p.item(item)
		if text := p.String(); !m.seen[to.key][text] {
			m.seen[to.key][text] = true
			to.value.items = append(to.value.items, item)
		}
	}
}

func (m *merger) value() value {
	if m.last.kind != kindMap {
		return m.last
	}
	return value{kind: kindMap, entries: m.entries}
}

// value rewrites numbers and aggregates. Within aggregates, a list of one item is that item.
func (w *rewriter) value(v value, within bool) value {
	switch v.kind {
	case kindNumber:
		v.text = plainNumber(v.text)
	case kindList:
		if within && len(v.items) == 1 {
			return w.value(v.items[0], true)
		}
		items := make([]value, len(v.items))
		for i, x := range v.items {
			items[i] = w.value(x, true)
		}
		v.items = items
	case kindMap:
		v.entries = w.entries(v.entries)
	case kindSub:
		v.sub = &option{name: v.sub.name, value: w.value(v.sub.value, false)}
	}
	return v
}

// entries sorts an aggregate by key and drops empty lists; a key that names an extension gets its full name.
func (w *rewriter) entries(in []entry) []entry {
	var out []entry
	for _, e := range in {
		if e.value.kind == kindList && len(e.value.items) == 0 {
			continue
		}
		if name, ok := strings.CutPrefix(e.key, "["); ok {
			if full, _, ok := w.universe.resolveExtension(w.scope, strings.TrimSuffix(name, "]")); ok {
				e.key = "[" + full + "]"
			}
		}
		e.value = w.value(e.value, true)
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return slices.CompactFunc(out, func(a, b entry) bool { return a.key == b.key })
}
