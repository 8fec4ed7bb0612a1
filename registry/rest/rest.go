package rest

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/internal/tracing"
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
	// WorkTimeout ends requests that register, look up, check or change something. 0 is a minute, as in Confluent's clients;
	// negative is no end.
	WorkTimeout time.Duration
	// CachedBodyBytes bounds the memory for prepared answers to lookups by ID. 0 is 16 MiB; negative is none.
	CachedBodyBytes int

	// Gate says who calls and what they may do; nil: everybody may do everything.
	Gate *auth.Gate

	// Metrics returns the numbers of the server in a text form and its media type, for GET /metrics; nil: there are none.
	Metrics func() (body []byte, media string, err error)
	// Observe is told of every answer: the endpoint as route lists it, or "unknown", the status, and the time it took. It must
	// be quick and safe for concurrent use. Nil: nobody is told.
	Observe func(method, endpoint string, status int, took time.Duration)

	// Tracer makes a span of each request; nil: none.
	Tracer *tracing.Tracer

	// NewRequestID names a request that came without a name. Nil gives random UUIDs.
	NewRequestID func() string
}

type server struct {
	reg    *registry.Registry
	opts   Options
	log    *slog.Logger
	mux    *chi.Mux
	bodies *bodyCache
	page   func() ([]byte, error) // see docs
	gate   *gate
}

