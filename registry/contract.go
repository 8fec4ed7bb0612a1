package registry

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
)

// Properties of metadata that the registry itself reads.
const (
	versionProperty  = "confluent:version"
	reservedProperty = "confluent:reserved"
)

func (m *Metadata) property(name string) (string, bool) {
	if m == nil {
		return "", false
	}
	s, ok := m.Properties[name]
	return s, ok
}

// with returns a copy of m, which may be nil, with one property set.
func (m *Metadata) with(name, value string) *Metadata {
	return mergeMetadata(m, &Metadata{Properties: map[string]string{name: value}})
}

// without returns a copy of m with one property removed.
func (m *Metadata) without(name string) *Metadata {
	out := *m
	out.Properties = maps.Clone(m.Properties)
	delete(out.Properties, name)
	return &out
}

// mergeMetadata puts b over a: later tags and properties win by key, sensitive names are united. Nil is nothing.
func mergeMetadata(a, b *Metadata) *Metadata {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return &Metadata{
		Tags:       overlay(a.Tags, b.Tags),
		Properties: overlay(a.Properties, b.Properties),
		Sensitive:  set(slices.Concat(a.Sensitive, b.Sensitive)),
	}
}

func overlay[V any](a, b map[string]V) map[string]V {
	if len(a) == 0 {
		return b
	}
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// set returns the sorted, distinct texts of a list.
func set(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// normal returns m with sets sorted and empty members nil, so that equal metadata has one form.
func (m *Metadata) normal() *Metadata {
	if m == nil {
		return nil
	}
	out := &Metadata{}
	if len(m.Tags) > 0 {
		out.Tags = make(map[string][]string, len(m.Tags))
		for k, tags := range m.Tags {
			out.Tags[k] = set(tags)
		}
	}
	if len(m.Properties) > 0 {
		out.Properties = maps.Clone(m.Properties)
	}
	if len(m.Sensitive) > 0 {
		out.Sensitive = set(m.Sensitive)
	}
	return out
}

// sameMetadata compares a new schema's metadata with that of a stored version. The property confluent:version is special: the
// new schema may leave it out, and may give it for a version that was stored without it.
func sameMetadata(next, old *Metadata, number int) bool {
	nv, inNext := next.property(versionProperty)
	_, inOld := old.property(versionProperty)
	switch {
	case inOld && !inNext:
		old = old.without(versionProperty)
		if next == nil {
			next = &Metadata{}
		}
	case inNext && !inOld:
		if nv != strconv.Itoa(number) {
			return false
		}
		next = next.without(versionProperty)
		if old == nil {
			old = &Metadata{}
		}
	}
	return equalMetadata(next, old)
}

func equalMetadata(a, b *Metadata) bool {
	return a == b || reflect.DeepEqual(a.normal(), b.normal())
}

// reserved returns the field names that metadata reserves.
func (m *Metadata) reserved() []string {
	list, _ := m.property(reservedProperty)
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// lists returns the three lists of rules.
func (s *RuleSet) lists() [3]*[]Rule {
	return [3]*[]Rule{&s.MigrationRules, &s.DomainRules, &s.EncodingRules}
}

// mergeRuleSets puts b over a, list by list: rules of a whose name b also has give way, then those of b follow.
func mergeRuleSets(a, b *RuleSet) *RuleSet {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	out := &RuleSet{EnableAt: a.EnableAt}
	if b.EnableAt != "" {
		out.EnableAt = b.EnableAt
	}
	la, lb, lo := a.lists(), b.lists(), out.lists()
	for i := range lo {
		later := *lb[i]
		kept := slices.DeleteFunc(slices.Clone(*la[i]), func(r Rule) bool {
			return slices.ContainsFunc(later, func(x Rule) bool { return x.Name == r.Name })
		})
		*lo[i] = append(kept, later...)
	}
	return out
}

// dropRules returns s without the rules of some names.
func dropRules(s *RuleSet, names []string) *RuleSet {
	if s == nil || len(names) == 0 {
		return s
	}
	out := *s
	for _, list := range out.lists() {
		*list = slices.DeleteFunc(slices.Clone(*list), func(r Rule) bool { return slices.Contains(names, r.Name) })
	}
	return &out
}

// normal returns s with the defaults of rules filled in, sets sorted and empty members nil.
func (s *RuleSet) normal() *RuleSet {
	if s == nil {
		return nil
	}
	out := *s
	for _, list := range out.lists() {
		rules := make([]Rule, len(*list))
		for i, r := range *list {
			rules[i] = r.normal()
		}
		if *list = rules; len(rules) == 0 {
			*list = nil
		}
	}
	return &out
}

func (r Rule) normal() Rule {
	if r.Kind == "" {
		r.Kind = "TRANSFORM"
	}
	if r.Mode == "" {
		r.Mode = "WRITEREAD"
	}
	if r.Tags = set(r.Tags); len(r.Tags) == 0 {
		r.Tags = nil
	}
	if len(r.Params) == 0 {
		r.Params = nil
	}
	return r
}

func equalRuleSets(a, b *RuleSet) bool {
	return a == b || reflect.DeepEqual(a.normal(), b.normal())
}

// has reports whether any rule of the set is of a type.
func (s *RuleSet) has(ruleType string) bool {
	if s == nil {
		return false
	}
	for _, list := range s.lists() {
		if slices.ContainsFunc(*list, func(r Rule) bool { return r.Type == ruleType }) {
			return true
		}
	}
	return false
}

const (
	migrationModes = "UPGRADE DOWNGRADE UPDOWN"
	domainModes    = "WRITE READ WRITEREAD"
	maxRuleName    = 256
)

// validate judges a rule set by the rules of Confluent's data contracts. s is in its normal form, or nil.
func (s *RuleSet) validate(op string) error {
	if s == nil {
		return nil
	}
	if s.EnableAt != "" && !word(s.EnableAt, "ALL CLIENT GATEWAY SERVER NONE") {
		return fault.New(ErrInvalidRuleSet, op, "Invalid ruleSet: enableAt '%s' is not one of ALL, CLIENT, GATEWAY, SERVER, NONE", s.EnableAt)
	}
	names := map[string]bool{}
	modes := [3]string{migrationModes, domainModes, domainModes}
	for i, list := range s.lists() {
		for _, r := range *list {
			if fail := r.flaw(modes[i]); fail != "" {
				return fault.New(ErrInvalidRuleSet, op, "Invalid rule '%s': %s", r.Name, fail)
			}
			if names[r.Name] {
				return fault.New(ErrInvalidRuleSet, op, "Found rule with duplicate name '%s'", r.Name)
			}
			names[r.Name] = true
		}
	}
	return nil
}

// flaw says what is wrong with a rule in a list that takes some modes; empty if nothing is.
func (r Rule) flaw(modes string) string {
	switch {
	case r.Name == "":
		return "a rule needs a name"
	case utf8.RuneCountInString(r.Name) > maxRuleName:
		return "a rule name has at most 256 characters"
	case !ruleName(r.Name):
		return "a rule name begins with a letter or '_' and goes on with letters, digits, '_' or '-'"
	case r.Type == "":
		return "a rule needs a type"
	case !word(r.Kind, "TRANSFORM CONDITION"):
		return "kind '" + r.Kind + "' is not TRANSFORM or CONDITION"
	case !word(r.Mode, modes):
		return "mode '" + r.Mode + "' is not one of " + strings.ReplaceAll(modes, " ", ", ") + " here"
	case !word(r.Mode, "WRITEREAD UPDOWN") && (strings.Contains(r.OnSuccess, ",") || strings.Contains(r.OnFailure, ",")):
		return "two actions separated by a comma need mode WRITEREAD or UPDOWN"
	}
	return ""
}

func word(s, words string) bool { return s != "" && slices.Contains(strings.Fields(words), s) }

func ruleName(s string) bool {
	for i, c := range s {
		first := c == '_' || unicode.IsLetter(c)
		if !first && (i == 0 || c != '-' && !unicode.IsDigit(c)) {
			return false
		}
	}
	return true
}
