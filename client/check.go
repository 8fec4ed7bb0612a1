package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pawl-registry/pawl/openapi"
)

// AllVersions asks a check to compare with the history as a registration would.
const AllVersions = 0

// Verdict is the outcome of a compatibility check. Messages says why, in the wording of the registry, and is empty for a
// compatible schema unless the server has remarks.
type Verdict struct {
	Compatible bool
	Messages   []string
}

// Check asks whether a schema could be registered: against one version, against Latest, or as a registration would for
// AllVersions. An invalid schema is a verdict too.
func (c *Client) Check(ctx context.Context, subject string, version int, r openapi.SchemaRequest, o WriteOptions) (Verdict, error) {
	path := "/compatibility" + subjectPath(subject) + "/versions"
	if version != AllVersions {
		path += "/" + versionText(version)
	}
	q := url.Values{"verbose": {"true"}}
	if o.Normalize {
		q.Set("normalize", "true")
	}
	var res openapi.Compatibility
	err := c.do(ctx, call{op: "client.Check", method: http.MethodPost, path: path, query: q, body: r, into: &res})
	v := Verdict{Compatible: res.IsCompatible}
	if res.Messages != nil {
		v.Messages = *res.Messages
	}
	return v, err
}
