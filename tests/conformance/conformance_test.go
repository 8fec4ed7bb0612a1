package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/jsonschema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

// newHandler serves the registry of an empty store under the given settings of the server.
func newHandler(t testing.TB, store registry.Store, settings []string) http.Handler {
	t.Helper()
	opts := registry.Options{
		Store:   store,
		Formats: schema.NewFormats(avro.Format, jsonschema.Format, protobuf.Format),
		Clock:   func() time.Time { return time.UnixMilli(1700000000000) },
	}
	for _, s := range settings {
		if err := apply(&opts, s); err != nil {
			t.Fatal(err)
		}
	}
	reg, err := registry.New(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		reg.Close()
		_ = store.Close()
	})
	numbers := func() ([]byte, string, error) {
		return []byte("kafka_schema_registry_registered_count 0\n"), "text/plain; version=0.0.4; charset=utf-8", nil
	}
	return rest.New(reg, rest.Options{Version: "1.0.0", Commit: "abc", ClusterID: "cluster", Metrics: numbers})
}

func apply(o *registry.Options, setting string) error {
	name, value, _ := strings.Cut(setting, "=")
	switch name {
	case "immutable-modes":
		o.ImmutableModes = true
	case "reject-empty-subject":
		o.RejectEmptySubject = true
	case "strict-references":
		o.StrictReferences = true
	case "max-keys":
		n, err := strconv.Atoi(value)
		o.MaxKeys = n
		return err
	case "max-schema-bytes":
		n, err := strconv.Atoi(value)
		o.MaxSchemaBytes = n
		return err
	default:
		return fmt.Errorf("no setting %q", name)
	}
	return nil
}

// Every case is played on every store.
func TestConformance(t *testing.T) {
	c, scripts := readContract(t), readScripts(t)
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			for _, s := range scripts {
				t.Run(s.at+" "+s.title, func(t *testing.T) {
					t.Parallel()
					run(t, c, newHandler(t, open(t), s.settings), s)
				})
			}
		})
	}
}

func run(t *testing.T, c *contract, h http.Handler, s script) {
	sent := map[string]bool{}
	for _, st := range s.steps {
		if st.status == 0 {
			t.Fatalf("%s: the request has no answer", st.at)
		}
		operation, err := play(c, h, st)
		sent[operation] = true
		if err != nil {
			t.Errorf("%s: %s %s: %v", st.at, st.method, st.target, err)
		}
	}
	for _, operation := range s.proves {
		if !sent[operation] {
			t.Errorf("%s: the case says that it proves %s but never sends it", s.at, operation)
		}
	}
}

// play sends one request, holds both sides against the contract and the answer against the pattern. It returns the operation.
func play(c *contract, h http.Handler, st step) (operation string, err error) {
	body, err := schemaTexts(st.body)
	if err != nil {
		return "", err
	}
	r := httptest.NewRequest(st.method, st.target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", openapi.MediaTypeV1)
	}
	for name, value := range st.headers {
		r.Header.Set(name, value)
	}
	in, broken := c.input(st.method, st.target, r.Header, body)
	if broken == nil {
		operation = in.Route.Operation.OperationID
		broken = openapi3filter.ValidateRequest(context.Background(), in)
	}
	if st.invalid && broken == nil {
		return operation, fmt.Errorf("the request is marked as breaking the contract but keeps it")
	}
	if !st.invalid && broken != nil {
		return operation, fmt.Errorf("the request breaks the contract: %w", broken)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != st.status {
		return operation, fmt.Errorf("status %d, want %d; body %s", w.Code, st.status, w.Body)
	}
	if err := matchBody(st.want, w.Body.Bytes()); err != nil {
		return operation, err
	}
	if st.method == http.MethodHead {
		return operation, nil
	}
	return operation, c.checkAnswer(in, w)
}

// schemaTexts turns schema texts that are written as JSON values into texts. Bodies that are no JSON are sent as they are.
func schemaTexts(body string) (string, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &members) != nil {
		return body, nil
	}
	text, given := members["schema"]
	if !given || text[0] != '{' && text[0] != '[' {
		return body, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return "", err
	}
	quoted, err := json.Marshal(compact.String())
	if err != nil {
		return "", err
	}
	members["schema"] = quoted
	out, err := json.Marshal(members)
	return string(out), err
}

// Every operation of the contract is proved by a case, and no case proves what the contract does not have.
func TestEveryOperationHasACase(t *testing.T) {
	open := readContract(t).operations()
	known := len(open)
	for _, s := range readScripts(t) {
		for _, operation := range s.proves {
			if _, is := open[operation]; !is {
				t.Errorf("%s: the contract has no operation %s", s.at, operation)
			}
			open[operation] = false
		}
	}
	for operation, unproved := range open {
		if unproved {
			t.Errorf("no case proves %s", operation)
		}
	}
	if known < 40 {
		t.Errorf("the contract has only %d operations", known)
	}
}
