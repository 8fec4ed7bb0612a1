package jsonschema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Tags stand in the keyword confluent:tags of a subschema. A path is a walk of words: "object" and a property's name, or
// "object", "definitions" (or "$defs") and a definition's; "array" into items; "anyof", "allof" or "oneof" and an index, counted
// in the order of sortedParts; "not"; "conditional" and "if", "then" or "else". A path that ends in "object" names the record.
const (
	tagsKeyword = "confluent:tags"
	recordKind  = "sr_record"
	fieldKind   = "sr_field"
)

// Tags lists the tagged subschemas. A property is a field; any other place is a record.
func (s *parsed) Tags() []schema.EntityTags {
	var out []schema.EntityTags
	collectTags(&out, s.root, nil, false)
	return out
}

func collectTags(out *[]schema.EntityTags, v *value, path []string, field bool) {
	if v.kind != jsonObject {
		return
	}
	if tags := tagsOf(v); len(tags) > 0 {
		e := schema.EntityTags{Path: strings.Join(path, "."), Kind: fieldKind, Tags: tags}
		if !field {
			e.Path, e.Kind = strings.Join(extend(path, "object"), "."), recordKind
		}
		*out = append(*out, e)
	}
	for _, m := range v.members {
		switch m.key {
		case "properties":
			for _, p := range m.value.members {
				collectTags(out, p.value, extend(path, "object", p.key), true)
			}
		case "definitions", "$defs":
			for _, p := range m.value.members {
				collectTags(out, p.value, extend(path, "object", m.key, p.key), false)
			}
		case "items":
			collectTags(out, m.value, extend(path, "array"), false)
		case allOf, anyOf, oneOf:
			for i, x := range sortedParts(m.value.items) {
				collectTags(out, x, extend(path, strings.ToLower(m.key), strconv.Itoa(i)), false)
			}
		case "not":
			collectTags(out, m.value, extend(path, "not"), false)
		case "if", "then", "else":
			collectTags(out, m.value, extend(path, "allof", "0", "conditional", m.key), false)
		}
	}
}

func extend(path []string, words ...string) []string { return append(slices.Clip(path), words...) }

func tagsOf(v *value) []string {
	list := v.get(tagsKeyword)
	if list == nil || list.kind != jsonArray {
		return nil
	}
	var out []string
	for _, x := range list.items {
		if x.kind == jsonString {
			out = append(out, x.text)
		}
	}
	return out
}

// EditTags returns the schema with some tags added and then some removed.
func (s *parsed) EditTags(add, remove []schema.EntityTags) (schema.Schema, error) {
	root := s.root.clone()
	for _, e := range add {
		if err := editTags(root, e, schema.AddTags); err != nil {
			return nil, err
		}
	}
	for _, e := range remove {
		if err := editTags(root, e, schema.RemoveTags); err != nil {
			return nil, err
		}
	}
	return s.reparse(string(appendValue(nil, root, false)))
}

// KeepTags returns the schema with those tags added that have a place in it.
func (s *parsed) KeepTags(tags []schema.EntityTags) (schema.Schema, error) {
	root := s.root.clone()
	for _, e := range tags {
		_ = editTags(root, e, schema.AddTags) // the only failure is a place that is not there
	}
	return s.reparse(string(appendValue(nil, root, false)))
}

// editTags applies an edit to the tags of one place.
func editTags(root *value, e schema.EntityTags, edit func(have, tags []string) []string) error {
	path := strings.TrimPrefix(e.Path, ".")
	v := walkTags(root, strings.Split(path, "."))
	if v == nil || v.kind != jsonObject {
		return fault.New(schema.ErrInvalid, "jsonschema.EditTags", "the path %q leads to no subschema that can carry tags", e.Path)
	}
	have := tagsOf(v)
	v.setTags(edit(have, e.Tags))
	return nil
}

// setTags writes the keyword, or drops it if no tag is left.
func (v *value) setTags(tags []string) {
	if len(tags) == 0 {
		v.members = slices.DeleteFunc(v.members, func(m member) bool { return m.key == tagsKeyword })
		v.index = nil
		return
	}
	list := &value{kind: jsonArray}
	for _, t := range tags {
		list.items = append(list.items, &value{kind: jsonString, text: t})
	}
	v.set(tagsKeyword, list)
}

// clone copies a value in full.
func (v *value) clone() *value {
	out := *v
	out.index, out.members, out.items = nil, nil, nil
	for _, m := range v.members {
		out.set(m.key, m.value.clone())
	}
	for _, x := range v.items {
		out.items = append(out.items, x.clone())
	}
	return &out
}

// walkTags follows the words of a path; nil means that it leads nowhere.
func walkTags(v *value, words []string) *value {
	for v != nil && len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch word {
		case "object":
			if len(words) == 0 {
				return v
			}
			v, words = walkObject(v, words)
		case "array":
			v = v.get("items")
		case "not":
			v = v.get("not")
		case "anyof", "allof", "oneof":
			v, words = walkParts(v, word, words)
		case "conditional":
			if len(words) == 0 || !slices.Contains([]string{"if", "then", "else"}, words[0]) {
				return nil
			}
			v, words = v.get(words[0]), words[1:]
		default:
			return nil
		}
	}
	return v
}

// walkObject steps into a property or a definition. A name may hold dots: the shortest that fits is taken.
func walkObject(v *value, words []string) (*value, []string) {
	in := v.get("properties")
	if (words[0] == "definitions" || words[0] == "$defs") && len(words) > 1 {
		if defs := v.get(words[0]); defs != nil && (in == nil || in.get(words[0]) == nil) {
			in, words = defs, words[1:]
		}
	}
	if in == nil {
		return nil, nil
	}
	for n := 1; n <= len(words); n++ {
		if x := in.get(strings.Join(words[:n], ".")); x != nil {
			return x, words[n:]
		}
	}
	return nil, nil
}

// walkParts steps into one part of a combination. Where the keyword is absent, as for a list of types, the parts are the node
// itself.
func walkParts(v *value, word string, words []string) (*value, []string) {
	if len(words) == 0 {
		return nil, nil
	}
	i, err := strconv.Atoi(words[0])
	if err != nil || i < 0 {
		return nil, nil
	}
	keyword := word[:3] + "Of"
	list := v.get(keyword)
	if list == nil {
		return v, words[1:]
	}
	if i >= len(list.items) {
		return nil, nil
	}
	return sortedParts(list.items)[i], words[1:]
}
