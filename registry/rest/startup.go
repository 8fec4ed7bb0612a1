package rest

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/go-chi/chi/v5"

	"github.com/pawl-registry/pawl/fault"
)

// Startup is a handler for a server that starts: whoever asks for its health is answered, and anybody else told to come again.
// Make it with NewStartup.
type Startup struct{ handler atomic.Pointer[http.Handler] }

// NewStartup returns a handler that is not open yet.
func NewStartup(logger *slog.Logger) *Startup {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s := &server{opts: Options{Logger: logger, NewRequestID: randomUUID}, log: logger, mux: chi.NewMux()}
	s.serve(s.healthRoutes())
	later := refuse(func(x *exchange) error {
		x.w.Header().Set("Retry-After", "1")
		return fault.New(errStarting, "rest", "The server is starting; try again in a second")
	})
	s.mux.NotFound(later)
	s.mux.MethodNotAllowed(later)
	out := &Startup{}
	out.Open(s)
	return out
}

// Open gives all requests from now on to h.
func (s *Startup) Open(h http.Handler) { s.handler.Store(&h) }

// ServeHTTP answers a request.
func (s *Startup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.handler.Load()).ServeHTTP(w, r)
}
