package acl

import (
	"regexp"
	"strings"

	"github.com/pawl-registry/pawl/fault"
)

// Rules make the name of a principal out of the subject of a client's certificate, as Kafka's ssl.principal.mapping.rules do.
type Rules []rule

type rule struct {
	pattern     *regexp.Regexp // nil: the subject itself
	replacement string
	fold        byte // 'L', 'U' or 0
}

// ErrRules marks rules that cannot be read.
var ErrRules = fault.NewCode(fault.Invalid, "invalid_principal_rules")

// maxRules bounds a list of rules.
const maxRules = 100

// ParseRules reads rules separated by commas: RULE:pattern/replacement/ with L or U after the last slash for lower or upper
// case, and DEFAULT for the whole subject. $1 stands for what the first group of the pattern matched. The first rule whose
// pattern matches the whole subject counts. Patterns are those of Go's regexp; a slash in one is written \/.
func ParseRules(text string) (Rules, error) {
	var rules Rules
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimLeft(rest, ", ") {
		r, after, ok := nextRule(rest)
		if !ok || len(rules) == maxRules {
			return nil, fault.New(ErrRules, "acl.ParseRules", "principal rules %q: use RULE:pattern/replacement/[LU] and DEFAULT, separated by commas, at most %d", text, maxRules)
		}
		if after != "" && after[0] != ',' {
			return nil, fault.New(ErrRules, "acl.ParseRules", "principal rules: a comma must come before %q", after)
		}
		rules, rest = append(rules, r), after
	}
	return rules, nil
}

func nextRule(text string) (r rule, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(text, "DEFAULT"); ok {
		return rule{}, rest, true
	}
	body, ok := strings.CutPrefix(text, "RULE:")
	if !ok {
		return rule{}, "", false
	}
	pattern, body, ok := untilSlash(body)
	if !ok {
		return rule{}, "", false
	}
	replacement, body, ok := untilSlash(body)
	if !ok {
		return rule{}, "", false
	}
	compiled, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return rule{}, "", false
	}
	r = rule{pattern: compiled, replacement: groupNames.ReplaceAllString(replacement, "$${$1}")}
	if body != "" && (body[0] == 'L' || body[0] == 'U') {
		r.fold, body = body[0], body[1:]
	}
	return r, body, true
}

// groupNames finds $1, which Go reads as part of a longer name if letters follow.
var groupNames = regexp.MustCompile(`\$(\d+)`)

// untilSlash cuts text at the first slash that no backslash precedes.
func untilSlash(text string) (before, after string, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '/':
			return strings.ReplaceAll(text[:i], `\/`, `/`), text[i+1:], true
		}
	}
	return "", "", false
}

// Name returns the name for a subject. A subject that no rule matches has none. No rules at all are the rule DEFAULT.
func (rules Rules) Name(subject string) (string, bool) {
	if len(rules) == 0 {
		return subject, true
	}
	for _, r := range rules {
		if r.pattern == nil {
			return subject, true
		}
		if !r.pattern.MatchString(subject) {
			continue
		}
		name := r.pattern.ReplaceAllString(subject, r.replacement)
		switch r.fold {
		case 'L':
			name = strings.ToLower(name)
		case 'U':
			name = strings.ToUpper(name)
		}
		return name, name != ""
	}
	return "", false
}
