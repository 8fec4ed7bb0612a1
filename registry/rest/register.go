package rest

import (
	"encoding/base64"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

// submitted reads the schema of a body for the subject of the path.
func (s *server) submitted(x *exchange) (registry.Submission, error) {
	var body openapi.SchemaRequest
	if err := x.decode(&body); err != nil {
		return registry.Submission{}, err
	}
	subject, err := x.subject()
	if err != nil {
		return registry.Submission{}, err
	}
	sub, err := submission(subject, body)
	if err != nil {
		return sub, err
	}
	sub.Normalize = x.flag("normalize")
	return sub, x.mayRefer(sub)
}

// register answers POST /subjects/{subject}/versions.
func (s *server) register(x *exchange) (reply, error) {
	sub, err := s.submitted(x)
	if err != nil {
		return reply{}, err
	}
	sub.Force = x.flag("force")
	v, err := s.reg.Register(x.ctx(), sub)
	if err != nil {
		return reply{}, err
	}
	if echoed(x, sub) {
		v.Text = sub.Text
	}
	return s.answerRegistered(x, v)
}

// echoed reports whether the answer to a registration holds the text as it was sent. A client that sends the binary form of a
// schema, in base64, keeps the text of the answer in its place and reads it as that form later (confluent-kafka for Python does);
// source text in the answer would break it.
func echoed(x *exchange, sub registry.Submission) bool {
	if x.query.Get("format") != "" || len(sub.AddTags)+len(sub.RemoveTags) > 0 || sub.PropagateTags {
		return false
	}
	_, err := base64.StdEncoding.DecodeString(sub.Text)
	return err == nil && sub.Text != ""
}

func (s *server) answerRegistered(x *exchange, v registry.Version) (reply, error) {
	x.audited.version = v.Number
	out := registeredOut(v)
	var err error
	if out.Schema, err = s.text(x, v); err != nil {
		return reply{}, err
	}
	return ok(out)
}

// lookup answers POST /subjects/{subject}.
func (s *server) lookup(x *exchange) (reply, error) {
	sub, err := s.submitted(x)
	if err != nil {
		return reply{}, err
	}
	v, err := x.found(s.reg.Lookup(x.ctx(), sub, x.deleted()))
	if err != nil {
		return reply{}, err
	}
	out := schemaOut(v)
	if out.Schema, err = s.text(x, v); err != nil {
		return reply{}, err
	}
	return ok(out)
}

// editTags answers POST /subjects/{subject}/versions/{version}/tags.
func (s *server) editTags(x *exchange) (reply, error) {
	subject, version, err := x.place()
	if err != nil {
		return reply{}, err
	}
	edit, err := x.tagEdit()
	if err != nil {
		return reply{}, err
	}
	v, err := s.reg.EditTags(x.ctx(), subject, version, edit)
	if err != nil {
		return reply{}, err
	}
	return s.answerRegistered(x, v)
}

func (x *exchange) tagEdit() (registry.TagEdit, error) {
	var body openapi.TagsRequest
	if err := x.decode(&body); err != nil {
		return registry.TagEdit{}, err
	}
	rules, err := ruleSetIn(body.RuleSet)
	if err != nil {
		return registry.TagEdit{}, err
	}
	merge, err := ruleSetIn(body.RulesToMerge)
	return registry.TagEdit{
		NewVersion: body.NewVersion, Add: tagsIn(body.TagsToAdd), Remove: tagsIn(body.TagsToRemove),
		Metadata: metadataIn(body.Metadata), RuleSet: rules, MergeRules: merge, RemoveRules: body.RulesToRemove,
	}, err
}
