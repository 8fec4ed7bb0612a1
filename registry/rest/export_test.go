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

// NewBodyCache, BodyKey and the methods below show the cache of prepared answers.
var NewBodyCache = newBodyCache

// BodyKey is the key of a prepared answer.
type BodyKey = bodyKey

// KeyOfVersion makes keys that differ by version number.
func KeyOfVersion(n int) BodyKey { return bodyKey{subject: "s", version: n} }

// Get and Put are get and put.
func (c *bodyCache) Get(k BodyKey) []byte       { return c.get(k).body }
func (c *bodyCache) Put(k BodyKey, body []byte) { c.put(k, prepare(body)) }

// Size returns the bytes that both generations hold.
func (c *bodyCache) Size() int {
	n := 0
	for _, gen := range []map[bodyKey]prepared{c.young, c.old} {
		for _, p := range gen {
			n += len(p.body) + entryBytes
		}
	}
	return n
}

// Numbers returns the table of failures as code to error_code and status.
func Numbers() map[*fault.Code][2]int {
	out := map[*fault.Code][2]int{}
	for code, n := range numbers {
		out[code] = [2]int{n.status, n.code}
	}
	return out
}
