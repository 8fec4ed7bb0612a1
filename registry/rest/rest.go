package rest

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/pawl-registry/pawl/registry"
)

// Options configure the handler. The zero value of a field is the stated default.
type Options struct {
	Logger    *slog.Logger // nil discards
	Version   string       // of the server, for /v1/metadata/version
	Commit    string       // the source that Version was built from
	ClusterID string       // of the Kafka cluster, for /v1/metadata/id
	GroupID   string       // of the registry; empty is "schema-registry"

	// MaxBodyBytes bounds the body of a request; a larger one is answered 413. 0 is 16 MiB.
	MaxBodyBytes int64
	// CachedBodyBytes bounds the memory for prepared answers to lookups by ID. 0 is 32 MiB; negative is none.
	CachedBodyBytes int

	// Metrics returns the numbers of the server in a text form and its media type, for GET /metrics; nil: there are none.
	Metrics func() (body []byte, media string, err error)
	// Observe is told of every answer: the endpoint as route lists it, or "unknown", the status, and the time it took. It must
	// be quick and safe for concurrent use. Nil: nobody is told.
	Observe func(method, endpoint string, status int, took time.Duration)

	// NewRequestID names a request that came without a name. Nil gives random UUIDs.
	NewRequestID func() string
}

type server struct {
	reg    *registry.Registry
	opts   Options
	log    *slog.Logger
	mux    *chi.Mux
	bodies *bodyCache
}

// New returns a handler that serves reg, which stays the caller's to close.
func New(reg *registry.Registry, opts Options) http.Handler {
	if opts.GroupID == "" {
		opts.GroupID = "schema-registry"
	}
	if opts.MaxBodyBytes <= 0 {
		opts.MaxBodyBytes = 16 << 20
	}
	if opts.CachedBodyBytes == 0 {
		opts.CachedBodyBytes = 32 << 20
	}
	if opts.NewRequestID == nil {
		opts.NewRequestID = randomUUID
	}
	s := &server{reg: reg, opts: opts, log: opts.Logger, mux: chi.NewMux(), bodies: newBodyCache(opts.CachedBodyBytes)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.route()
	return s
}

// endpoint answers one kind of request.
type endpoint func(x *exchange) (reply, error)

// route is the one list of what is served. Endpoints under POST and PUT take a body.
func (s *server) route() {
	routes := []struct {
		method, path string
		answer       endpoint
	}{
		{"GET", "/", s.root},
		{"POST", "/", s.postRoot},

		{"GET", "/subjects", s.subjects},
		{"POST", "/subjects/{subject}", s.lookup},
		{"DELETE", "/subjects/{subject}", s.deleteSubject},
		{"GET", "/subjects/{subject}/versions", s.versions},
		{"POST", "/subjects/{subject}/versions", s.register},
		{"GET", "/subjects/{subject}/versions/{version}", s.version},
		{"DELETE", "/subjects/{subject}/versions/{version}", s.deleteVersion},
		{"GET", "/subjects/{subject}/versions/{version}/schema", s.versionText},
		{"GET", "/subjects/{subject}/versions/{version}/referencedby", s.referencedBy},
		{"POST", "/subjects/{subject}/versions/{version}/tags", s.editTags},
		{"GET", "/subjects/{subject}/metadata", s.latestWithMetadata},

		{"GET", "/schemas", s.schemas},
		{"GET", "/schemas/types", s.types},
		{"GET", "/schemas/ids/{id}", s.byID},
		{"GET", "/schemas/ids/{id}/schema", s.textByID},
		{"GET", "/schemas/ids/{id}/subjects", s.subjectsByID},
		{"GET", "/schemas/ids/{id}/versions", s.versionsByID},
		{"GET", "/schemas/guids/{guid}", s.byGUID},
		{"GET", "/schemas/guids/{guid}/ids", s.idsByGUID},

		{"POST", "/compatibility/subjects/{subject}/versions", s.checkAll},
		{"POST", "/compatibility/subjects/{subject}/versions/{version}", s.checkVersion},

		{"GET", "/config", s.config},
		{"PUT", "/config", s.setConfig},
		{"DELETE", "/config", s.deleteConfig},
		{"GET", "/config/{subject}", s.config},
		{"PUT", "/config/{subject}", s.setConfig},
		{"DELETE", "/config/{subject}", s.deleteConfig},
		{"GET", "/mode", s.mode},
		{"PUT", "/mode", s.setMode},
		{"DELETE", "/mode", s.deleteMode},
		{"GET", "/mode/{subject}", s.mode},
		{"PUT", "/mode/{subject}", s.setMode},
		{"DELETE", "/mode/{subject}", s.deleteMode},
		{"GET", "/contexts", s.contexts},
		{"DELETE", "/contexts/{context}", s.deleteContext},

		{"GET", "/v1/metadata/id", s.serverID},
		{"GET", "/v1/metadata/version", s.serverVersion},
		{"GET", "/v1/metadata/deployment", s.deployment},
		{"GET", "/openapi.yaml", s.document},
		{"GET", metricsPath, s.metrics},
		{"GET", "/health/live", s.live},
		{"GET", "/health/ready", s.ready},
	}
	for _, r := range routes {
		s.mux.Method(r.method, r.path, handle(r.answer, r.path))
	}
	s.mux.NotFound(refuse(func(*exchange) error { return notFound() }))
	s.mux.MethodNotAllowed(refuse(s.wrongMethod))
}

// randomUUID returns a UUID of version 4.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	text := make([]byte, 0, 36)
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, []byte{c})
	}
	return string(text)
}
