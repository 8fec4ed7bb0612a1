package openapi_test

import (
	"context"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pawl-registry/pawl/openapi"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	if err := load(t).Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Every operation names itself, answers failures with the one error body and takes the three media types wherever it takes a
// body.
func TestEveryOperationIsComplete(t *testing.T) {
	seen := map[string]string{}
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: operationId, summary or tag is missing", at)
			}
			if other, twice := seen[op.OperationID]; twice {
				t.Errorf("%s and %s share the operationId %s", at, other, op.OperationID)
			}
			seen[op.OperationID] = at
			if d := op.Responses.Default(); d == nil || d.Ref != "#/components/responses/Error" {
				t.Errorf("%s: the default response is not the error body", at)
			}
			checkMediaTypes(t, at, op)
		}
	}
}

func checkMediaTypes(t *testing.T, at string, op *openapi3.Operation) {
	t.Helper()
	if op.RequestBody == nil {
		return
	}
	for _, want := range []string{openapi.MediaTypeV1, openapi.MediaType, openapi.MediaTypeJSON, "application/octet-stream"} {
		if op.RequestBody.Value.Content[want] == nil {
			t.Errorf("%s: no request body of %s", at, want)
		}
	}
}
