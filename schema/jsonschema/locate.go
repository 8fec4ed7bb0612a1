package jsonschema

import (
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// Limits of one walk along a path.
const (
	maxHops    = 64 // refs followed one after the other
	maxSlashes = 64 // slashes in one property's name
)

// Locate returns the place of a path of a difference. Paths name properties and keywords, so they lead to the same places in the
// schemas of both sides. They pass refs without a trace; those into the same text are followed.
func (s *parsed) Locate(path string) (line, column int, ok bool) {
	root, err := readSchemaText(s.source)
	if err != nil {
		return 0, 0, false
	}
	l := locator{root: root, at: root}
	for rest := strings.TrimPrefix(path, "#/"); rest != ""; {
		rest = l.step(rest)
	}
	line, column = schema.Position(s.source, l.at.pos)
	return line, column, true
}

// locator walks a text along a path.
type locator struct {
	root, at *value
}

// otherNames are the keywords that say in newer drafts what a path says in the words of older ones.
var otherNames = map[string][]string{
	"items":           {"prefixItems"},
	"additionalItems": {"items"},
	"dependencies":    {"dependentSchemas", "dependentRequired"},
}

// step follows the first keyword of a path, and the name or index behind it, and returns what is left: nothing if the text has
// no such place.
func (l *locator) step(path string) string {
	keyword, rest, _ := strings.Cut(path, "/")
	l.hop(keyword)
	switch keyword {
	case "properties":
		return l.named(rest, keyword)
	case "dependencies":
		return l.named(rest, append([]string{keyword}, otherNames[keyword]...)...)
	case "required":
		l.required(rest)
		return ""
	case "items":
		return l.items(rest)
	}
	for _, name := range append([]string{keyword}, otherNames[keyword]...) {
		if v := l.at.get(name); v != nil {
			l.at = v
			return rest
		}
	}
	return ""
}

// hop follows refs within the text while the place itself does not have the keyword.
func (l *locator) hop(keyword string) {
	for range maxHops {
		ref := l.at.get("$ref")
		if ref == nil || !strings.HasPrefix(ref.text, "#") || l.at.get(keyword) != nil {
			return
		}
		target := pointer(l.root, ref.text[1:], nil)
		if target == nil {
			return
		}
		l.at = target
	}
}

// named goes to an entry of one of the keywords that hold subschemas by name.
func (l *locator) named(path string, keywords ...string) string {
	for _, k := range keywords {
		in := l.at.get(k)
		if in == nil {
			continue
		}
		if v, rest, ok := in.entry(path); ok {
			l.at = v
			return rest
		}
	}
	if in := l.at.get(keywords[0]); in != nil {
		l.at = in
	}
	return ""
}

// entry finds the member whose name begins a path. A name may hold slashes: the shortest that fits is taken.
func (v *value) entry(path string) (found *value, rest string, ok bool) {
	end := 0
	for range maxSlashes {
		next := strings.IndexByte(path[end:], '/')
		if next < 0 {
			found = v.get(path)
			return found, "", found != nil
		}
		end += next
		if found = v.get(path[:end]); found != nil {
			return found, path[end+1:], true
		}
		end++
	}
	return nil, "", false
}

// required goes to a name in the list of required ones, or to the property of that name.
func (l *locator) required(name string) {
	list := l.at.get("required")
	if list != nil {
		for _, x := range list.items {
			if x.kind == jsonString && x.text == name {
				l.at = x
				return
			}
		}
	}
	if p := l.at.get("properties"); p != nil && p.get(name) != nil {
		l.at = p.get(name)
	} else if list != nil {
		l.at = list
	}
}

// items goes to the schema of all items or, with an index, to that of one.
func (l *locator) items(path string) string {
	index, rest, _ := strings.Cut(path, "/")
	for _, k := range [...]string{"prefixItems", "items"} {
		list := l.at.get(k)
		if list == nil || list.kind != jsonArray {
			continue
		}
		l.at = list
		if x := list.step(index); x != nil {
			l.at = x
			return rest
		}
		return ""
	}
	if all := l.at.get("items"); all != nil {
		l.at = all
		return path
	}
	return ""
}
