package rest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/internal/tracing"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

// exchange is one request on its way to one answer.
type exchange struct {
	s      *server
	w      http.ResponseWriter
	r      *http.Request
	id     string     // X-Request-ID
	query  url.Values // after the rewriting of contexts
	media  string     // of the answer, as negotiated
	status int        // of the answer; 0 until it is written
	code   int        // error_code of the answer; 0: it is none
	route  *route     // nil until it is found
	span   *tracing.Span

	who     auth.Principal // zero unless identified
	policy  *auth.Policy   // nil: everything is allowed
	judged  bool           // a right over a subject was judged
	audited audit
	ends    []func() // to be called when the exchange is over

	acceptable bool // whether the client takes a media type that is served
}

type exchangeKey struct{}

var routeContexts = sync.Pool{New: func() any { return chi.NewRouteContext() }}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{s: s, w: w, r: r, id: s.requestID(r), media: openapi.MediaTypeV1}
	if media, acceptable := negotiate(r.Header["Accept"]); acceptable {
		x.media, x.acceptable = media, true
	}
	w.Header().Set("X-Request-ID", x.id)
	x.beginSpan()
	r = x.r
	defer x.finish(time.Now())
	where, err := locate(r)
	if err != nil {
		x.fail(err)
		return
	}
	x.query = where.query
	rctx := routeContexts.Get().(*chi.Context)
	rctx.Reset()
	defer routeContexts.Put(rctx)
	rctx.RoutePath, rctx.RouteMethod = where.path, r.Method
	if r.Method == http.MethodHead {
		rctx.RouteMethod = http.MethodGet
	}
	ctx := context.WithValue(context.WithValue(r.Context(), exchangeKey{}, x), chi.RouteCtxKey, rctx)
	s.mux.ServeHTTP(w, r.WithContext(ctx))
}

func (s *server) requestID(r *http.Request) string {
	if ids := r.Header["X-Request-Id"]; len(ids) == 1 && strings.TrimSpace(ids[0]) != "" {
		return ids[0]
	}
	return s.opts.NewRequestID()
}

// finish turns a panic into an answer and writes the access log.
func (x *exchange) finish(start time.Time) {
	defer x.endSpan()
	defer x.letGo()
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		x.s.log.LogAttrs(x.r.Context(), slog.LevelError, "handler panicked", slog.String("request_id", x.id),
			slog.String("method", x.r.Method), slog.String("path", x.r.URL.Path), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		if x.status == 0 {
			x.write(errorReply(http.StatusInternalServerError, openapi.Error{ErrorCode: 500, Message: "Internal Server Error"}))
		}
	}
	took := time.Since(start)
	if x.s.opts.Observe != nil {
		endpoint := "unknown"
		if x.route != nil {
			endpoint = x.route.path
		}
		x.s.opts.Observe(known(x.r.Method), endpoint, x.status, took)
	}
	x.record()
	if ctx := x.r.Context(); x.s.log.Enabled(ctx, slog.LevelDebug) {
		x.s.log.LogAttrs(ctx, slog.LevelDebug, "request", slog.String("request_id", x.id), slog.String("method", x.r.Method),
			slog.String("path", x.r.URL.EscapedPath()), slog.Int("status", x.status), slog.Duration("took", took))
	}
}

// atEnd has something done when the exchange is over.
func (x *exchange) atEnd(do func()) { x.ends = append(x.ends, do) }

func (x *exchange) letGo() {
	for _, do := range x.ends {
		do()
	}
}

// other stands for all methods that are not served.
const other = "other"

// known returns a method by name if it is one of those served, for a client may send any word as a method.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete:
		return method
	}
	return other
}

// handle makes an endpoint a handler: it refuses media types that are not served and writes what comes of the endpoint.
func handle(route *route) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		x := r.Context().Value(exchangeKey{}).(*exchange)
		x.r, x.route = r, route
		defer x.limitWork()()
		if err := cmp.Or(x.admit(), x.checkMedia()); err != nil {
			x.fail(err)
			return
		}
		res, err := route.answer(x)
		if err != nil {
			x.fail(err)
			return
		}
		if route.need.over == overSubject && x.policy != nil && !x.judged {
			panic("rest: " + route.method + " " + route.path + " answered without asking for rights")
		}
		x.write(res)
	}
}

// unlike are the endpoints that answer in a media type of their own, whatever the client accepts.
var unlike = []string{documentPath, docsPath, metricsPath}

func (x *exchange) checkMedia() error {
	if body := x.r.Method == http.MethodPost || x.r.Method == http.MethodPut; body && !consumable(x.r.Header.Get("Content-Type")) {
		return fault.New(errUnsupportedMedia, "rest", "HTTP 415 Unsupported Media Type")
	}
	if !x.acceptable && !slices.Contains(unlike, x.route.path) {
		return fault.New(errNotAcceptable, "rest", "HTTP 406 Not Acceptable")
	}
	return nil
}

// refuse makes a handler that always fails.
func refuse(why func(x *exchange) error) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		x := r.Context().Value(exchangeKey{}).(*exchange)
		x.r = r
		if err := x.identify(); err != nil {
			x.fail(err)
			return
		}
		x.fail(why(x))
	}
}

// param returns a decoded path parameter. Routing happens on the form that locate made, in which every segment is escaped, so
// every parameter is to be unescaped exactly once.
func (x *exchange) param(name string) string {
	v, err := url.PathUnescape(chi.URLParam(x.r, name))
	if err != nil {
		panic(fmt.Sprintf("rest: path parameter %s is not escaped, against what locate promises", name))
	}
	return v
}

// subject returns the subject of the path, after its alias, if the caller has the right over it that the endpoint needs.
func (x *exchange) subject() (string, error) {
	name, err := x.s.reg.Resolve(x.r.Context(), x.param("subject"))
	if err != nil {
		return "", err
	}
	return name, x.may(registry.ParseName(name).String())
}

// ctx returns the context that ends with the request.
func (x *exchange) ctx() context.Context { return x.r.Context() }

// wrongMethod refuses a path that is served under other methods, and names them.
func (s *server) wrongMethod(x *exchange) error {
	path := chi.RouteContext(x.r.Context()).RoutePath
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if s.mux.Match(chi.NewRouteContext(), m, path) {
			x.w.Header().Add("Allow", m)
		}
	}
	return fault.New(errMethodNotAllowed, "rest", "HTTP 405 Method Not Allowed")
}
