package docs

import (
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/jsonschema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

// What all three introductions say.
const direction = "Each pair below is asked as BACKWARD asks it: can consumers that have the new schema read what producers wrote with the old one? " +
	"FORWARD asks the same with the roles exchanged: can consumers that still have the old schema read what is written with the new one? " +
	"A rule says why a reader fails; which side reads is the level's business. See [compatibility.md](../compatibility.md)."

var avroPage = page{
	format: avro.Format, file: "avro", name: "avro", title: "Avro", language: "json",
	intro: "An Avro reader resolves the writer's schema against its own (Avro specification, \"Schema Resolution\"). These are the reasons for " +
		"which that fails, as Java's Avro names them, and two of Pawl's own.\n\n" + direction,
	failing: map[string]string{
		"NAME_MISMATCH":                      "the reader's decoder refuses the pair before it reads a datum; every record is lost to it.",
		"FIXED_SIZE_MISMATCH":                "the reader would take too many or too few bytes, and everything behind them would be out of step; decoders refuse the pair.",
		"MISSING_ENUM_SYMBOLS":               "data with the missing symbol cannot be read; other data can, so this breaks late and in production.",
		"READER_FIELD_MISSING_DEFAULT_VALUE": "the reader has no value for the field; every record is lost to it.",
		"TYPE_MISMATCH":                      "the reader's decoder refuses the pair, or the first datum that holds the value.",
		"MISSING_UNION_BRANCH":               "data of that branch cannot be read; other data can, so this breaks late and in production.",
		"AMBIGUOUS_FIELD_ALIAS":              "implementations pick different fields of the writer, or refuse; the same topic would read differently in two languages.",
		"COMPARISON_LIMIT":                   "nothing is known to fail: the comparison was given up, and a verdict is never guessed.",
	},
}

var protobufPage = page{
	format: protobuf.Format, file: "protobuf", name: "protobuf", title: "Protobuf", language: "proto",
	intro: "A Protobuf reader needs no schema of the writer: it takes the fields whose numbers it knows and keeps the rest aside. So most " +
		"breaks are silent: a value is lost or means something else, and no error tells. These rules stand in the place of that error.\n\n" + direction,
	failing: map[string]string{
		"PACKAGE_CHANGED":                "payloads still decode, but full names change: type URLs in Any, record-name subjects and generated classes no longer match.",
		"MESSAGE_REMOVED":                "the reader has no type for payloads of that message; message indexes of the types behind it point at the wrong one.",
		"FIELD_KIND_CHANGED":             "the bytes of one kind are read as another: decoding fails, or the value disappears among unknown fields.",
		"FIELD_SCALAR_KIND_CHANGED":      "the wire type differs, and the value disappears among unknown fields; or it is the same (sint32 and int32), and another number is read.",
		"FIELD_NAMED_TYPE_CHANGED":       "the bytes are read as another message: whatever fields share numbers get values that were never meant for them.",
		"FIELD_NUMERIC_LABEL_CHANGED":    "repeated numbers are packed into one value of another wire type, which a singular reader puts aside; required fields are demanded or no longer written.",
		"REQUIRED_FIELD_ADDED":           "decoders refuse every payload without the field, which is every old one.",
		"REQUIRED_FIELD_REMOVED":         "payloads without the field are refused by whoever still demands it.",
		"ONEOF_FIELD_REMOVED":            "a payload in which that member is set reads as if the oneof were empty.",
		"MULTIPLE_FIELDS_MOVED_TO_ONEOF": "of several values that were set together only the last on the wire stays.",
		"FIELD_MOVED_TO_EXISTING_ONEOF":  "a field that was set beside the oneof's member now replaces it, or is replaced.",
	},
}

var jsonPage = page{
	format: jsonschema.Format, file: "json", name: "jsonschema", title: "JSON Schema", language: "json", lenient: true, validates: true,
	intro: "A JSON document needs no schema to be read; the reader's validator decides whether it is taken. A rule is broken when the reader's " +
		"schema may refuse a document that the writer's takes, as far as Confluent's rules compare keywords; what they leave out is listed in " +
		"[compatibility.md](../compatibility.md#what-json-schema-leaves-out). What fails is always the same: a validating consumer refuses the document.\n\n" + direction,
}
