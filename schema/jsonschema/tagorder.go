package jsonschema

import (
	"cmp"
	"slices"
)

// sortedParts orders the parts of a combination as Confluent's tag paths count them: by kind, then title, description, default
// and content.
func sortedParts(items []*value) []*value {
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b *value) int {
		return cmp.Or(cmp.Compare(partKind(a), partKind(b)), cmp.Compare(partText(a, "title"), partText(b, "title")),
			cmp.Compare(partText(a, "description"), partText(b, "description")), cmp.Compare(partText(a, "default"), partText(b, "default")),
			cmp.Compare(string(appendValue(nil, a, true)), string(appendValue(nil, b, true))))
	})
	return out
}

func partText(v *value, keyword string) string {
	if x := v.get(keyword); x != nil {
		return string(appendValue(nil, x, true))
	}
	return ""
}

// partKind is Confluent's word for the kind of a subschema.
func partKind(v *value) string {
	switch {
	case v.kind == jsonBool && v.truth:
		return "true"
	case v.kind == jsonBool:
		return "false"
	case v.get("$ref") != nil:
		return "reference"
	}
	kinds := map[string]bool{}
	for _, m := range v.members {
		if k := keywordKind(m); k != "" {
			kinds[k] = true
		}
	}
	switch len(kinds) {
	case 0:
		return "empty"
	case 1:
		for k := range kinds {
			return k
		}
	}
	return "combined"
}

// keywordKind is the kind of subschema that a keyword makes by itself, empty if it makes none.
func keywordKind(m member) string {
	switch m.key {
	case "enum", "const", "not":
		return m.key
	case allOf, anyOf, oneOf:
		return "combined"
	case "if", "then", "else":
		return "conditional"
	case "type":
		switch m.value.text {
		case "":
			return "combined" // a list of types
		case "integer":
			return "number"
		}
		return m.value.text
	}
	for kind, keywords := range map[string][]string{"array": arrayKeywords, "object": objectKeywords, "number": numberKeywords, "string": stringKeywords} {
		if slices.Contains(keywords, m.key) {
			return kind
		}
	}
	return ""
}
