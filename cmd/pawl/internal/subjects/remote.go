package subjects

import (
	"context"
	"slices"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// remote judges files by asking the registry. Its verdict stands; places and directions, which its messages lack, come from
// comparing once more with the version that it names.
type remote struct {
	*checker
	client *client.Client
	app    *cli.App
	parsed map[place]schema.Schema // versions fetched so far; nil while their references are fetched
}

func (r *remote) judge(ctx context.Context, file string) (report, error) {
	req, err := r.read(r.app, file)
	if err != nil {
		return report{}, err
	}
	v, err := r.client.Check(ctx, r.subject, client.AllVersions, req, client.WriteOptions{Normalize: r.normalize})
	if err != nil {
		return report{}, err
	}
	rep, version := r.fromServer(file, v)
	rep.Warnings = r.warn(ctx, req)
	if len(rep.Findings) == 0 || rep.Level == "" {
		return rep, nil
	}
	if found, number := r.again(ctx, rep, version, req); len(found) > 0 {
		rep.Findings = found
		rep.against(number)
	}
	return rep, nil
}

// again compares here, with the version that the registry named or else with the newest that fails, and returns what the
// registry found, too. It returns nothing if the comparison cannot be made here: the messages must do then.
func (r *remote) again(ctx context.Context, rep report, version int, req openapi.SchemaRequest) (found []finding, number int) {
	next, err := r.parse(ctx, req)
	if err != nil {
		return nil, 0
	}
	versions := []int{version}
	if version == 0 {
		if versions, err = r.client.Versions(ctx, r.subject, client.Live); err != nil {
			return nil, 0
		}
		slices.Reverse(versions)
	}
	level := compat.Level(rep.Level)
	for _, number := range versions {
		old, err := r.version(ctx, place{r.subject, number})
		if err != nil {
			return nil, 0
		}
		verdict := compat.Checker{}.Check(level, next, []compat.Version{{Number: number, Schema: old}})
		for _, f := range verdict.Findings {
			found = append(found, r.findings(ctx, next, f)...)
		}
		if len(found) > 0 || !level.Transitive() {
			return slices.DeleteFunc(found, func(f finding) bool { return !rep.holds(f.Rule) }), number
		}
	}
	return nil, 0
}

// holds reports whether the registry found a rule broken, too. It may tolerate more than a comparison here.
func (r report) holds(rule string) bool {
	return slices.ContainsFunc(r.Findings, func(f finding) bool { return f.Rule == rule })
}

// parse reads a request as a schema with the references that the registry holds.
func (r *remote) parse(ctx context.Context, req openapi.SchemaRequest) (schema.Schema, error) {
	refs := make([]schema.Reference, len(req.References))
	for i, ref := range req.References {
		refs[i] = schema.Reference{Name: ref.Name, Subject: ref.Subject, Version: ref.Version}
	}
	s, err := r.link(ctx, req.SchemaType, req.Schema, refs)
	if err == nil && r.normalize {
		s = s.Normalize()
	}
	return s, err
}

// version fetches one version and what it refers to, each once.
func (r *remote) version(ctx context.Context, p place) (schema.Schema, error) {
	if s, met := r.parsed[p]; met {
		if s == nil {
			return nil, fault.New(schema.ErrInvalid, "pawl schema check", "version %d of %s refers to itself", p.version, p.subject)
		}
		return s, nil
	}
	r.parsed[p] = nil
	s, err := r.fetch(ctx, p)
	if err != nil {
		delete(r.parsed, p)
		return nil, err
	}
	r.parsed[p] = s
	return s, nil
}

func (r *remote) fetch(ctx context.Context, p place) (schema.Schema, error) {
	reg, err := r.client.Version(ctx, p.subject, p.version)
	if err != nil {
		return nil, err
	}
	return r.link(ctx, reg.Format, reg.Text, reg.References)
}

func (r *remote) link(ctx context.Context, format, text string, refs []schema.Reference) (schema.Schema, error) {
	f, err := r.formats.Lookup(format)
	if err != nil {
		return nil, err
	}
	deps := make([]schema.Dep, len(refs))
	for i, ref := range refs {
		s, err := r.version(ctx, place{ref.Subject, ref.Version})
		if err != nil {
			return nil, err
		}
		deps[i] = schema.Dep{Reference: ref, Schema: s}
	}
	return f.Parse(schema.Source{Text: text, References: refs, Rigor: schema.AsStored}, deps)
}
