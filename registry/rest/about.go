package rest

import (
	"net/http"

	"github.com/pawl-registry/pawl/openapi"
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

const metricsPath = "/metrics"

// metrics answers GET /metrics, whatever the client accepts.
func (s *server) metrics(*exchange) (reply, error) {
	if s.opts.Metrics == nil {
		return reply{}, notFound()
	}
	body, media, err := s.opts.Metrics()
	return reply{status: http.StatusOK, body: body, media: media}, err
}

// live answers GET /health/live.
func (s *server) live(*exchange) (reply, error) { return ok(openapi.Health{Status: "up"}) }

// ready answers GET /health/ready: 503 while the registry cannot answer.
func (s *server) ready(x *exchange) (reply, error) {
	if err := s.reg.Ready(x.ctx()); err != nil {
		x.s.log.WarnContext(x.ctx(), "not ready", "error", err)
		res, err := ok(openapi.Health{Status: "down"})
		res.status = http.StatusServiceUnavailable
		return res, err
	}
	return ok(openapi.Health{Status: "up"})
}
