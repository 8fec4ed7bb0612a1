package migrate

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
)

// ErrTarget is the code of a registry that takes an import and does something else.
var ErrTarget = fault.NewCode(fault.Unavailable, "target_not_importing")

// writer carries a plan out.
type writer struct {
	client         *client.Client
	source, target *image
	width          int
	count          func()       // called for every write, from many goroutines
	done           atomic.Int64 // writes so far
}

// versions writes the versions and deletes what is soft-deleted in the source. The subjects take imports already.
func (w *writer) versions(ctx context.Context, p *plan) error {
	for _, s := range p.steps {
		err := each(ctx, w.width, len(s.groups), func(ctx context.Context, g int) error {
			for _, i := range s.groups[g] {
				if err := w.version(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := w.hide(ctx, s.hide); err != nil {
			return err
		}
	}
	for _, l := range p.late {
		if err := w.hide(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) version(ctx context.Context, i int) error {
	v, err := w.source.version(i)
	if err != nil {
		return err
	}
	res, err := w.client.RegisterSchema(ctx, v.Subject, v.request(), client.WriteOptions{})
	if err != nil {
		return wrap(err, "%s cannot be written", w.source.entries[i].place)
	}
	if res.ID != v.ID || res.Version != 0 && res.Version != v.Version {
		return fault.New(ErrTarget, "pawl", "%s, id %d, was written as version %d, id %d: the target does not import", w.source.entries[i].place, v.ID, res.Version, res.ID)
	}
	w.wrote()
	return nil
}

func (w *writer) hide(ctx context.Context, list []int) error {
	return each(ctx, w.width, len(list), func(ctx context.Context, n int) error {
		at := w.source.entries[list[n]].place
		_, err := w.client.DeleteVersion(ctx, at.subject, at.version, client.Soft)
		if err != nil && !errors.Is(err, client.ErrVersionSoftDeleted) {
			return wrap(err, "%s cannot be soft-deleted", at)
		}
		w.wrote()
		return nil
	})
}

func (w *writer) wrote() {
	w.done.Add(1)
	w.count()
}

// wrap says what was being done; the code, which decides the exit status, stays.
func wrap(err error, format string, args ...any) error {
	code := fault.CodeOf(err)
	if code == nil {
		return err
	}
	if code.Kind() == fault.Invalid || code.Kind() == fault.Conflict {
		code = ErrTarget // what the target refuses is no mistake of the command line
	}
	return fault.Wrap(code, "pawl", err, format+": %s", append(args, fault.DetailOf(err))...)
}

// burnIDs raises a context's counter of IDs to that of the source, by a schema that is written under the highest ID and removed.
func (w *writer) burnIDs(ctx context.Context, contexts []string) error {
	for _, c := range contexts {
		id := max(w.source.contexts[c], 1)
		subject := in(c, reserved)
		req := openapi.SchemaRequest{Version: 1, ID: id, SchemaType: "AVRO", Schema: burnText(id)}
		if _, err := w.client.RegisterSchema(ctx, subject, req, client.WriteOptions{}); err != nil {
			return wrap(err, "id %d of context %s cannot be given away for good", id, c)
		}
		if err := w.remove(ctx, subject); err != nil {
			return err
		}
		w.wrote()
	}
	return nil
}

// tidy removes what an interrupted run left behind.
func (w *writer) tidy(ctx context.Context) error {
	for c := range w.target.leftover {
		if err := w.remove(ctx, in(c, reserved)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) remove(ctx context.Context, subject string) error {
	for _, d := range []client.Deletion{client.Soft, client.Permanent} {
		_, err := w.client.DeleteSubject(ctx, subject, d)
		if err != nil && !errors.Is(err, client.ErrSubjectSoftDeleted) && !errors.Is(err, client.ErrSubjectNotFound) {
			return wrap(err, "subject %s cannot be removed", subject)
		}
	}
	return nil
}

// configs makes the configurations of names those of the source.
func (w *writer) configs(ctx context.Context, names []string) error {
	return each(ctx, w.width, len(names), func(ctx context.Context, n int) error {
		defer w.wrote()
		return wrap(w.config(ctx, names[n]), "the configuration of %s cannot be written", describe(names[n]))
	})
}

func (w *writer) config(ctx context.Context, name string) error {
	next, ok := w.source.configs[name]
	if !ok {
		_, err := w.client.DeleteConfig(ctx, name)
		if errors.Is(err, client.ErrSubjectNotFound) {
			return nil
		}
		return err
	}
	old := w.target.configs[name]
	_, err := w.client.SetConfig(ctx, name, client.ConfigChange{Set: next, Clear: cleared(old, next)})
	return err
}

// cleared names the fields that one configuration has and the next has not.
func cleared(old, next openapi.Config) []string {
	var out []string
	for _, f := range []struct {
		name     string
		had, has bool
	}{
		{"alias", old.Alias != "", next.Alias != ""},
		{"aliasForDeks", old.AliasForDeks != "", next.AliasForDeks != ""},
		{"normalize", old.Normalize != nil, next.Normalize != nil},
		{"validateFields", old.ValidateFields != nil, next.ValidateFields != nil},
		{"validateNewSchemas", old.ValidateNewSchemas != nil, next.ValidateNewSchemas != nil},
		{"validateRules", old.ValidateRules != nil, next.ValidateRules != nil},
		{"compatibilityLevel", old.CompatibilityLevel != "", next.CompatibilityLevel != ""},
		{"compatibilityPolicy", old.CompatibilityPolicy != "", next.CompatibilityPolicy != ""},
		{"compatibilityGroup", old.CompatibilityGroup != "", next.CompatibilityGroup != ""},
		{"defaultMetadata", old.DefaultMetadata != nil, next.DefaultMetadata != nil},
		{"overrideMetadata", old.OverrideMetadata != nil, next.OverrideMetadata != nil},
		{"defaultRuleSet", old.DefaultRuleSet != nil, next.DefaultRuleSet != nil},
		{"overrideRuleSet", old.OverrideRuleSet != nil, next.OverrideRuleSet != nil},
	} {
		if f.had && !f.has {
			out = append(out, f.name)
		}
	}
	return out
}

// disarm takes the aliases away that would lead writes of these subjects elsewhere. rearm puts them back.
func (w *writer) disarm(ctx context.Context, subjects map[string]bool) (rearm func(context.Context) error, err error) {
	var off []string
	rearm = func(ctx context.Context) error {
		var all []error
		for _, name := range off {
			_, err := w.client.SetConfig(ctx, name, client.ConfigChange{Set: openapi.Config{Alias: w.target.configs[name].Alias}})
			all = append(all, wrap(err, "the alias of %s cannot be put back", name))
		}
		return errors.Join(all...)
	}
	for name := range subjects {
		if w.target.configs[name].Alias == "" {
			continue
		}
		if _, err := w.client.SetConfig(ctx, name, client.ConfigChange{Clear: []string{"alias"}}); err != nil {
			return rearm, wrap(err, "the alias of %s cannot be lifted for the time of the import", name)
		}
		off = append(off, name)
	}
	slices.Sort(off)
	return rearm, nil
}
