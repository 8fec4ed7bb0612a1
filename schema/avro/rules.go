package avro

import "github.com/pawl-registry/pawl/schema"

// The rules by which a reader cannot read what a writer wrote. The first seven are Java's SchemaIncompatibilityType.
const (
	ruleName      = "NAME_MISMATCH"
	ruleSize      = "FIXED_SIZE_MISMATCH"
	ruleSymbols   = "MISSING_ENUM_SYMBOLS"
	ruleDefault   = "READER_FIELD_MISSING_DEFAULT_VALUE"
	ruleType      = "TYPE_MISMATCH"
	ruleBranch    = "MISSING_UNION_BRANCH"
	ruleAmbiguous = "AMBIGUOUS_FIELD_ALIAS"
	ruleLimit     = "COMPARISON_LIMIT"
)

var rules = []schema.Rule{
	{
		ID:      ruleName,
		Purpose: "A record, enum or fixed is read only under its own name or one of the reader's aliases.",
		Remedy:  "Keep the name, or list the writer's full name among the aliases of the reader's type.",
	},
	{
		ID:      ruleSize,
		Purpose: "A fixed value has the size that was written; it can neither grow nor shrink.",
		Remedy:  "Keep the size, or add a new field with a fixed type of the new size.",
	},
	{
		ID:      ruleSymbols,
		Purpose: "Every symbol a writer can write has a meaning for the reader.",
		Remedy:  "Keep the symbols, or give the reader's enum a default that stands for unknown ones.",
	},
	{
		ID:      ruleDefault,
		Purpose: "A field that the writer does not know gets its value from the reader's default.",
		Remedy:  "Give the field a default, or an alias that names the field as the writer has it.",
	},
	{
		ID:      ruleType,
		Purpose: "A value is read as its own type or as one that Avro promotes it to.",
		Remedy:  "Keep the type, widen it (int to long, float, double), or add a new field with a default.",
	},
	{
		ID:      ruleBranch,
		Purpose: "Every branch a writer can write is readable by some branch of the reader.",
		Remedy:  "Keep the branch in the reader's union, or add a branch that reads it.",
	},
	{
		ID:      ruleAmbiguous,
		Purpose: "A reader's field stands for one field of the writer.",
		Remedy:  "Remove the aliases until name and aliases of the field match one field of the writer.",
	},
	{
		ID:      ruleLimit,
		Purpose: "A comparison ends within bounded time and memory.",
		Remedy:  "Flatten the schema: fewer types that lead to one another, fewer nested unions.",
	},
}
