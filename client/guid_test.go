package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

var _ serde.GUIDs = (*client.Client)(nil)

func TestByGUIDKnowsTheIDOfTheDefaultContextAndQualifiesReferences(t *testing.T) {
	guid := schema.GUID{0xab, 15: 1}
	tests := []struct {
		name, ids string
		wantID    schema.ID
		wantRef   string
	}{
		{"in the default context", `[{"context":".","id":7},{"context":".prod","id":3}]`, 7, "base"},
		{"elsewhere only", `[{"context":".prod","id":3}]`, 0, ":.prod:base"},
		{"nowhere", `[]`, 0, "base"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if strings.HasSuffix(q.URL.Path, "/ids") {
					fmt.Fprint(w, tt.ids)
					return
				}
				fmt.Fprint(w, `{"schemaType":"AVRO","schema":"\"x\"","references":[{"name":"b","subject":"base","version":1}]}`)
			}))
			defer srv.Close()
			got, err := newClient(t, client.Options{URLs: []string{srv.URL}}).ByGUID(t.Context(), guid)
			if err != nil {
				t.Fatal(err)
			}
			want := schema.Registered{
				ID: tt.wantID, GUID: guid.String(), Format: "AVRO", Text: `"x"`,
				References: []schema.Reference{{Name: "b", Subject: tt.wantRef, Version: 1}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
