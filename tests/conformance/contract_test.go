package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/pawl-registry/pawl/openapi"
)

// contract is the document that everything is held against.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

func readContract(t testing.TB) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contract{doc: doc, router: router}
}

func (c *contract) operations() map[string]bool {
	ids := map[string]bool{}
	for _, item := range c.doc.Paths.Map() {
		for _, op := range item.Operations() {
			ids[op.OperationID] = true
		}
	}
	return ids
}

// input prepares a request for validation. It fails if the contract has no such operation. The contract describes
// /contexts/{context} as a prefix of every path, so the prefix is taken away.
func (c *contract) input(method, target string, headers http.Header, body string) (*openapi3filter.RequestValidationInput, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	if rest, is := strings.CutPrefix(path, "/contexts/"); is {
		if _, inner, more := strings.Cut(rest, "/"); more {
			path = "/" + inner
		}
	}
	if path == "" {
		path = "/"
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, path+"?"+u.RawQuery, strings.NewReader(body))
	r.Header = headers.Clone()
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}, nil
}

// checkAnswer holds an answer against the contract. Without an operation it can only be the common error.
func (c *contract) checkAnswer(in *openapi3filter.RequestValidationInput, w *httptest.ResponseRecorder) error {
	if in == nil {
		return checkErrorBody(w.Body.Bytes())
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: w.Code, Header: w.Header(), Options: in.Options,
	}
	out.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		return err
	}
	if w.Code >= 400 {
		return checkNumber(w)
	}
	return nil
}

func checkErrorBody(body []byte) error {
	var e openapi.Error
	if err := json.Unmarshal(body, &e); err != nil || e.ErrorCode == 0 || e.Message == "" {
		return fmt.Errorf("%s is no error body", body)
	}
	return nil
}

// checkNumber holds the number of an error against its status: it is the status, or begins with it.
func checkNumber(w *httptest.ResponseRecorder) error {
	var e openapi.Error
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		return err
	}
	if e.ErrorCode != w.Code && e.ErrorCode/100 != w.Code {
		return fmt.Errorf("status %d carries the number %d", w.Code, e.ErrorCode)
	}
	return nil
}
