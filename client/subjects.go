package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// Latest asks for the newest live version where a version is expected.
const Latest = -1

// AllContexts is the subject prefix that looks into every context.
const AllContexts = ":*:"

// Filter selects among live and soft-deleted versions.
type Filter uint8

const (
	// Live selects what is not deleted.
	Live Filter = iota
	// All selects what is live or soft-deleted.
	All
	// DeletedOnly selects what is soft-deleted.
	DeletedOnly
)

func (f Filter) add(q url.Values) url.Values {
	switch f {
	case All:
		q.Set("deleted", "true")
	case DeletedOnly:
		q.Set("deletedOnly", "true")
	}
	return q
}

// Deletion says how much is deleted.
type Deletion uint8

const (
	// Soft hides versions; they can still be read by ID and keep their numbers.
	Soft Deletion = iota
	// Permanent removes what was soft-deleted before.
	Permanent
)

func (d Deletion) query() url.Values {
	if d == Permanent {
		return url.Values{"permanent": {"true"}}
	}
	return nil
}

// WriteOptions say how a schema is registered or looked up. The zero value is the default.
type WriteOptions struct {
	Normalize bool   // in addition to the subject's configuration
	Force     bool   // register without the compatibility check
	Format    string // the style of the text in the answer
}

func (o WriteOptions) query() url.Values {
	q := url.Values{}
	if o.Normalize {
		q.Set("normalize", "true")
	}
	if o.Force {
		q.Set("force", "true")
	}
	if o.Format != "" {
		q.Set("format", o.Format)
	}
	return q
}

// segment escapes one segment of a path. The empty subject is written as the default context's, for a path cannot hold it.
func segment(name string) string {
	if name == "" {
		name = ":.:"
	}
	return url.PathEscape(name)
}

func subjectPath(subject string) string { return "/subjects/" + segment(subject) }

func versionPath(subject string, version int) string {
	return subjectPath(subject) + "/versions/" + versionText(version)
}

func versionText(version int) string {
	if version == Latest {
		return "latest"
	}
	return strconv.Itoa(version)
}

// RegisterSchema registers a schema under a subject.
func (c *Client) RegisterSchema(ctx context.Context, subject string, r openapi.SchemaRequest, o WriteOptions) (openapi.RegisterResponse, error) {
	var res openapi.RegisterResponse
	err := c.do(ctx, call{
		op: "client.RegisterSchema", method: http.MethodPost, path: subjectPath(subject) + "/versions", query: o.query(),
		body: r, into: &res, once: r.Version > 0 && r.ID == 0, // with an ID it is an import, which may arrive twice
	})
	return res, err
}

// LookupSchema finds the version of a subject that holds a schema.
func (c *Client) LookupSchema(ctx context.Context, subject string, r openapi.SchemaRequest, f Filter, o WriteOptions) (openapi.Schema, error) {
	var res openapi.Schema
	err := c.do(ctx, call{
		op: "client.LookupSchema", method: http.MethodPost, path: subjectPath(subject), query: f.add(o.query()), body: r, into: &res,
	})
	return res, err
}

// Subjects lists the subjects that start with a prefix. The empty prefix lists the default context, AllContexts everything.
func (c *Client) Subjects(ctx context.Context, prefix string, f Filter) ([]string, error) {
	var names []string
	q := f.add(url.Values{"subjectPrefix": {prefix}})
	err := c.do(ctx, call{op: "client.Subjects", method: http.MethodGet, path: "/subjects", query: q, into: &names})
	return names, err
}

// Versions lists the versions of a subject in ascending order.
func (c *Client) Versions(ctx context.Context, subject string, f Filter) ([]int, error) {
	var versions []int
	err := c.do(ctx, call{
		op: "client.Versions", method: http.MethodGet, path: subjectPath(subject) + "/versions", query: f.add(url.Values{}), into: &versions,
	})
	return versions, err
}

// SubjectVersion returns one version of a subject, or the newest live one for Latest.
func (c *Client) SubjectVersion(ctx context.Context, subject string, version int, f Filter) (openapi.Schema, error) {
	var s openapi.Schema
	q := url.Values{}
	if f != Live {
		q.Set("deleted", "true")
	}
	err := c.do(ctx, call{op: "client.SubjectVersion", method: http.MethodGet, path: versionPath(subject, version), query: q, into: &s})
	return s, err
}

// ReferencedBy lists the IDs of the schemas that refer to a version.
func (c *Client) ReferencedBy(ctx context.Context, subject string, version int, f Filter) ([]schema.ID, error) {
	var ids []schema.ID
	err := c.do(ctx, call{
		op: "client.ReferencedBy", method: http.MethodGet, path: versionPath(subject, version) + "/referencedby",
		query: f.add(url.Values{}), into: &ids,
	})
	return ids, err
}

// DeleteSubject deletes the versions of a subject and returns their numbers.
func (c *Client) DeleteSubject(ctx context.Context, subject string, d Deletion) ([]int, error) {
	var versions []int
	err := c.do(ctx, call{
		op: "client.DeleteSubject", method: http.MethodDelete, path: subjectPath(subject), query: d.query(), into: &versions, once: true,
	})
	return versions, err
}

// DeleteVersion deletes one version and returns its number.
func (c *Client) DeleteVersion(ctx context.Context, subject string, version int, d Deletion) (int, error) {
	var deleted int
	err := c.do(ctx, call{
		op: "client.DeleteVersion", method: http.MethodDelete, path: versionPath(subject, version), query: d.query(),
		into: &deleted, once: true,
	})
	return deleted, err
}

// SchemaQuery selects schemas for Schemas.
type SchemaQuery struct {
	Prefix     string // as for Subjects
	Filter     Filter // Live or All
	LatestOnly bool
	Aliases    bool   // also the schemas that aliases of matching subjects point at; each names its aliases
	RuleType   string // keep schemas with a rule of this type
}

const pageSize = 1000 // the most that servers give at once

// Schemas yields the schemas of a query by subject and version, page by page. It ends after an error.
func (c *Client) Schemas(ctx context.Context, query SchemaQuery) iter.Seq2[openapi.Schema, error] {
	return func(yield func(openapi.Schema, error) bool) {
		for offset := 0; ; offset += pageSize {
			page, err := c.SchemaPage(ctx, query, offset, pageSize)
			if err != nil {
				yield(openapi.Schema{}, err)
				return
			}
			for _, s := range page {
				if !yield(s, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// SchemaPage returns at most limit schemas of a query by subject and version, from position offset on. Servers give no more
// than 1000 at once. Error, besides what servers answer: ErrBadResponse for a page larger than MaxResponseBytes.
func (c *Client) SchemaPage(ctx context.Context, query SchemaQuery, offset, limit int) ([]openapi.Schema, error) {
	q := query.Filter.add(url.Values{"subjectPrefix": {query.Prefix}, "offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(limit)}})
	if query.LatestOnly {
		q.Set("latestOnly", "true")
	}
	if query.Aliases {
		q.Set("aliases", "true")
	}
	if query.RuleType != "" {
		q.Set("ruleType", query.RuleType)
	}
	var page []openapi.Schema
	err := c.do(ctx, call{op: "client.SchemaPage", method: http.MethodGet, path: "/schemas", query: q, into: &page})
	return page, err
}
