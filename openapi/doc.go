// Package openapi holds the contract of the REST API: the document openapi.yaml, and the shapes of its bodies as Go types.
//
// The document is written by hand and is the source; the server (registry/rest) and the client (client) both speak through
// the types here, and the conformance tests validate every request and response against the document. The package knows no
// registry, no HTTP router and no format. Everything in it is plain data.
package openapi

import _ "embed"

// YAML is the OpenAPI document as it is served at /openapi.yaml. It must not be changed.
//
//go:embed openapi.yaml
var YAML []byte

// The media types of the API. Bodies are JSON under each of them; MediaTypeV1 is what a server prefers.
const (
	MediaTypeV1   = "application/vnd.schemaregistry.v1+json"
	MediaType     = "application/vnd.schemaregistry+json"
	MediaTypeJSON = "application/json"
)
