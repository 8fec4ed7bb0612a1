package serde

import (
	"context"
	"fmt"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// version names one version of one subject.
type version struct {
	subject string
	number  int
}

// walk fetches and parses the references of one schema, each version once, bounded in depth and number. A nil entry of
// parsed is a version whose own references are being fetched: to meet it again is a cycle.
type walk struct {
	resolver *Resolver
	format   schema.Format
	parsed   map[version]schema.Schema
}

func (w *walk) deps(ctx context.Context, scope string, refs []schema.Reference, depth int) ([]schema.Dep, error) {
	if depth > maxReferenceDepth {
		return nil, fault.New(ErrSchema, "serde.Resolver", "references nest deeper than %d", maxReferenceDepth)
	}
	deps := make([]schema.Dep, 0, len(refs))
	for _, ref := range refs {
		s, err := w.one(ctx, scope, ref, depth)
		if err != nil {
			return nil, err
		}
		deps = append(deps, schema.Dep{Reference: ref, Schema: s})
	}
	return deps, nil
}

func (w *walk) one(ctx context.Context, scope string, ref schema.Reference, depth int) (schema.Schema, error) {
	const op = "serde.Resolver"
	k := version{qualify(scope, ref.Subject), ref.Version}
	if s, met := w.parsed[k]; met {
		if s == nil {
			return nil, fault.New(ErrSchema, op, "version %d of subject %q refers to itself through its references", k.number, k.subject)
		}
		return s, nil
	}
	if len(w.parsed) >= maxReferences {
		return nil, fault.New(ErrSchema, op, "more than %d references", maxReferences)
	}
	w.parsed[k] = nil
	what := fmt.Sprintf("version %d of subject %q, referred to as %q", k.number, k.subject, ref.Name)
	reg, err := w.resolver.schemas.Version(ctx, k.subject, k.number)
	if err != nil {
		return nil, asked(op, what, err)
	}
	if c := contextOf(k.subject); c != "" {
		scope = c
	}
	deps, err := w.deps(ctx, scope, reg.References, depth+1)
	if err != nil {
		return nil, err
	}
	s, err := w.format.Parse(schema.Source{Text: reg.Text, References: reg.References, Rigor: schema.AsStored}, deps)
	if err != nil {
		return nil, fault.Wrap(ErrSchema, op, err, "%s does not parse: %s", what, reasonOf(err))
	}
	w.parsed[k] = s
	return s, nil
}
