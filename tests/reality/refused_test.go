package reality

// The texts that are refused, with the reason. Confluent Schema Registry refuses all of them as well, except where the reason says
// that it would fetch.
const (
	edition = "an edition, which Confluent's parser of texts (Wire) refuses; registries take the serialized descriptor instead"
	missing = "imports a file that the package does not carry, and uses its types"
	ring    = "stands in, or leads to, a ring of documents that refer to each other; a reference has to be registered first, so a ring cannot be"
	remote  = "refers to a document that the package does not carry; Confluent would try to fetch it, Pawl fetches nothing"
)

var refusedProtos = map[string]string{
	"google/protobuf/cpp_file_options.proto":                                edition,
	"google/protobuf/cpp_options.proto":                                     edition,
	"google/protobuf/internal_options.proto":                                edition,
	"google/protobuf/json/json_enumval_custom_string.proto":                 edition,
	"google/protobuf/json_enumvalue_options.proto":                          edition,
	"google/protobuf/json_options.proto":                                    edition,
	"google/protobuf/late_loaded_option.proto":                              edition,
	"google/protobuf/late_loaded_option_user.proto":                         edition,
	"google/protobuf/sample_messages_edition.proto":                         edition,
	"google/protobuf/test_protos/forced_micro_string.proto":                 edition,
	"google/protobuf/test_protos/proto_with_many_options.proto":             edition,
	"google/protobuf/test_protos/repeated_field_proxy_import_message.proto": edition,
	"google/protobuf/compiler/ruby/ruby_generated_code.proto":               missing,
	"google/protobuf/compiler/ruby/ruby_generated_code_proto2.proto":        missing,
	"google/protobuf/util/json_format_proto3.proto":                         missing,
}

var refusedJSON = map[string]string{
	"package/definitions/3.0.0/asyncapi.json":                                      ring,
	"package/definitions/3.0.0/components.json":                                    ring,
	"package/definitions/3.0.0/operation.json":                                     ring,
	"package/definitions/3.0.0/operationTrait.json":                                ring,
	"package/definitions/3.0.0/operations.json":                                    ring,
	"package/definitions/3.1.0/asyncapi.json":                                      ring,
	"package/definitions/3.1.0/components.json":                                    ring,
	"package/definitions/3.1.0/operation.json":                                     ring,
	"package/definitions/3.1.0/operationTrait.json":                                ring,
	"package/definitions/3.1.0/operations.json":                                    ring,
	"package/schemas/all.schema-store.json":                                        remote,
	"check_jsonschema/builtin_schemas/vendor/drone-ci.json":                        remote,
	"package/schemas/2.0.0-rc1-without-$id.json":                                   "a boolean exclusiveMinimum under draft-07, of which Confluent's loader (everit) demands a number",
	"cfnlint/data/schemas/extensions/aws_route53_recordset/recordset_pattern.json": "the pattern [0-9]{1-3}: java.util.regex refuses the repetition",
	"cfnlint/data/schemas/other/template/configuration.json":                       "the type \"date\", which no draft has; everit refuses unknown types",
}

// restless are the files whose normal text prints in another order once it is read again. It is so in the reference: normalizing
// sorts default among the other options of a field, and printing what was read puts it behind them.
var restless = map[string]bool{"google/protobuf/descriptor.proto": true}
