package acl

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// List is a set of bindings, made for being asked. The zero value is empty.
type List struct {
	all   map[Binding]struct{}
	types map[Type]*index
}

// index holds the bindings of one type by their names.
type index struct {
	literal  map[string][]Binding
	prefixed map[string][]Binding
	lengths  []int // of the prefixes, each once
}

// NewList makes a list. Bindings that are there twice count once.
func NewList(bindings iter.Seq[Binding]) *List {
	l := &List{all: make(map[Binding]struct{}), types: make(map[Type]*index)}
	for b := range bindings {
		if _, ok := l.all[b]; !ok {
			l.all[b] = struct{}{}
			l.add(b)
		}
	}
	return l
}

func (l *List) add(b Binding) {
	x := l.types[b.Type]
	if x == nil {
		x = &index{literal: make(map[string][]Binding), prefixed: make(map[string][]Binding)}
		l.types[b.Type] = x
	}
	if b.Pattern == Literal {
		x.literal[b.Name] = append(x.literal[b.Name], b)
		return
	}
	x.prefixed[b.Name] = append(x.prefixed[b.Name], b)
	if !slices.Contains(x.lengths, len(b.Name)) {
		x.lengths = append(x.lengths, len(b.Name))
	}
}

// Bindings yields all bindings, in no order.
func (l *List) Bindings() iter.Seq[Binding] { return maps.Keys(l.all) }

// Has reports whether a binding is in the list.
func (l *List) Has(b Binding) bool {
	_, ok := l.all[b]
	return ok
}

// Len returns how many bindings there are.
func (l *List) Len() int { return len(l.all) }

// matching yields the bindings whose pattern covers a resource.
func (l *List) matching(t Type, name string) iter.Seq[Binding] {
	return func(yield func(Binding) bool) {
		x := l.types[t]
		if x == nil {
			return
		}
		each := func(bindings []Binding) bool {
			for _, b := range bindings {
				if !yield(b) {
					return false
				}
			}
			return true
		}
		if !each(x.literal[name]) || (name != Everyone && !each(x.literal[Everyone])) {
			return
		}
		for _, n := range x.lengths {
			if n <= len(name) && !each(x.prefixed[name[:n]]) {
				return
			}
		}
	}
}

// Filter chooses bindings. An empty field chooses all.
type Filter struct {
	Type       Type
	Name       *string
	Pattern    FilterPattern
	Principal  *string
	Host       *string
	Operation  Operation
	Permission Permission
}

// FilterPattern says how the name of a Filter stands for names of bindings.
type FilterPattern string

// The patterns of filters (Kafka's PatternType): bindings of that name with this pattern; of that name with either; or those
// that would apply to a resource of that name.
const (
	OnlyLiteral                = FilterPattern(Literal)
	OnlyPrefixed               = FilterPattern(Prefixed)
	AnyPattern   FilterPattern = ""
	Match        FilterPattern = "MATCH"
)

// Matches reports whether the filter chooses a binding.
func (f Filter) Matches(b Binding) bool {
	is := func(want *string, got string) bool { return want == nil || *want == got }
	return (f.Type == "" || f.Type == b.Type) && f.matchesName(b) && is(f.Principal, b.Principal) && is(f.Host, b.Host) &&
		(f.Operation == "" || f.Operation == b.Operation) && (f.Permission == "" || f.Permission == b.Permission)
}

func (f Filter) matchesName(b Binding) bool {
	switch {
	case f.Pattern == OnlyLiteral || f.Pattern == OnlyPrefixed:
		return FilterPattern(b.Pattern) == f.Pattern && (f.Name == nil || *f.Name == b.Name)
	case f.Name == nil:
		return true
	case f.Pattern == Match && b.Pattern == Prefixed:
		return strings.HasPrefix(*f.Name, b.Name)
	case f.Pattern == Match:
		return b.Name == *f.Name || b.Name == Everyone
	}
	return b.Name == *f.Name
}
