package rest

import (
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// schemas answers GET /schemas. Without a prefix it looks into the default context.
func (s *server) schemas(x *exchange) (reply, error) {
	w, err := x.window(maxSchemas)
	if err != nil {
		return reply{}, err
	}
	bonds, err := x.bonds()
	if err != nil {
		return reply{}, err
	}
	found, err := s.list(x, registry.Selection{
		Prefix: x.query.Get("subjectPrefix"), Filter: x.deleted(), LatestOnly: x.flag("latestOnly"),
		RuleType: x.query.Get("ruleType"), Aliases: x.flag("aliases"), Offset: w.offset, Limit: w.limit,
		Associations: bonds,
	})
	if err != nil {
		return reply{}, err
	}
	out := make([]openapi.Schema, len(found))
	for i, v := range found {
		out[i] = schemaOut(v.Version)
		out[i].Aliases = v.Aliases
		out[i].Associations = associationsOut(v.Associations)
	}
	return ok(out)
}

// list returns what a selection finds of the subjects that the caller may see.
func (s *server) list(x *exchange, sel registry.Selection) ([]registry.Listed, error) {
	if x.sees("") {
		return s.reg.List(x.ctx(), sel)
	}
	w := window{offset: sel.Offset, limit: sel.Limit}
	sel.Offset, sel.Limit = 0, 0
	all, err := s.reg.List(x.ctx(), sel)
	all = cut(seen(x, all, func(v registry.Listed) string { return v.Subject }), w)
	for i := range all {
		all[i].Aliases = seen(x, all[i].Aliases, func(name string) string { return name })
	}
	return all, err
}

// types answers GET /schemas/types.
func (s *server) types(*exchange) (reply, error) { return okList(s.reg.Formats().Names()) }

// byID answers GET /schemas/ids/{id}, the call that every consumer makes. An answer that the query does not shape is prepared
// once for each state of a version.
func (s *server) byID(x *exchange) (reply, error) {
	subject, id, err := x.idPlace()
	if err != nil {
		return reply{}, err
	}
	v, err := s.reg.ByID(x.ctx(), subject, id)
	if err == nil {
		v, err = x.seenUse(x.ctx(), v)
	}
	if err != nil {
		return reply{}, err
	}
	if shaped(x) {
		return s.shapedByID(x, v)
	}
	key := keyOf(v)
	if p := s.bodies.get(key); p.body != nil {
		return p.answer(keepAWhile), nil
	}
	body, err := encode(stringOut(v))
	if err != nil {
		return reply{}, err
	}
	p := prepare(body)
	s.bodies.put(key, p)
	return p.answer(keepAWhile), nil
}

// shaped reports whether the query asks for more than the plain answer.
func shaped(x *exchange) bool {
	for name := range x.query {
		switch name {
		case "format", "referenceFormat", "findTags", "fetchMaxId":
			return true
		}
	}
	return false
}

func (s *server) shapedByID(x *exchange, v registry.Version) (reply, error) {
	out := stringOut(v)
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
	if x.flag("fetchMaxId") {
		most, err := s.reg.MaxID(x.ctx(), v.Subject)
		if err != nil {
			return reply{}, err
		}
		n := int(most)
		out.MaxID = &n
	}
	return ok(out)
}

// textByID answers GET /schemas/ids/{id}/schema.
func (s *server) textByID(x *exchange) (reply, error) {
	subject, id, err := x.idPlace()
	if err != nil {
		return reply{}, err
	}
	v, err := s.reg.ByID(x.ctx(), subject, id)
	if err == nil {
		v, err = x.seenUse(x.ctx(), v)
	}
	if err != nil {
		return reply{}, err
	}
	text, err := s.text(x, v)
	if err != nil {
		return reply{}, err
	}
	p := prepare([]byte(text))
	if shaped(x) {
		return p.answer(keepAWhile), nil
	}
	return p.answer(keepAlways), nil
}

// subjectsByID answers GET /schemas/ids/{id}/subjects.
func (s *server) subjectsByID(x *exchange) (reply, error) {
	subject, id, err := x.idPlace()
	if err != nil {
		return reply{}, err
	}
	return list(x, maxUnlimited, func() ([]string, error) {
		all, err := s.reg.SubjectsOfID(x.ctx(), subject, id, x.deleted())
		return seen(x, all, func(name string) string { return name }), err
	})
}

// versionsByID answers GET /schemas/ids/{id}/versions.
func (s *server) versionsByID(x *exchange) (reply, error) {
	subject, id, err := x.idPlace()
	if err != nil {
		return reply{}, err
	}
	return list(x, maxUnlimited, func() ([]openapi.SubjectVersion, error) {
		places, err := s.reg.VersionsOfID(x.ctx(), subject, id, x.deleted())
		places = seen(x, places, func(p registry.Place) string { return p.Subject })
		uses := make([]openapi.SubjectVersion, len(places))
		for i, p := range places {
			uses[i] = openapi.SubjectVersion(p)
		}
		return uses, err
	})
}

// byGUID answers GET /schemas/guids/{guid}. The answer names no use of the schema.
func (s *server) byGUID(x *exchange) (reply, error) {
	text := x.param("guid")
	guid, is := registry.ParseGUID(text)
	if !is {
		return reply{}, fault.New(registry.ErrSchemaNotFound, "rest.byGUID", "Schema %s not found", text)
	}
	v, err := s.reg.ByGUID(x.ctx(), guid)
	if err == nil {
		v, err = s.seenByGUID(x, guid, v)
	}
	if err != nil {
		return reply{}, err
	}
	out := stringOut(v)
	out.Subject, out.Version = "", 0
	if out.Schema, err = s.text(x, v); err != nil {
		return reply{}, err
	}
	body, err := encode(out)
	return prepare(body).answer(keepAWhile), err
}

// idsByGUID answers GET /schemas/guids/{guid}/ids. An unknown GUID has no IDs.
func (s *server) idsByGUID(x *exchange) (reply, error) {
	guid, is := registry.ParseGUID(x.param("guid"))
	if !is {
		return okList[openapi.ContextID](nil)
	}
	ids, err := s.reg.IDsOfGUID(x.ctx(), guid)
	if err != nil {
		return reply{}, err
	}
	out := make([]openapi.ContextID, 0, len(ids))
	for _, id := range ids {
		if x.seenContext(id.Context) {
			out = append(out, openapi.ContextID{Context: id.Context, ID: int(id.ID)})
		}
	}
	return ok(out)
}

// seenByGUID returns a version with the content of v that the caller may see, in any context.
func (s *server) seenByGUID(x *exchange, guid schema.GUID, v registry.Version) (registry.Version, error) {
	if x.sees(v.Subject) {
		return v, nil
	}
	ids, err := s.reg.IDsOfGUID(x.ctx(), guid)
	if err != nil {
		return v, err
	}
	for _, id := range ids {
		other, err := s.reg.ByID(x.ctx(), registry.Name{Context: id.Context}.String(), id.ID)
		if err != nil {
			continue // deleted meanwhile
		}
		if other, err = x.seenUse(x.ctx(), other); err == nil {
			return other, nil
		}
	}
	return v, x.denied("a schema of subjects that are not theirs")
}
