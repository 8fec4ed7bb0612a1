package page

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a place in the document. The zero node is one that is not there.
type node struct{ y *yaml.Node }

func (n node) is() bool { return n.y != nil }

// get returns a member of a mapping.
func (n node) get(name string) node {
	for key, value := range n.members() {
		if key == name {
			return value
		}
	}
	return node{}
}

// text returns a scalar as it is written.
func (n node) text() string {
	if n.y == nil || n.y.Kind != yaml.ScalarNode {
		return ""
	}
	return strings.TrimSpace(n.y.Value)
}

func (n node) yes() bool { return n.text() == "true" }

// members yields a mapping in the order of its text.
func (n node) members() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		if n.y == nil || n.y.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.y.Content); i += 2 {
			if !yield(n.y.Content[i].Value, node{n.y.Content[i+1]}) {
				return
			}
		}
	}
}

// items yields a list.
func (n node) items() iter.Seq[node] {
	return func(yield func(node) bool) {
		if n.y == nil || n.y.Kind != yaml.SequenceNode {
			return
		}
		for _, one := range n.y.Content {
			if !yield(node{one}) {
				return
			}
		}
	}
}

// words returns a list of scalars.
func (n node) words() (list []string) {
	for one := range n.items() {
		list = append(list, one.text())
	}
	return list
}

// only notes an error if a mapping has a member that is not among those that are shown. Extensions (x-...) need not be.
func (p *page) only(n node, names ...string) {
	for name, value := range n.members() {
		if p.err == nil && !slices.Contains(names, name) && !strings.HasPrefix(name, "x-") {
			p.err = fmt.Errorf("line %d: the page does not know what to do with %s", value.y.Line, name)
		}
	}
}

// resolve follows a reference into the components, and returns the name that it goes by there.
func (p *page) resolve(n node) (node, string) {
	ref := n.get("$ref").text()
	if ref == "" {
		return n, ""
	}
	to := p.root
	steps := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	for _, step := range steps {
		to = to.get(step)
	}
	if !to.is() || !strings.HasPrefix(ref, "#/") {
		p.err = fmt.Errorf("line %d: %s leads nowhere", n.y.Line, ref)
	}
	return to, steps[len(steps)-1]
}
