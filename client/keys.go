package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pawl-registry/pawl/openapi"
)

// Keks lists the names of the key encryption keys. Servers without a key registry answer ErrNotServed.
func (c *Client) Keks(ctx context.Context, f Filter) ([]string, error) {
	var names []string
	err := c.do(ctx, call{op: "client.Keks", method: http.MethodGet, path: "/dek-registry/v1/keks", query: f.add(url.Values{}), into: &names})
	return names, err
}

// Associations lists the associations of subjects with a resource, given by namespace and name; "-" stands for any. Servers give
// no more than 1000, and servers without associations answer ErrNotServed.
func (c *Client) Associations(ctx context.Context, namespace, name string) ([]openapi.Association, error) {
	var found []openapi.Association
	path := "/associations/resources/" + url.PathEscape(namespace) + "/" + url.PathEscape(name)
	err := c.do(ctx, call{op: "client.Associations", method: http.MethodGet, path: path, into: &found})
	return found, err
}
