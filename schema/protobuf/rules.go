package protobuf

import "github.com/pawl-registry/pawl/schema"

// The incompatible differences. Everything else that can change is tolerated: see DESIGN.md in the folder above.
const (
	packageChanged             = "PACKAGE_CHANGED"
	messageRemoved             = "MESSAGE_REMOVED"
	fieldKindChanged           = "FIELD_KIND_CHANGED"
	fieldScalarKindChanged     = "FIELD_SCALAR_KIND_CHANGED"
	fieldNamedTypeChanged      = "FIELD_NAMED_TYPE_CHANGED"
	fieldNumericLabelChanged   = "FIELD_NUMERIC_LABEL_CHANGED"
	requiredFieldAdded         = "REQUIRED_FIELD_ADDED"
	requiredFieldRemoved       = "REQUIRED_FIELD_REMOVED"
	oneofFieldRemoved          = "ONEOF_FIELD_REMOVED"
	multipleFieldsMovedToOneof = "MULTIPLE_FIELDS_MOVED_TO_ONEOF"
	fieldMovedToExistingOneof  = "FIELD_MOVED_TO_EXISTING_ONEOF"
)

var rules = []schema.Rule{
	{
		ID:      packageChanged,
		Purpose: "Full names of messages stay the same, so that type URLs and record-name subjects keep their meaning.",
		Remedy:  "Keep the package; put new packages under new subjects.",
	},
	{
		ID:      messageRemoved,
		Purpose: "Every message type that was written can still be read, and message indexes keep pointing at it.",
		Remedy:  "Keep the message, marked deprecated.",
	},
	{
		ID:      fieldKindChanged,
		Purpose: "A number is not reused across scalars, messages and maps, whose bytes mean different things.",
		Remedy:  "Add a field with a new number and reserve the old one.",
	},
	{
		ID:      fieldScalarKindChanged,
		Purpose: "Scalars change only within a group that shares one encoding on the wire.",
		Remedy:  "Stay within the group (int32 int64 uint32 uint64 bool enum; sint32 sint64; string bytes; fixed32 sfixed32; fixed64 sfixed64), or add a field.",
	},
	{
		ID:      fieldNamedTypeChanged,
		Purpose: "A message field keeps its message type, and that type stays compatible wherever it comes from.",
		Remedy:  "Keep the type's name and nesting; if it comes from a reference, mend the differences reported beside this one.",
	},
	{
		ID:      fieldNumericLabelChanged,
		Purpose: "A numeric or enum field does not change between required, optional and repeated.",
		Remedy:  "Keep the label, or add a field with a new number.",
	},
	{
		ID:      requiredFieldAdded,
		Purpose: "Readers do not demand a field that older writers never wrote.",
		Remedy:  "Make the field optional.",
	},
	{
		ID:      requiredFieldRemoved,
		Purpose: "A field that others demand is not dropped.",
		Remedy:  "Keep the field; relax it to optional everywhere first.",
	},
	{
		ID:      oneofFieldRemoved,
		Purpose: "A oneof keeps its members, or readers take a set member for an empty oneof.",
		Remedy:  "Keep the member, marked deprecated, or remove the whole oneof together with its members.",
	},
	{
		ID:      multipleFieldsMovedToOneof,
		Purpose: "Fields that could be set together do not become alternatives.",
		Remedy:  "Move one field at most, into a oneof of new members.",
	},
	{
		ID:      fieldMovedToExistingOneof,
		Purpose: "A field is not made an alternative of what could be set beside it.",
		Remedy:  "Keep the field outside, or start a new oneof with it.",
	},
}
