package rest

import (
	"net/http"
	"sync"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/openapi/page"
)

// root answers GET /.
func (s *server) root(*exchange) (reply, error) { return ok(struct{}{}) }

// postRoot answers POST / with any object.
func (s *server) postRoot(x *exchange) (reply, error) {
	if err := x.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	return ok(struct{}{})
}

// serverID answers GET /v1/metadata/id.
func (s *server) serverID(*exchange) (reply, error) {
	clusters := map[string]string{"kafka-cluster": s.opts.ClusterID, "schema-registry-cluster": s.opts.GroupID}
	return ok(openapi.ServerID{Scope: openapi.Scope{Path: []string{}, Clusters: clusters}})
}

// serverVersion answers GET /v1/metadata/version.
func (s *server) serverVersion(*exchange) (reply, error) {
	return ok(openapi.ServerVersion{Version: s.opts.Version, CommitID: s.opts.Commit})
}

// deployment answers GET /v1/metadata/deployment.
func (s *server) deployment(*exchange) (reply, error) {
	return ok(openapi.Deployment{Attributes: []string{}})
}

const documentPath = "/openapi.yaml"

// document answers GET /openapi.yaml, whatever the client accepts.
func (s *server) document(*exchange) (reply, error) {
	return reply{status: http.StatusOK, body: openapi.YAML, media: "application/yaml"}, nil
}

const docsPath = "/docs"

// docs answers GET /docs with the document as a page, whatever the client accepts.
func (s *server) docs(x *exchange) (reply, error) {
	body, err := s.page()
	h := x.w.Header()
	h.Set("Content-Security-Policy", page.Policy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	return reply{status: http.StatusOK, body: body, media: page.Media}, err
}

// newPage returns what renders the page when somebody first asks for it.
func newPage() func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) { return page.Render(openapi.YAML, documentPath) })
}

const metricsPath = "/metrics"

// metrics answers GET /metrics, whatever the client accepts.
func (s *server) metrics(*exchange) (reply, error) {
	if s.opts.Metrics == nil {
		return reply{}, notFound()
	}
	body, media, err := s.opts.Metrics()
	return reply{status: http.StatusOK, body: body, media: media}, err
}

// live answers GET /health/live, also while the server starts.
func (s *server) live(*exchange) (reply, error) { return ok(openapi.Health{Status: "up"}) }

// startup answers GET /health/startup: 503 until the server has started, and never again.
func (s *server) startup(*exchange) (reply, error) {
	if s.reg == nil {
		return down()
	}
	return ok(openapi.Health{Status: "up"})
}

// ready answers GET /health/ready: 503 while the registry cannot answer.
func (s *server) ready(x *exchange) (reply, error) {
	if s.reg == nil {
		return down()
	}
	if err := s.reg.Ready(x.ctx()); err != nil {
		x.s.log.WarnContext(x.ctx(), "not ready", "error", err)
		return down()
	}
	return ok(openapi.Health{Status: "up"})
}

func down() (reply, error) {
	res, err := ok(openapi.Health{Status: "down"})
	res.status = http.StatusServiceUnavailable
	return res, err
}
