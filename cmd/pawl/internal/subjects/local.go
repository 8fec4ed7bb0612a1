package subjects

import (
	"context"
	"strings"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// local judges files by earlier versions in files, with the same engine as the registry's.
type local struct {
	app     *cli.App
	checker *checker
	level   compat.Level
	deps    []schema.Dep
	history []compat.Version
	names   map[int]string // of the files of history
}

func (k *checker) local(a *cli.App) (*local, error) {
	level, ok := compat.ParseLevel(k.level)
	if !ok {
		return nil, cli.Usagef("unknown level %q: use one of %v", k.level, compat.Levels)
	}
	if len(k.refs) > 0 {
		return nil, cli.Usagef("--ref names subjects of a registry; with --against, give the files themselves with --import NAME=FILE")
	}
	l := &local{app: a, checker: k, level: level, names: map[int]string{}}
	if err := l.imports(); err != nil {
		return nil, err
	}
	for i, file := range k.against {
		s, err := l.parse(file, schema.AsStored)
		if err != nil {
			return nil, unreadable(file, err)
		}
		l.history = append(l.history, compat.Version{Number: i + 1, Schema: s})
		l.names[i+1] = file
	}
	return l, nil
}

func (l *local) imports() error {
	for _, text := range l.checker.imports {
		name, file, ok := strings.Cut(text, "=")
		if !ok || name == "" || file == "" {
			return cli.Usagef("the import %q must be of the form NAME=FILE", text)
		}
		s, err := l.parse(file, schema.AsStored)
		if err != nil {
			return unreadable(file, err)
		}
		l.deps = append(l.deps, schema.Dep{Reference: schema.Reference{Name: name, Subject: name, Version: 1}, Schema: s})
	}
	return nil
}

// parse reads a schema file; the imports of its own format are there to be referred to.
func (l *local) parse(file string, r schema.Rigor) (schema.Schema, error) {
	body, err := text(l.app, file)
	if err != nil {
		return nil, err
	}
	f, err := l.checker.formats.Lookup(l.checker.formatOf(file))
	if err != nil {
		return nil, cli.Usagef("%s: unknown type %q: use one of %s", file, l.checker.format, strings.Join(l.checker.formats.Names(), ", "))
	}
	src := schema.Source{Text: body, Rigor: r}
	var deps []schema.Dep
	for _, d := range l.deps {
		if d.Schema.Format() == f.Name() {
			deps = append(deps, d)
			src.References = append(src.References, d.Reference)
		}
	}
	s, err := f.Parse(src, deps)
	if err == nil && l.checker.normalize {
		s = s.Normalize()
	}
	return s, err
}

// unreadable says that a file to compare with, or to refer to, is no schema.
func unreadable(file string, err error) error {
	if fault.CodeOf(err) != schema.ErrInvalid {
		return err
	}
	return fault.Wrap(cli.ErrUsage, "pawl schema check", err, "%s", placed(file, fault.DetailOf(err)))
}

func (l *local) judge(ctx context.Context, file string) (report, error) {
	r := report{File: file, Level: string(l.level)}
	next, err := l.parse(file, schema.AsNew)
	if fault.CodeOf(err) == schema.ErrInvalid {
		r.Findings = []finding{invalid(fault.DetailOf(err))}
		return r, nil
	}
	if err != nil {
		return r, err
	}
	v := compat.Checker{Warn: true}.Check(l.level, next, l.history)
	r.Compatible = v.Compatible()
	for _, f := range v.Findings {
		found := l.checker.findings(ctx, next, f)
		for i := range found {
			found[i].Against = l.names[f.Old.Number]
		}
		r.Findings = append(r.Findings, found...)
	}
	r.Warnings = l.checker.warnings(next, v, func(old compat.Version) finding { return finding{Against: l.names[old.Number]} })
	return r, nil
}
