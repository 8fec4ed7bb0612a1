package openapi_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/openapi"
)

// The Go types have the members that the document gives to their schemas, by the same names.
func TestTypesHaveTheMembersOfTheDocument(t *testing.T) {
	doc := load(t)
	for name, v := range map[string]any{
		"Reference": openapi.Reference{}, "ReferenceRequest": openapi.Reference{},
		"Metadata": openapi.Metadata{}, "MetadataRequest": openapi.Metadata{},
		"Rule": openapi.Rule{}, "RuleRequest": openapi.Rule{},
		"RuleSet": openapi.RuleSet{}, "RuleSetRequest": openapi.RuleSet{},
		"SchemaTags": openapi.SchemaTags{}, "SchemaTagsRequest": openapi.SchemaTags{},
		"SchemaRequest": openapi.SchemaRequest{}, "TagsRequest": openapi.TagsRequest{},
		"Schema": openapi.Schema{}, "SchemaString": openapi.SchemaString{}, "Registered": openapi.RegisterResponse{},
		"SubjectVersion": openapi.SubjectVersion{}, "ContextID": openapi.ContextID{}, "Compatibility": openapi.Compatibility{},
		"Config": openapi.Config{}, "ConfigUpdate": openapi.ConfigUpdate{}, "ConfigChange": openapi.ConfigUpdate{},
		"Mode": openapi.Mode{}, "ModeEcho": openapi.Mode{}, "ModeChange": openapi.Mode{},
		"ServerID": openapi.ServerID{}, "ServerVersion": openapi.ServerVersion{}, "Deployment": openapi.Deployment{},
		"Association": openapi.Association{}, "AssociationRequest": openapi.AssociationRequest{},
		"AssociationChange": openapi.AssociationChange{}, "AssociationInfo": openapi.AssociationInfo{},
		"AssociationResponse": openapi.AssociationResponse{}, "AssociationBatchGet": openapi.AssociationBatchGet{},
		"AssociationQuery": openapi.AssociationQuery{}, "AssociationBatchMutate": openapi.AssociationBatchMutate{},
		"AssociationOps": openapi.AssociationOps{}, "AssociationOp": openapi.AssociationOp{},
		"AssociationBatch": openapi.AssociationBatchResponse{}, "AssociationBatchResult": openapi.AssociationBatchResult{},
		"Kek": openapi.Kek{}, "KekRequest": openapi.KekRequest{}, "Dek": openapi.Dek{}, "DekRequest": openapi.DekRequest{},
		"Health": openapi.Health{}, "Error": openapi.Error{},
	} {
		ref := doc.Components.Schemas[name]
		if ref == nil {
			t.Errorf("the document has no schema %s", name)
			continue
		}
		var documented []string
		for member := range ref.Value.Properties {
			documented = append(documented, member)
		}
		slices.Sort(documented)
		if diff := cmp.Diff(documented, members(v)); diff != "" {
			t.Errorf("%s: document (-) and type (+):\n%s", name, diff)
		}
	}
}

func members(v any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
