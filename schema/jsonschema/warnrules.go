package jsonschema

import (
	"sync"

	"github.com/pawl-registry/pawl/schema"
)

// The changes that the rules tolerate although documents do not survive them.
const (
	warnFormat     = "UNSOUND_FORMAT_ADDED"
	warnRequired   = "UNSOUND_REQUIRED_NAME"
	warnDefault    = "UNSOUND_REQUIRED_WITH_DEFAULT"
	warnNames      = "UNSOUND_PROPERTY_NAMES"
	warnPatterns   = "UNSOUND_PATTERN_PROPERTIES"
	warnContains   = "UNSOUND_CONTAINS"
	warnCondition  = "UNSOUND_CONDITION"
	warnExclusive  = "UNSOUND_EXCLUSIVE_MAXIMUM"
	warnBoolean    = "UNSOUND_BOOLEAN_LIMIT"
	warnReferences = "UNSOUND_REFERENCE_CHAIN"
	warnOverlap    = "UNSOUND_ONEOF_OVERLAP"
)

// warningRules are described like other rules, see rule.
var warningRules = []rule{
	{schema.Rule{
		ID:      warnFormat,
		Purpose: "Drafts 04 to 07 assert format: a string that was valid is refused if it is not of the format.",
		Remedy:  "Leave format out, or move to 2019-09 or later, where it is an annotation.",
	}, "the {r} schema asserts a format at path {p} that the {w} schema does not assert"},
	{schema.Rule{
		ID:      warnRequired,
		Purpose: "A document without a name stays valid: names in required are compared only where both sides describe the property.",
		Remedy:  "Do not require the name, or describe it among the properties of both versions so that the rules see it.",
	}, "the {r} schema requires {n} (path {p}), which the {w} schema does not require"},
	{schema.Rule{
		ID:      warnDefault,
		Purpose: "A document without the property stays valid: a default is an annotation, and validators do not fill it in.",
		Remedy:  "Keep the property optional; let readers apply the default.",
	}, "the {r} schema requires the property {n} (path {p}) that the {w} schema does not require; its default does not help validators"},
	{schema.Rule{
		ID:      warnNames,
		Purpose: "An object keeps the names that it may hold.",
		Remedy:  "Keep propertyNames as it was, or loosen it.",
	}, "{p} of the {r} schema refuses names that the {w} schema takes"},
	{schema.Rule{
		ID:      warnPatterns,
		Purpose: "A property keeps its values: a pattern that matches its name adds demands.",
		Remedy:  "Describe properties by name, or keep the pattern's schema as wide as what stood there.",
	}, "the pattern at path {p} of the {r} schema demands what the {w} schema does not"},
	{schema.Rule{
		ID:      warnContains,
		Purpose: "An array stays valid whatever items it has to contain now.",
		Remedy:  "Keep contains as it was, or loosen it.",
	}, "{p} of the {r} schema demands an item that the {w} schema does not demand"},
	{schema.Rule{
		ID:      warnCondition,
		Purpose: "A document that met a condition meets it still: if, then and else are not compared.",
		Remedy:  "Keep if as it is, and loosen then and else only.",
	}, "the condition at path {p} of the {r} schema demands what that of the {w} schema does not"},
	{schema.Rule{
		ID:      warnExclusive,
		Purpose: "A number stays within the limits: a lowered exclusiveMaximum is noticed only above maximum.",
		Remedy:  "Keep exclusiveMaximum, or raise it.",
	}, "{p} is less in the {r} schema than in the {w} schema"},
	{schema.Rule{
		ID:      warnBoolean,
		Purpose: "A number at a limit stays valid: the boolean limits of draft-04 are not compared.",
		Remedy:  "Keep the limit inclusive.",
	}, "{p} of the {r} schema refuses the limit itself, which the {w} schema takes"},
	{schema.Rule{
		ID:      warnReferences,
		Purpose: "A reference keeps its meaning: comparisons follow one step, and two references that lead on count as equal.",
		Remedy:  "Let $ref name the schema itself, not another $ref, so that the rules see what changes.",
	}, "behind several references, the schema at path {p} of the {r} schema cannot read that of the {w} schema"},
	{schema.Rule{
		ID:      warnOverlap,
		Purpose: "A document fits exactly one alternative of oneOf: one that fits two is refused.",
		Remedy:  "Use anyOf, or tell the alternatives apart by a constant.",
	}, "the alternative at path {p} of the {r} schema overlaps with another one and is not in the {w} schema: documents that fit both are refused"},
}

var warningTable = sync.OnceValue(func() map[string]rule {
	table := make(map[string]rule, len(warningRules))
	for _, r := range warningRules {
		table[r.ID] = r
	}
	return table
})

// WarningRules lists the rules of Warnings, in the order of docs/unsound.md.
func (format) WarningRules() []schema.Rule {
	out := make([]schema.Rule, len(warningRules))
	for i, r := range warningRules {
		out[i] = r.Rule
	}
	return out
}
