package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// The methods of this file are those that package serde asks of a source of schemas. Reference subjects come back qualified
// with the context of the schema that holds them, so that they can be asked for as they are.

// ByID returns the schema of an ID as a subject uses it. An empty subject means the default context.
func (c *Client) ByID(ctx context.Context, subject string, id schema.ID) (schema.Registered, error) {
	s, err := c.SchemaByID(ctx, subject, id)
	if err != nil {
		return schema.Registered{}, err
	}
	if s.Subject == "" {
		s.Subject = subject
	}
	return schema.Registered{
		Subject: s.Subject, Version: s.Version, ID: id, GUID: s.GUID, Format: s.SchemaType, Text: s.Schema,
		References: qualified(s.References, s.Subject),
	}, nil
}

// Latest returns the newest live version of a subject.
func (c *Client) Latest(ctx context.Context, subject string) (schema.Registered, error) {
	s, err := c.SubjectVersion(ctx, subject, Latest, Live)
	return registered(s, subject), err
}

// Version returns one version of a subject, soft-deleted ones included.
func (c *Client) Version(ctx context.Context, subject string, version int) (schema.Registered, error) {
	s, err := c.SubjectVersion(ctx, subject, version, All)
	return registered(s, subject), err
}

// Register registers a text under a subject and returns it as the registry keeps it.
func (c *Client) Register(ctx context.Context, subject string, s schema.Unregistered) (schema.Registered, error) {
	style := WriteOptions{Normalize: s.Normalize}
	res, err := c.RegisterSchema(ctx, subject, request(s), style)
	if err != nil {
		return schema.Registered{}, err
	}
	if res.Version == 0 || res.Schema == "" {
		return c.Lookup(ctx, subject, s) // servers before 7.4 answer the ID alone
	}
	return schema.Registered{
		Subject: subject, Version: res.Version, ID: schema.ID(res.ID), GUID: res.GUID, Format: res.SchemaType, Text: res.Schema,
		References: qualified(res.References, subject),
	}, nil
}

// Lookup finds the text among the live versions of a subject.
func (c *Client) Lookup(ctx context.Context, subject string, s schema.Unregistered) (schema.Registered, error) {
	res, err := c.LookupSchema(ctx, subject, request(s), Live, WriteOptions{Normalize: s.Normalize})
	return registered(res, subject), err
}

// Has reports whether a live or soft-deleted version of the subject has the ID.
func (c *Client) Has(ctx context.Context, subject string, id schema.ID) (bool, error) {
	uses, err := c.VersionsByID(ctx, subject, id, All)
	if fault.CodeOf(err) == ErrSchemaNotFound {
		return false, nil
	}
	name := strings.TrimPrefix(subject, ":.:")
	return slices.ContainsFunc(uses, func(u openapi.SubjectVersion) bool { return u.Subject == name }), err
}

func request(s schema.Unregistered) openapi.SchemaRequest {
	r := openapi.SchemaRequest{SchemaType: s.Format, Schema: s.Text}
	for _, ref := range s.References {
		r.References = append(r.References, openapi.Reference(ref))
	}
	return r
}

func registered(s openapi.Schema, subject string) schema.Registered {
	if s.Subject == "" {
		s.Subject = subject
	}
	return schema.Registered{
		Subject: s.Subject, Version: s.Version, ID: schema.ID(s.ID), GUID: s.GUID, Format: s.SchemaType, Text: s.Schema,
		References: qualified(s.References, s.Subject),
	}
}

// qualified gives references without a context the context of the subject whose schema holds them.
func qualified(refs []openapi.Reference, subject string) []schema.Reference {
	prefix := contextOf(subject)
	var out []schema.Reference
	for _, r := range refs {
		if !strings.HasPrefix(r.Subject, ":.") {
			r.Subject = prefix + r.Subject
		}
		out = append(out, schema.Reference(r))
	}
	return out
}

// contextOf returns the ":.ctx:" of a qualified subject, or nothing for the default context.
func contextOf(subject string) string {
	if !strings.HasPrefix(subject, ":.") || strings.HasPrefix(subject, ":.:") {
		return ""
	}
	if end := strings.IndexByte(subject[1:], ':'); end >= 0 {
		return subject[:end+2]
	}
	return subject + ":"
}

// SchemaByID returns the schema of an ID with one of its uses. The subject helps to find the context; it may be empty.
func (c *Client) SchemaByID(ctx context.Context, subject string, id schema.ID) (openapi.SchemaString, error) {
	var s openapi.SchemaString
	err := c.do(ctx, call{op: "client.SchemaByID", method: http.MethodGet, path: idPath(id), query: ofSubject(subject), into: &s})
	return s, err
}

// MaxID returns the highest ID that was given away in the context of a subject, which may be empty. id is any ID of that
// context. It is 0 if the server does not say.
func (c *Client) MaxID(ctx context.Context, subject string, id schema.ID) (schema.ID, error) {
	var s openapi.SchemaString
	q := ofSubject(subject)
	q.Set("fetchMaxId", "true")
	err := c.do(ctx, call{op: "client.MaxID", method: http.MethodGet, path: idPath(id), query: q, into: &s})
	if err != nil || s.MaxID == nil {
		return 0, err
	}
	return schema.ID(*s.MaxID), nil
}

// SchemaByGUID returns the schema of a GUID.
func (c *Client) SchemaByGUID(ctx context.Context, guid string) (openapi.SchemaString, error) {
	var s openapi.SchemaString
	err := c.do(ctx, call{op: "client.SchemaByGUID", method: http.MethodGet, path: "/schemas/guids/" + segment(guid), into: &s})
	return s, err
}

// IDsByGUID lists the IDs of a GUID in every context.
func (c *Client) IDsByGUID(ctx context.Context, guid string) ([]openapi.ContextID, error) {
	var ids []openapi.ContextID
	err := c.do(ctx, call{op: "client.IDsByGUID", method: http.MethodGet, path: "/schemas/guids/" + segment(guid) + "/ids", into: &ids})
	return ids, err
}

// SubjectsByID lists the subjects that use an ID, in the context of a subject that may be empty.
func (c *Client) SubjectsByID(ctx context.Context, subject string, id schema.ID, f Filter) ([]string, error) {
	var names []string
	q := f.add(ofSubject(subject))
	err := c.do(ctx, call{op: "client.SubjectsByID", method: http.MethodGet, path: idPath(id) + "/subjects", query: q, into: &names})
	return names, err
}

// VersionsByID lists the versions that use an ID, in the context of a subject that may be empty.
func (c *Client) VersionsByID(ctx context.Context, subject string, id schema.ID, f Filter) ([]openapi.SubjectVersion, error) {
	var uses []openapi.SubjectVersion
	q := f.add(ofSubject(subject))
	err := c.do(ctx, call{op: "client.VersionsByID", method: http.MethodGet, path: idPath(id) + "/versions", query: q, into: &uses})
	return uses, err
}

// Types lists the schema types that the registry serves.
func (c *Client) Types(ctx context.Context) ([]string, error) {
	var names []string
	err := c.do(ctx, call{op: "client.Types", method: http.MethodGet, path: "/schemas/types", into: &names})
	return names, err
}

func idPath(id schema.ID) string { return "/schemas/ids/" + strconv.Itoa(int(id)) }

func ofSubject(subject string) url.Values {
	if subject == "" {
		return url.Values{}
	}
	return url.Values{"subject": {subject}}
}
