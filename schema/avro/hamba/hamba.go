// Package hamba gives programs that come from github.com/hamba/avro/v2 a schema of that library, made from one of ours.
//
// It is for trusted input only: the decoder of that library answers truncated payloads without an error in several positions,
// and a payload of six bytes can end the process. Payloads from outside go through schema.Message. The library also refuses
// some schemas that Java takes (an enum without symbols, the default of a later union branch); schema/DESIGN.md has the list.
package hamba

import (
	"github.com/hamba/avro/v2"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Schema parses the schema with its references inlined. Each call parses anew with a cache of its own, because the library's
// common cache lets one schema see the types of another. A schema of another format, or one that the library refuses, is
// schema.ErrInvalid. The result shares nothing with s.
func Schema(s schema.Schema) (avro.Schema, error) {
	text, err := s.Render("resolved")
	if err != nil {
		return nil, err
	}
	parsed, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		return nil, fault.New(schema.ErrInvalid, "hamba.Schema", "github.com/hamba/avro/v2 does not take the schema: %v", err)
	}
	return parsed, nil
}
