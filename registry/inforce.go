package registry

import (
	"context"

	"github.com/pawl-registry/pawl/fault"
)

// Config returns what is stored for exactly this name: a subject, ":.ctx:" for a context, "" or ":.:" for the registry, or
// ":.__GLOBAL:" for all contexts. The last two answer with the server's default when nothing is stored; others fail with
// ErrNoSubjectConfig.
func (r *Registry) Config(ctx context.Context, name string) (Config, error) {
	if err := r.current(ctx); err != nil {
		return Config{}, err
	}
	name = stored(name)
	if c := r.view.config(name); c != nil {
		return *c, nil
	}
	if topLevel(name) {
		return Config{Level: r.opts.Level}, nil
	}
	return Config{}, fault.New(ErrNoSubjectConfig, opRead, "Subject '%s' does not have subject-level compatibility configured", name)
}

// EffectiveConfig returns what is in force for a name; it never fails for lack of a configuration.
func (r *Registry) EffectiveConfig(ctx context.Context, name string) (Config, error) {
	if err := r.current(ctx); err != nil {
		return Config{}, err
	}
	return configInForce(r.view, ParseName(name), r.opts.Level), nil
}

// Mode returns the mode stored for exactly this name, which is as in Config. Error: ErrNoSubjectMode (subjects and contexts
// only).
func (r *Registry) Mode(ctx context.Context, name string) (Mode, error) {
	if err := r.current(ctx); err != nil {
		return "", err
	}
	name = stored(name)
	if m := r.view.mode(name); m != "" {
		return m, nil
	}
	if topLevel(name) {
		return ReadWrite, nil
	}
	return "", fault.New(ErrNoSubjectMode, opRead, "Subject '%s' does not have subject-level mode configured", name)
}

// EffectiveMode returns the mode in force for a name.
func (r *Registry) EffectiveMode(ctx context.Context, name string) (Mode, error) {
	if err := r.current(ctx); err != nil {
		return "", err
	}
	return modeInForce(r.view, ParseName(name)), nil
}

// Resolve returns the subject that a name stands for: the target of its alias, once, or the name itself in its usual form. It
// answers from what this node knows.
func (r *Registry) Resolve(_ context.Context, subject string) (string, error) {
	n := ParseName(subject)
	if c := r.view.config(n.String()); c != nil && c.Alias != "" && n.Subject != "" {
		return in(n.Context, c.Alias).String(), nil
	}
	return n.String(), nil
}

// ResolveForDeks returns the subject whose deks a name stands for: the target of its alias for deks, else that of its alias,
// once, or the name itself in its usual form. It answers from what this node knows.
func (r *Registry) ResolveForDeks(ctx context.Context, subject string) (string, error) {
	n := ParseName(subject)
	if c := r.view.config(n.String()); c != nil && c.AliasForDeks != "" && n.Subject != "" {
		return in(n.Context, c.AliasForDeks).String(), nil
	}
	return r.Resolve(ctx, subject)
}