// New returns a handler that serves reg, which stays the caller's to close.
func New(reg *registry.Registry, opts Options) http.Handler {
	if opts.GroupID == "" {
		opts.GroupID = "schema-registry"
	}
	if opts.MaxBodyBytes <= 0 {
		opts.MaxBodyBytes = 16 << 20
	}
	if opts.WorkTimeout == 0 {
		opts.WorkTimeout = time.Minute
	}
	if opts.CachedBodyBytes == 0 {
		opts.CachedBodyBytes = 16 << 20
	}
	if opts.NewRequestID == nil {
		opts.NewRequestID = randomUUID
	}
	s := &server{reg: reg, opts: opts, log: opts.Logger, mux: chi.NewMux(), bodies: newBodyCache(opts.CachedBodyBytes), page: newPage(), gate: newGate(opts.MaxBodyBytes)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.route()
	return s
}

// endpoint answers one kind of request.
type endpoint func(x *exchange) (reply, error)

// route is one endpoint.
type route struct {
	method, path string
	answer       endpoint
	need         need
	change       string // what the audit calls it; empty: it changes nothing
}

// route lists, with healthRoutes, what is served. Endpoints under POST and PUT take a body.
func (s *server) route() {
	routes := []route{
		{"GET", "/", s.root, need{over: overIdentity}, ""},
		{"POST", "/", s.postRoot, need{over: overIdentity}, ""},

		{"GET", "/subjects", s.subjects, need{overFindings, auth.Read}, ""},
		{"POST", "/subjects/{subject}", s.lookup, need{overSubject, auth.Read}, ""},
		{"DELETE", "/subjects/{subject}", s.deleteSubject, need{overSubject, auth.Write}, "delete_subject"},
		{"GET", "/subjects/{subject}/versions", s.versions, need{overSubject, auth.Read}, ""},
		{"POST", "/subjects/{subject}/versions", s.register, need{overSubject, auth.Write}, "register"},
		{"GET", "/subjects/{subject}/versions/{version}", s.version, need{overSubject, auth.Read}, ""},
		{"DELETE", "/subjects/{subject}/versions/{version}", s.deleteVersion, need{overSubject, auth.Write}, "delete_version"},
		{"GET", "/subjects/{subject}/versions/{version}/schema", s.versionText, need{overSubject, auth.Read}, ""},
		{"GET", "/subjects/{subject}/versions/{version}/referencedby", s.referencedBy, need{overSubject, auth.Read}, ""},
		{"POST", "/subjects/{subject}/versions/{version}/tags", s.editTags, need{overSubject, auth.Write}, "edit_tags"},
		{"GET", "/subjects/{subject}/metadata", s.latestWithMetadata, need{overSubject, auth.Read}, ""},

		{"GET", "/schemas", s.schemas, need{overFindings, auth.Read}, ""},
		{"GET", "/schemas/types", s.types, need{over: overIdentity}, ""},
		{"GET", "/schemas/ids/{id}", s.byID, need{overFindings, auth.Read}, ""},
		{"GET", "/schemas/ids/{id}/schema", s.textByID, need{overFindings, auth.Read}, ""},
		{"GET", "/schemas/ids/{id}/subjects", s.subjectsByID, need{overFindings, auth.Read}, ""},
		{"GET", "/schemas/ids/{id}/versions", s.versionsByID, need{overFindings, auth.Read}, ""},
		{"GET", "/schemas/guids/{guid}", s.byGUID, need{overFindings, auth.Read}, ""},
		{"GET", "/schemas/guids/{guid}/ids", s.idsByGUID, need{overFindings, auth.Read}, ""},

		{"POST", "/compatibility/subjects/{subject}/versions", s.checkAll, need{overSubject, auth.Check}, ""},
		{"POST", "/compatibility/subjects/{subject}/versions/{version}", s.checkVersion, need{overSubject, auth.Check}, ""},

		{"GET", "/config", s.config, need{overSetting, auth.Read}, ""},
		{"PUT", "/config", s.setConfig, need{overSetting, auth.Config}, "set_config"},
		{"DELETE", "/config", s.deleteConfig, need{overSetting, auth.Config}, "delete_config"},
		{"GET", "/config/{subject}", s.config, need{overSetting, auth.Read}, ""},
		{"PUT", "/config/{subject}", s.setConfig, need{overSetting, auth.Config}, "set_config"},
		{"DELETE", "/config/{subject}", s.deleteConfig, need{overSetting, auth.Config}, "delete_config"},
		{"GET", "/mode", s.mode, need{overSetting, auth.Read}, ""},
		{"PUT", "/mode", s.setMode, need{overSetting, auth.Admin}, "set_mode"},
		{"DELETE", "/mode", s.deleteMode, need{overSetting, auth.Admin}, "delete_mode"},
		{"GET", "/mode/{subject}", s.mode, need{overSetting, auth.Read}, ""},
		{"PUT", "/mode/{subject}", s.setMode, need{overSetting, auth.Admin}, "set_mode"},
		{"DELETE", "/mode/{subject}", s.deleteMode, need{overSetting, auth.Admin}, "delete_mode"},
		{"GET", "/contexts", s.contexts, need{overFindings, auth.Read}, ""},
		{"DELETE", "/contexts/{context}", s.deleteContext, need{overContext, auth.Admin}, "delete_context"},

		{"GET", "/associations/subjects/{subject}", s.associationsOfSubject, need{overSubject, auth.Read}, ""},
		{"GET", "/associations/resources/{resource}", s.associationsOfResource, need{overSome, auth.Read}, ""},
		{"GET", "/associations/resources/{namespace}/{name}", s.associationsOfName, need{overSome, auth.Read}, ""},
		{"POST", "/associations", s.associate, need{overSome, auth.Write}, "associate"},
		{"PUT", "/associations/resources/{resource}", s.upsertAssociations, need{overSome, auth.Write}, "associate"},
		{"DELETE", "/associations/resources/{resource}", s.dissociate, need{overSome, auth.Write}, "dissociate"},
		{"POST", "/associations:batchGet", s.batchGet, need{overSome, auth.Read}, ""},
		{"POST", "/associations:batchMutate", s.batchMutate, need{overSome, auth.Write}, "associate"},

		{"GET", "/dek-registry/v1/keks", s.keks, need{overSome, auth.Read}, ""},
		{"POST", "/dek-registry/v1/keks", s.createKek, need{overSome, auth.Write}, "create_kek"},
		{"GET", "/dek-registry/v1/keks/{kek}", s.kek, need{overSome, auth.Read}, ""},
		{"PUT", "/dek-registry/v1/keks/{kek}", s.updateKek, need{overAll, auth.Config}, "update_kek"},
		{"DELETE", "/dek-registry/v1/keks/{kek}", s.deleteKek, need{overAll, auth.Config}, "delete_kek"},
		{"POST", "/dek-registry/v1/keks/{kek}/undelete", s.undeleteKek, need{overAll, auth.Config}, "undelete_kek"},
		{"POST", "/dek-registry/v1/keks/{kek}/test", s.testKek, need{overSome, auth.Write}, ""},
		{"GET", "/dek-registry/v1/keks/{kek}/deks", s.dekSubjects, need{overSome, auth.Read}, ""},
		{"POST", "/dek-registry/v1/keks/{kek}/deks", s.createDek, need{overSubject, auth.Write}, "create_dek"},
		{"GET", "/dek-registry/v1/keks/{kek}/deks/{subject}", s.firstDek, need{overSubject, auth.Read}, ""},
		{"POST", "/dek-registry/v1/keks/{kek}/deks/{subject}", s.createDek, need{overSubject, auth.Write}, "create_dek"},
		{"DELETE", "/dek-registry/v1/keks/{kek}/deks/{subject}", s.deleteDek, need{overSubject, auth.Write}, "delete_dek"},
		{"POST", "/dek-registry/v1/keks/{kek}/deks/{subject}/undelete", s.undeleteDek, need{overSubject, auth.Write}, "undelete_dek"},
		{"GET", "/dek-registry/v1/keks/{kek}/deks/{subject}/versions", s.dekVersions, need{overSubject, auth.Read}, ""},
		{"GET", "/dek-registry/v1/keks/{kek}/deks/{subject}/versions/{version}", s.dek, need{overSubject, auth.Read}, ""},
		{"DELETE", "/dek-registry/v1/keks/{kek}/deks/{subject}/versions/{version}", s.deleteDekVersion, need{overSubject, auth.Write}, "delete_dek"},
		{"POST", "/dek-registry/v1/keks/{kek}/deks/{subject}/versions/{version}/undelete", s.undeleteDekVersion, need{overSubject, auth.Write}, "undelete_dek"},

		{"GET", "/v1/metadata/id", s.serverID, need{over: overIdentity}, ""},
		{"GET", "/v1/metadata/version", s.serverVersion, need{over: overIdentity}, ""},
		{"GET", "/v1/metadata/deployment", s.deployment, need{over: overIdentity}, ""},
		{"GET", "/openapi.yaml", s.document, need{over: overIdentity}, ""},
		{"GET", docsPath, s.docs, need{over: overIdentity}, ""},
		{"GET", metricsPath, s.metrics, need{overNumbers, auth.Metrics}, ""},
	}
	s.serve(routes)
	s.serve(s.healthRoutes())
	s.mux.NotFound(refuse(func(*exchange) error { return notFound() }))
	s.mux.MethodNotAllowed(refuse(s.wrongMethod))
}

// healthRoutes are those that are served from the first moment on.
func (s *server) healthRoutes() []route {
	return []route{
		{"GET", "/health/live", s.live, need{over: overNothing}, ""},
		{"GET", "/health/ready", s.ready, need{over: overNothing}, ""},
		{"GET", "/health/startup", s.startup, need{over: overNothing}, ""},
	}
}

func (s *server) serve(routes []route) {
	for _, r := range routes {
		s.mux.Method(r.method, r.path, handle(&r))
	}
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
