package jsonschema

import (
	"slices"
	"strings"
	"sync"

	"github.com/pawl-registry/pawl/schema"
)

// ruleLimit is the finding of a comparison that was given up.
const ruleLimit = "COMPARISON_LIMIT_EXCEEDED"

// rule is a reportable difference: the contract's rule and the sentence that describes a finding. In the sentence {r} and {w}
// stand for the words for reader and writer, {p} for the path, {n} for its last part.
type rule struct {
	schema.Rule
	sentence string
}

// Rules lists every difference that the strict policy reports, in alphabetical order.
func (format) Rules() []schema.Rule {
	table := ruleTable()
	out := make([]schema.Rule, 0, len(table))
	for _, r := range table {
		out = append(out, r.Rule)
	}
	slices.SortFunc(out, func(a, b schema.Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// ruleTable holds the rules by ID.
var ruleTable = sync.OnceValue(func() map[string]rule {
	table := map[string]rule{}
	for _, list := range [...][]rule{limitRules(), shapeRules, contentRules, combinationRules} {
		for _, r := range list {
			table[r.ID] = r
		}
	}
	return table
})

// tolerated reports whether a policy lets a difference pass.
func tolerated(rule string, policy schema.Policy) bool {
	return strictlyTolerated[rule] || policy == schema.Lenient && lenientlyTolerated[rule]
}

// limitRules makes the rules of the keywords that bound a value: adding one, or tightening it, refuses values that were valid.
func limitRules() []rule {
	var out []rule
	for _, keyword := range [...]string{
		"maxLength", "minLength", "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "maxProperties", "minProperties",
		"maxItems", "minItems", "maxContains", "minContains",
	} {
		stem, tighter, looser, word := upperSnake(keyword), "DECREASED", "lower", "less"
		if strings.HasPrefix(keyword, "min") || keyword == "exclusiveMinimum" {
			tighter, looser, word = "INCREASED", "raise", "more"
		}
		out = append(out, addedRule(stem, keyword), rule{
			schema.Rule{
				ID:      stem + "_" + tighter,
				Purpose: "Values that " + keyword + " allowed must stay valid.",
				Remedy:  "Do not " + looser + " " + keyword + "; keep the old limit or loosen it.",
			},
			"{n} at path {p} is " + word + " in the {r} schema than in the {w} schema",
		})
	}
	return append(out, addedRule("PATTERN", "pattern"), addedRule("MULTIPLE_OF", "multipleOf"), addedRule("UNIQUE_ITEMS", "uniqueItems"))
}

func addedRule(stem, keyword string) rule {
	return rule{
		schema.Rule{
			ID:      stem + "_ADDED",
			Purpose: "Values written without a " + keyword + " constraint must stay valid.",
			Remedy:  "Do not add " + keyword + " to an existing schema; constrain a new property instead.",
		},
		"{n} at path {p} is present in the {r} schema and absent from the {w} schema",
	}
}

// upperSnake turns a keyword into the stem of its rules: maxLength -> MAX_LENGTH.
func upperSnake(keyword string) string {
	var b strings.Builder
	for _, r := range keyword {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
