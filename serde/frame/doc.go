// Package frame puts the identity of a schema in front of a body and takes it off again.
//
//	0x00  id    int32, big-endian      body   the form that every client reads
//	0x01  guid  16 bytes, RFC 4122     body   the same schema in any registry
//
// The second form, alone or followed by the format's own prefix, is also the value of a record header ([KeyHeader],
// [ValueHeader]); the record's key or value is then the bare payload. Source: Confluent's wire format and its
// SchemaIdSerializer classes.
//
// The package knows nothing of the body. Its functions are safe for concurrent use, allocate nothing on success and never
// panic, whatever the bytes.
package frame
