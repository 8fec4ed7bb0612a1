package registry

import (
	"context"
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Schema returns the parsed schema of a version. It is shared: schemas are immutable. Error: ErrInvalidSchema, when something
// it refers to is gone.
func (r *Registry) Schema(_ context.Context, v Version) (schema.Schema, error) {
	p, err := r.parser.parse(r.view, source{name: ParseName(v.Subject), format: v.Format, text: v.Text, refs: v.References, rigor: schema.AsStored})
	if err != nil {
		return nil, err
	}
	return p.Schema, nil
}

// Render returns the text of a version in a style of its format; the empty and the unknown style give the canonical text.
func (r *Registry) Render(ctx context.Context, v Version, style string) (string, error) {
	if style == "" {
		return v.Text, nil
	}
	s, err := r.Schema(ctx, v)
	if err != nil {
		return "", err
	}
	text, err := s.Render(style)
	if err != nil {
		return "", fault.Wrap(ErrInvalidSchema, opRead, err, "Schema %d has no %s form: %s", v.ID, style, fault.DetailOf(err))
	}
	return text, nil
}

// Tags returns the places of a version that carry any of the named inline tags, with all of their tags; "*" names all.
func (r *Registry) Tags(ctx context.Context, v Version, names []string) ([]schema.EntityTags, error) {
	s, err := r.Schema(ctx, v)
	if err != nil {
		return nil, err
	}
	t, ok := s.(schema.Tagger)
	if !ok {
		return nil, nil
	}
	wanted := func(tag string) bool { return slices.Contains(names, tag) }
	return slices.DeleteFunc(slices.Clone(t.Tags()), func(e schema.EntityTags) bool {
		return !slices.Contains(names, "*") && !slices.ContainsFunc(e.Tags, wanted)
	}), nil
}

// QualifiedReferences returns the references of v with the context of v put before subjects that name none.
func (v Version) QualifiedReferences() []schema.Reference {
	context := ParseName(v.Subject).Context
	out := slices.Clone(v.References)
	for i := range out {
		out[i].Subject = in(context, out[i].Subject).String()
	}
	return out
}
