package protobuf

import (
	"slices"
	"strings"
)

// options reads a bracketed list of options, if there is one.
func (r *reader) options() []option {
	if !r.accept('[') {
		return nil
	}
	var all []option
	for r.err == nil {
		all = append(all, r.option('='))
		if r.accept(']') {
			break
		}
		if c := r.next(); c != ',' {
			r.fail(r.pos-1, "expected ',' or ']'")
		}
	}
	return all
}

// option reads name, separator and value. Within aggregates the separator is ':', which may be left out before '{'.
func (r *reader) option(separator byte) option {
	name, open := r.name()
	o := option{name: name, paren: open == '('}
	if open == '[' {
		o.name = "[" + name + "]"
	}
	var path []string
	c := r.next()
	for c == '.' && r.err == nil {
		if path = append(path, r.subName()...); len(path) > maxDepth {
			r.fail(r.pos, "the name of an option has more than %d parts", maxDepth)
		}
		c = r.next()
	}
	if separator == ':' && c == '{' {
		r.pos--
	} else if c != separator {
		r.fail(r.pos-1, "expected '%c' in option", separator)
	}
	o.value = r.value()
	for _, p := range slices.Backward(path) {
		o.value = value{kind: kindSub, sub: &option{name: p, value: o.value}}
	}
	return o
}

// subName reads one part of a dotted name behind parentheses, such as the b.c of (a).b.c.
func (r *reader) subName() []string {
	switch name, open := r.name(); open {
	case '(':
		return []string{"(" + name + ")"}
	case '[':
		return []string{"[" + name + "]"}
	default:
		return strings.Split(name, ".")
	}
}

func (r *reader) value() value {
	switch c := r.peek(); {
	case c == '{':
		return value{kind: kindMap, entries: r.aggregate()}
	case c == '[':
		return value{kind: kindList, items: r.list()}
	case c == '"' || c == '\'':
		return value{kind: kindString, text: r.quoted()}
	case isDigit(c) || c == '-':
		return value{kind: kindNumber, text: r.word()}
	}
	w := r.word()
	if w == "true" || w == "false" {
		return value{kind: kindBool, text: w}
	}
	return value{kind: kindWord, text: w}
}

// aggregate reads the entries between braces. A repeated key turns its value into a list.
func (r *reader) aggregate() []entry {
	var entries []entry
	index := map[string]int{}
	r.require('{')
	r.enter()
	for r.err == nil && !r.accept('}') {
		o := r.option(':')
		if o.value.kind == kindSub {
			o.value = value{kind: kindMap, entries: subEntries(o.value)}
		}
		if i, seen := index[o.name]; seen {
			entries[i].value = joined(entries[i].value, o.value)
		} else {
			index[o.name] = len(entries)
			entries = append(entries, entry{o.name, o.value})
		}
		if !r.accept(',') {
			r.accept(';')
		}
	}
	r.leave()
	return entries
}

// joined adds a value, or the items of a list, to what a key holds already.
func joined(have, more value) value {
	items := []value{have}
	if have.kind == kindList {
		items = have.items
	}
	if more.kind == kindList {
		items = append(items, more.items...)
	} else {
		items = append(items, more)
	}
	return value{kind: kindList, items: items}
}

func (r *reader) list() []value {
	var items []value
	r.require('[')
	r.enter()
	for r.err == nil && !r.accept(']') {
		items = append(items, r.value())
		if !r.accept(',') && r.peek() != ']' {
			r.fail(r.pos, "expected ',' or ']'")
		}
	}
	r.leave()
	return items
}

// subEntries turns a dotted remainder into the aggregate it stands for.
func subEntries(v value) []entry {
	inner := v.sub.value
	if inner.kind == kindSub {
		inner = value{kind: kindMap, entries: subEntries(inner)}
	}
	return []entry{{v.sub.name, inner}}
}
