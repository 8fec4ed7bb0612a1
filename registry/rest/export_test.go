package rest

import (
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/pawl-registry/pawl/fault"
)

// What the tests see of the inside.
var (
	Negotiate  = negotiate
	Consumable = consumable
	Plain      = plain
)

// MaxNesting is the bound on the nesting of bodies.
const MaxNesting = maxNesting

// Routes lists "METHOD /pattern" of everything that a handler serves.
func Routes(h http.Handler) []string {
	var list []string
	_ = chi.Walk(h.(*server).mux, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		list = append(list, method+" "+pattern)
		return nil
	})
	return list
}

// Locate returns the path and query that a target is routed on.
func Locate(target string) (path, query string, err error) {
	where, err := locate(httptest.NewRequest(http.MethodGet, target, nil))
	return where.path, where.query.Encode(), err
}

// NumberOf returns the status and error_code of an error.
func NumberOf(err error) (status, code int) {
	n := numberOf(err)
	return n.status, n.code
}

// InTable reports whether a code has its own row.
func InTable(code *fault.Code) bool {
	_, is := numbers[code]
	return is
}
