package rest

import (
	"net/http"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// subjects answers GET /subjects. Without a prefix it looks into all contexts.
func (s *server) subjects(x *exchange) (reply, error) {
	prefix := ":*:"
	if x.query.Has("subjectPrefix") {
		prefix = x.query.Get("subjectPrefix")
	}
	w, err := x.window(maxUnlimited)
	if err != nil {
		return reply{}, err
	}
	all, err := s.reg.EachSubject(x.ctx(), prefix, x.filter())
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, names: w.of(all, x.sees)}, nil
}

// deleteSubject answers DELETE /subjects/{subject}.
func (s *server) deleteSubject(x *exchange) (reply, error) {
	subject, err := x.subject()
	if err != nil {
		return reply{}, err
	}
	versions, err := s.reg.DeleteSubject(x.ctx(), subject, x.deletion())
	if err != nil {
		return reply{}, err
	}
	return okList(versions)
}

// versions answers GET /subjects/{subject}/versions. deletedAsNegative wins over the other filters; alone it does not make a
// subject found that has no live version.
func (s *server) versions(x *exchange) (reply, error) {
	subject, err := x.subject()
	if err != nil {
		return reply{}, err
	}
	f := x.filter()
	if x.flag("deletedAsNegative") {
		if f != registry.Live {
			f = registry.All
		}
		return list(x, maxUnlimited, func() ([]int, error) { return s.reg.SignedVersions(x.ctx(), subject, f) })
	}
	return list(x, maxUnlimited, func() ([]int, error) { return s.reg.Versions(x.ctx(), subject, f) })
}

// version answers GET /subjects/{subject}/versions/{version}.
func (s *server) version(x *exchange) (reply, error) {
	v, err := s.place(x)
	if err != nil {
		return reply{}, err
	}
	return s.answerSchema(x, v)
}

// place returns the version that a path names.
func (s *server) place(x *exchange) (registry.Version, error) {
	subject, version, err := x.place()
	if err != nil {
		return registry.Version{}, err
	}
	return x.found(s.reg.Version(x.ctx(), subject, version, x.deleted()))
}

// answerSchema answers a version as the query wants to see it.
func (s *server) answerSchema(x *exchange, v registry.Version) (reply, error) {
	out := schemaOut(v)
	var err error
	if out.Schema, err = s.text(x, v); err != nil {
		return reply{}, err
	}
	if out.SchemaTags, err = s.foundTags(x, v); err != nil {
		return reply{}, err
	}
	if qualifiedReferences(x) {
		out.References = referencesOut(v.QualifiedReferences())
	}
	return ok(out)
}

func qualifiedReferences(x *exchange) bool { return x.query.Get("referenceFormat") == "qualified" }

// text returns the text of a version in the style that the query asks for.
func (s *server) text(x *exchange, v registry.Version) (string, error) {
	style := x.query.Get("format")
	if style == "" {
		return v.Text, nil
	}
	return s.reg.Render(x.ctx(), v, style)
}

// foundTags returns the inline tags that the query asks for.
func (s *server) foundTags(x *exchange, v registry.Version) ([]openapi.SchemaTags, error) {
	names := x.query["findTags"]
	if len(names) == 0 {
		return nil, nil
	}
	tags, err := s.reg.Tags(x.ctx(), v, names)
	return tagsOut(tags), err
}

// deleteVersion answers DELETE /subjects/{subject}/versions/{version}.
func (s *server) deleteVersion(x *exchange) (reply, error) {
	subject, version, err := x.place()
	if err != nil {
		return reply{}, err
	}
	deleted, err := s.reg.DeleteVersion(x.ctx(), subject, version, x.deletion())
	if err != nil {
		return reply{}, err
	}
	x.audited.version = deleted
	return ok(deleted)
}

// versionText answers GET /subjects/{subject}/versions/{version}/schema.
func (s *server) versionText(x *exchange) (reply, error) {
	v, err := s.place(x)
	if err != nil {
		return reply{}, err
	}
	text, err := s.text(x, v)
	if err != nil {
		return reply{}, err
	}
	return okText(text)
}

// referencedBy answers GET /subjects/{subject}/versions/{version}/referencedby.
func (s *server) referencedBy(x *exchange) (reply, error) {
	subject, version, err := x.place()
	if err != nil {
		return reply{}, err
	}
	return list(x, maxSchemas, func() ([]schema.ID, error) { return s.reg.ReferencedBy(x.ctx(), subject, version, x.deleted()) })
}

// latestWithMetadata answers GET /subjects/{subject}/metadata. Keys and values pair by position.
func (s *server) latestWithMetadata(x *exchange) (reply, error) {
	subject, err := x.subject()
	if err != nil {
		return reply{}, err
	}
	keys, values := x.query["key"], x.query["value"]
	properties := make(map[string]string, len(keys))
	for i := range min(len(keys), len(values)) {
		properties[keys[i]] = values[i]
	}
	v, err := x.found(s.reg.LatestWithMetadata(x.ctx(), subject, properties, x.deleted()))
	if err != nil {
		return reply{}, err
	}
	return s.answerSchema(x, v)
}
