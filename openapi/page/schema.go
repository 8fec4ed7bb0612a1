package page

import (
	"slices"
	"strings"
)

// shown are the members of a schema that the page knows.
var shown = []string{
	"$ref", "type", "format", "description", "enum", "default", "nullable", "items", "properties", "required", "additionalProperties", "allOf",
	"minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
}

// schemas shows the bodies that have names.
func (p *page) schemas() {
	p.put("<section id=\"schemas\">\n<h2>bodies</h2>\n")
	for name, one := range p.root.get("components").get("schemas").members() {
		p.put("<article id=\"schema-%s\">\n<h3><a href=\"#schema-%s\"><code>%s</code></a></h3>\n<p>", name, name, name)
		p.kind(one)
		p.put("</p>\n")
		p.prose(one.get("description"))
		p.properties(one)
		p.put("</article>\n")
	}
	p.put("</section>\n")
}

func (p *page) properties(s node) {
	if !s.get("properties").is() {
		return
	}
	p.put("<table>\n")
	needed := s.get("required").words()
	for name, one := range s.get("properties").members() {
		p.put("<tr><td><code>%s</code>%s</td><td>", name, required(slices.Contains(needed, name)))
		p.kind(one)
		p.put("</td><td>")
		p.prose(one.get("description"))
		p.properties(one)
		p.put("</td></tr>\n")
	}
	p.put("</table>\n")
}

// kind shows the type of a value in a few words.
func (p *page) kind(s node) {
	if !s.is() {
		return
	}
	p.only(s, shown...)
	switch {
	case s.get("$ref").is():
		_, name := p.resolve(s)
		p.put("<a href=\"#schema-%s\">%s</a>", name, name)
	case s.get("allOf").is():
		p.joined(s.get("allOf"))
	case s.get("items").is():
		p.put("list of ")
		p.kind(s.get("items"))
	case s.get("additionalProperties").get("type").is() || s.get("additionalProperties").get("$ref").is():
		p.put("map to ")
		p.kind(s.get("additionalProperties"))
	default:
		p.put("%s", s.get("type").text())
	}
	p.limits(s)
}

func (p *page) joined(all node) {
	first := true
	for one := range all.items() {
		if !first {
			p.put(" and ")
		}
		first = false
		p.kind(one)
	}
}

// limits shows what narrows a type.
func (p *page) limits(s node) {
	if s.get("format").is() {
		p.put(" (%s)", s.get("format").text())
	}
	if s.get("nullable").yes() {
		p.put(" or null")
	}
	if all := s.get("enum").words(); len(all) > 0 {
		p.put(": <code>%s</code>", strings.Join(all, " | "))
	}
	for _, name := range []string{"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "pattern", "default"} {
		if v := s.get(name); v.is() {
			p.put(", %s <code>%s</code>", words(name), v.text())
		}
	}
}

// words splits a name such as minItems.
func words(name string) string {
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			return name[:i] + " " + strings.ToLower(name[i:])
		}
	}
	return name
}
