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
	for _, k := range all {
		if last := len(out) - 1; k.merge && last >= 0 && out[last].name == k.name {
			out[last].value = merged(out[last].value, k.value)
			out[last].paren = k.paren
			continue
		}
		out = append(out, k.option)
	}
	for i := range out {
		out[i].value = w.value(out[i].value, false)
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

// merged joins two settings of one option: entries of aggregates under one key become a list without duplicates; of anything else
// the later setting counts.
func merged(have, more value) value {
	if have.kind != kindMap || more.kind != kindMap {
		return more
	}
	entries := slices.Clone(have.entries)
	for _, e := range more.entries {
		i := slices.IndexFunc(entries, func(x entry) bool { return x.key == e.key })
		if i < 0 {
			entries = append(entries, e)
			continue
		}
		entries[i].value = value{kind: kindList, items: distinct(joined(copied(entries[i].value), e.value).items)}
	}
	return value{kind: kindMap, entries: entries}
}

// copied protects the items of a tree from being appended to.
func copied(v value) value {
	v.items = slices.Clip(v.items)
	return v
}

func distinct(items []value) []value {
	var out []value
	seen := map[string]bool{}
	for _, v := range items {
		var p printer
		p.item(v)
		if text := p.String(); !seen[text] {
			seen[text] = true
			out = append(out, v)
		}
	}
	return out
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
