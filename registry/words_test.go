package registry_test

import (
	"slices"
	"strings"
	"unicode"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// words is a schema language for tests. A schema is a list of fields in any white space: "name" is a field that readers need,
// "name?" one they can do without, "name#TAG" one with a tag. "@ref" takes in the fields of the reference of that name. A
// "!" anywhere is a syntax error. New names are of lower-case letters; stored ones may be anything else.
type words struct{ name string }

type wordsSchema struct {
	format string
	own    []string // as written
	all    []string // with those of references
}

func (f words) Name() string { return f.name }

func (f words) Rules() []schema.Rule {
	return []schema.Rule{{ID: "FIELD_MISSING", Purpose: "Readers find what they need.", Remedy: "Make the field optional."}}
}

func (f words) Parse(src schema.Source, deps []schema.Dep) (schema.Schema, error) {
	s := &wordsSchema{format: f.name}
	for _, w := range strings.Fields(src.Text) {
		if strings.Contains(w, "!") {
			return nil, fault.New(schema.ErrInvalid, "words.Parse", "unexpected '!' in %s", w)
		}
		name := strings.TrimRight(strings.Split(w, "#")[0], "?")
		if src.Rigor != schema.AsStored && !strings.HasPrefix(w, "@") && strings.ContainsFunc(name, strange) {
			return nil, fault.New(schema.ErrInvalid, "words.Parse", "illegal name %s", name)
		}
		if src.Rigor == schema.WithFields && strings.HasPrefix(name, "zz") {
			return nil, fault.New(schema.ErrInvalid, "words.Parse", "field %s is not allowed", name)
		}
		s.own = append(s.own, w)
		ref, isRef := strings.CutPrefix(w, "@")
		if !isRef {
			s.all = append(s.all, w)
			continue
		}
		i := slices.IndexFunc(deps, func(d schema.Dep) bool { return d.Reference.Name == ref })
		if i < 0 {
			return nil, fault.New(schema.ErrInvalid, "words.Parse", "unknown reference %s", ref)
		}
		s.all = append(s.all, deps[i].Schema.(*wordsSchema).all...)
	}
	return s, nil
}

func strange(r rune) bool { return !unicode.IsLower(r) }

func (s *wordsSchema) Format() string    { return s.format }
func (s *wordsSchema) Canonical() string { return strings.Join(s.own, " ") }

func (s *wordsSchema) Normalize() schema.Schema {
	own := slices.Sorted(slices.Values(s.own))
	return &wordsSchema{s.format, own, s.all}
}

func (s *wordsSchema) Render(style string) (string, error) {
	if style == "resolved" {
		return strings.Join(s.all, " "), nil
	}
	return s.Canonical(), nil
}

func (s *wordsSchema) Fields() []string {
	var out []string
	for _, w := range s.all {
		out = append(out, strings.TrimRight(strings.Split(w, "#")[0], "?"))
	}
	return out
}

func (s *wordsSchema) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	r, w := q.Words()
	has := writer.(*wordsSchema).Fields()
	var out []schema.Difference
	for i, name := range s.Fields() {
		if strings.Contains(s.all[i], "?") || slices.Contains(has, name) || q.Policy == schema.Lenient {
			continue
		}
		out = append(out, schema.Difference{Rule: "FIELD_MISSING", Path: "/" + name, Detail: name,
			Message: "{errorType:'FIELD_MISSING', description:'" + name + " in " + r + " is not in " + w + "'}"})
	}
	return out
}

func (s *wordsSchema) EqualTo(other schema.Schema) bool {
	a, b := s.all, other.(*wordsSchema).all
	return slices.Equal(a, b)
}

func (s *wordsSchema) Tags() []schema.EntityTags {
	var out []schema.EntityTags
	for _, w := range s.own {
		if parts := strings.Split(w, "#"); len(parts) > 1 {
			out = append(out, schema.EntityTags{Path: strings.TrimRight(parts[0], "?"), Kind: "sr_field", Tags: parts[1:]})
		}
	}
	return out
}

func (s *wordsSchema) EditTags(add, remove []schema.EntityTags) (schema.Schema, error) {
	own := slices.Clone(s.own)
	for i, list := range [][]schema.EntityTags{add, remove} {
		for _, e := range list {
			at := slices.IndexFunc(own, func(w string) bool {
				return strings.TrimRight(strings.Split(w, "#")[0], "?") == strings.TrimPrefix(e.Path, ".")
			})
			if at < 0 {
				return nil, fault.New(schema.ErrInvalid, "words.EditTags", "no field %s", e.Path)
			}
			own[at] = retag(own[at], e.Tags, i == 0)
		}
	}
	return &wordsSchema{s.format, own, own}, nil
}

func (s *wordsSchema) KeepTags(tags []schema.EntityTags) (schema.Schema, error) {
	var next schema.Schema = s
	for _, e := range tags {
		if kept, err := next.(*wordsSchema).EditTags([]schema.EntityTags{e}, nil); err == nil {
			next = kept
		}
	}
	return next, nil
}

func retag(word string, tags []string, add bool) string {
	parts := strings.Split(word, "#")
	for _, tag := range tags {
		parts = append(parts[:1], slices.DeleteFunc(parts[1:], func(x string) bool { return x == tag })...)
		if add {
			parts = append(parts, tag)
		}
	}
	return strings.Join(parts, "#")
}

func (s *wordsSchema) Message(string) (schema.Message, error) {
	return nil, fault.New(schema.ErrMessageNotFound, "words.Message", "words have no messages")
}

func (s *wordsSchema) Open(body []byte) (schema.Message, []byte, error) { return nil, body, nil }

// testFormats are two languages that differ in name only.
var testFormats = schema.NewFormats(words{"WORDS"}, words{"OTHER"})
