package protobuf

import (
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// metaEntries gathers what all options of one name hold, whichever way they are written, under one key each.
func metaEntries(options []option, name string) []entry {
	var out []entry
	index := map[string]int{}
	for _, o := range options {
		for _, x := range metaParts(o, name) {
			x.value.items = slices.Clip(x.value.items) // the tree keeps its own
			if i, met := index[x.key]; met {
				out[i].value = joined(out[i].value, x.value)
				continue
			}
			index[x.key] = len(out)
			out = append(out, x)
		}
	}
	return out
}

// metaParts returns what an option holds if it has that name.
func metaParts(o option, name string) []entry {
	switch {
	case !isMeta(o, name):
		return nil
	case o.value.kind == kindSub:
		return subEntries(o.value)
	}
	return o.value.entries
}

func isMeta(o option, name string) bool { return o.paren && strings.TrimPrefix(o.name, ".") == name }

func tagsOf(options []option, meta string) []string {
	var all []string
	for _, o := range options {
		for _, x := range metaParts(o, meta) {
			if x.key == tagsKey {
				all = append(all, texts(x.value)...)
			}
		}
	}
	return schema.AddTags(nil, all)
}

// texts returns the strings of a list, or the only one.
func texts(v value) []string {
	items := v.items
	if v.kind != kindList {
		items = []value{v}
	}
	var out []string
	for _, x := range items {
		if x.kind == kindString {
			out = append(out, x.text)
		}
	}
	return out
}

// withTags returns options with these tags in one aggregate, in the place of the first such option or at the end. An aggregate
// that would be empty goes.
func withTags(options []option, meta string, tags []string) []option {
	entries := metaEntries(options, meta)
	at := slices.IndexFunc(entries, func(x entry) bool { return x.key == tagsKey })
	switch {
	case len(tags) == 0 && at >= 0:
		entries = slices.Delete(entries, at, at+1)
	case len(tags) > 0 && at < 0:
		entries = append(entries, entry{tagsKey, tagList(tags)})
	case len(tags) > 0:
		entries[at].value = tagList(tags)
	}
	var out []option
	done := len(entries) == 0
	for _, o := range options {
		if !isMeta(o, meta) {
			out = append(out, o)
		} else if !done {
			out = append(out, metaOption(meta, entries))
			done = true
		}
	}
	if !done {
		out = append(out, metaOption(meta, entries))
	}
	return out
}

func metaOption(name string, entries []entry) option {
	return option{name: name, paren: true, value: value{kind: kindMap, entries: entries}}
}

func tagList(tags []string) value {
	v := value{kind: kindList}
	for _, tag := range tags {
		v.items = append(v.items, value{kind: kindString, text: tag})
	}
	return v
}
