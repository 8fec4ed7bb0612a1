// Package formats is the list of schema languages that pawl speaks. To add one, add its word here.
package formats

import (
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/jsonschema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

// All returns the formats. The first is the default.
func All() *schema.Formats { return schema.NewFormats(avro.Format, protobuf.Format, jsonschema.Format) }
