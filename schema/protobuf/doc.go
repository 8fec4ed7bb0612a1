// Package protobuf is all there is to know of Protocol Buffers: reading .proto texts, the canonical text, the differences between
// two schemas, and payloads.
//
// A text passes two readers. The registry's dialect, the one that Confluent Schema Registry accepts (a parser in the manner of
// Wire, not of protoc), is read by this package into a tree; canonical texts, normalization and differences are functions of
// that tree. Descriptors are another matter: they are made by protocompile from what the tree says, once per schema and only when
// a payload, a descriptor or the strict check of fields is asked for. A text that the dialect admits and protoc would refuse can
// therefore be registered and compared, and fails only when somebody asks for a payload that cannot exist.
//
// Payload bodies start with message indexes (Confluent's wire format); see indexes.go. Generic values follow the JSON mapping of
// Protobuf: lowerCamelCase names, 64-bit integers and bytes as strings, well-known types in their own forms.
//
// The package knows nothing of subjects, IDs, HTTP or Kafka. All exported values are immutable and safe for concurrent use.
package protobuf
