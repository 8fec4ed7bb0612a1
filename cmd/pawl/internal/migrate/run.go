package migrate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/schema"
)

// options are what the commands share.
type options struct {
	scope     scope
	names     []string // without schemas, whose settings are wanted too
	width     int
	extra     bool
	configs   bool // are copied and compared
	modes     bool
	verify    bool // after the import
	only      bool // compares and writes nothing
	dryRun    bool
	formats   *schema.Formats
	say       func(format string, args ...any)
	progress  func(what string) (count func(), end func())
	warned    bool                                      // of what is not copied
	openImage func(ctx context.Context) (*image, error) // reads the source
}

// result is what a run came to.
type result struct {
	Contexts    int          `json:"contexts"`
	Subjects    int          `json:"subjects"`
	Versions    int          `json:"versions"`
	Written     int          `json:"written"`
	Deleted     int          `json:"deleted"`
	Settings    int          `json:"settings"`
	DryRun      bool         `json:"dryRun,omitempty"`
	Verified    bool         `json:"verified"`
	Conflicts   []difference `json:"conflicts,omitempty"`
	Differences []difference `json:"differences,omitempty"`
}

func (o *options) head() headLine {
	return headLine{Format: formatVersion, Prefix: o.scope, Config: o.configs, Mode: o.modes}
}

func (o *options) want() want { return want{o.configs, o.modes} }

// capture reads a registry as a source: what is in scope, with its settings.
func (o *options) capture(ctx context.Context, c *client.Client, what string) (*image, error) {
	im, err := o.read(ctx, c, what, o.scope, o.want(), nil)
	if err == nil && !o.warned {
		o.warned = true
		for _, what := range leftBehind(ctx, c) {
			o.say("pawl: not copied: %s", what)
		}
	}
	return im, err
}

// read reads a registry within a scope, and settings of the names in scope and of others.
func (o *options) read(ctx context.Context, c *client.Client, what string, s scope, w want, others map[string]bool) (*image, error) {
	im, err := newImage()
	if err != nil {
		return nil, err
	}
	count, end := o.progress(what)
	defer end()
	r := &reader{client: c, width: o.width, count: count}
	if err = r.schemas(ctx, im, s); err == nil {
		names := im.settingNames(o.scope)
		maps.Copy(names, others)
		for _, n := range o.names {
			names[plainName(n)] = true
		}
		err = r.settings(ctx, im, names, w)
	}
	if err != nil {
		im.close()
		return nil, err
	}
	return im, nil
}

// target reads the target whole, for IDs belong to contexts, not to subjects in scope, and its settings even if they are not
// compared: modes have to be put back, and aliases to be stepped around.
func (o *options) target(ctx context.Context, c *client.Client, source *image) (*image, error) {
	others := source.settingNames(o.scope)
	others[topName], others[globalName] = true, true // also if out of scope: they are lifted for what is in it
	for _, e := range source.entries {
		others[in(contextOf(e.subject), "")] = true
	}
	for name := range source.contexts {
		others[in(name, "")] = true
	}
	for name := range source.configs {
		others[name] = true
	}
	for name := range source.modes {
		others[name] = true
	}
	return o.read(ctx, c, "versions and settings of the target read", everything, want{true, true}, others)
}

func (o *options) comparer(source, target *image) *comparer {
	return &comparer{source: source, target: target, scope: o.scope, extra: o.extra, want: o.want(), formats: o.formats}
}

// run copies the source to the target and compares them.
func (o *options) run(ctx context.Context, to *client.Client) (*result, error) {
	source, err := o.openImage(ctx)
	if err != nil {
		return nil, err
	}
	defer source.close()
	res := &result{Contexts: len(source.contexts), Subjects: source.subjects(), Versions: len(source.entries), DryRun: o.dryRun}
	if !o.only {
		if err := o.write(ctx, to, source, res); err != nil || o.dryRun || len(res.Conflicts) > 0 {
			return res, err
		}
	}
	if !o.verify && !o.only {
		return res, nil
	}
	return res, o.check(ctx, to, source, res)
}

// check compares both sides as they are now.
func (o *options) check(ctx context.Context, to *client.Client, source *image, res *result) error {
	if !o.only { // the source may have changed since it was read
		again, err := o.openImage(ctx)
		if err != nil {
			return err
		}
		defer again.close()
		source = again
	}
	target, err := o.target(ctx, to, source)
	if err != nil {
		return err
	}
	defer target.close()
	found, err := o.comparer(source, target).compare()
	if err != nil {
		return err
	}
	res.Verified, res.Differences = true, found.all(source)
	return nil
}

// write plans, opens the target for imports, plans again with what came in between, and writes.
func (o *options) write(ctx context.Context, to *client.Client, source *image, res *result) error {
	target, err := o.target(ctx, to, source)
	if err != nil {
		return err
	}
	defer target.close()
	p, err := o.plan(source, target, res)
	if err != nil || p == nil {
		return err
	}
	if o.dryRun {
		res.Written, res.Deleted = p.writes()
		res.Settings = len(p.configs) + len(p.modes)
		return nil
	}
	if p.empty() && len(target.leftover) == 0 {
		return nil
	}
	if target.modes[topName] == importing && source.modes[topName] != importing {
		o.say("pawl: the target takes imports already, perhaps since a run that was cut off")
	}
	l := &lifter{client: to, modes: target.modes}
	if err = l.lift(ctx, touched(source, target, p)); err == nil {
		err = o.writeLifted(ctx, l, source, target, res)
	}
	// However it ended, and also if the user gave up: nothing stays open for imports.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	closed := l.restore(late, target.modes)
	if err != nil && closed != nil {
		o.say("pawl: %s", cli.Message(closed))
		return err
	}
	return errors.Join(err, closed)
}

// plan decides what is to be written. The plan is nil if conflicts stand in the way, which go to res.
func (o *options) plan(source, target *image, res *result) (*plan, error) {
	c := o.comparer(source, target)
	found, err := c.compare()
	if err != nil {
		return nil, err
	}
	p, conflicts := makePlan(c, found)
	res.Conflicts = conflicts
	return p, nil
}

// writeLifted looks at the target once more, now that nobody else registers there, and carries the plan out.
func (o *options) writeLifted(ctx context.Context, l *lifter, source, before *image, res *result) error {
	target, err := newImage()
	if err != nil {
		return err
	}
	defer target.close()
	r := &reader{client: l.client, width: o.width, count: func() {}}
	if err := r.schemas(ctx, target, everything); err != nil {
		return err
	}
	target.configs, target.modes = before.configs, before.modes
	p, err := o.plan(source, target, res)
	if err != nil || p == nil {
		return err
	}
	count, end := o.progress("writes")
	defer end()
	w := &writer{client: l.client, source: source, target: target, width: o.width, count: count}
	if err := o.contents(ctx, w, p); err != nil {
		return err
	}
	res.Written, res.Deleted = p.writes()
	if err := w.configs(ctx, p.configs); err != nil {
		return err
	}
	res.Settings = len(p.configs) + len(p.modes)
	return o.finalModes(ctx, l, source, target, p)
}

// contents writes the versions, past the aliases that would lead them elsewhere, and gives IDs away for good.
func (o *options) contents(ctx context.Context, w *writer, p *plan) error {
	if err := w.tidy(ctx); err != nil {
		return err
	}
	rearm, err := w.disarm(ctx, p.subjects(w.source))
	if err == nil {
		err = w.versions(ctx, p)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := errors.Join(err, rearm(late)); err != nil {
		return err
	}
	return w.burnIDs(ctx, p.burn)
}

// finalModes stores the modes of the source, and with them ends the imports.
func (o *options) finalModes(ctx context.Context, l *lifter, source, target *image, p *plan) error {
	next := maps.Clone(target.modes)
	for _, name := range p.modes {
		if mode, ok := source.modes[name]; ok {
			next[name] = mode
		} else {
			delete(next, name)
		}
	}
	waiting := map[string]bool{}
	for _, name := range p.modes {
		waiting[name] = true
	}
	for _, name := range l.lifted {
		delete(waiting, name)
	}
	for _, name := range slices.SortedFunc(maps.Keys(waiting), topFirst) {
		if err := putMode(ctx, l.client, next, name); err != nil {
			return wrap(err, "the mode of %s cannot be set", describe(name))
		}
	}
	return l.restore(ctx, next)
}

// subjects returns the subjects that versions are written to or deleted from.
func (p *plan) subjects(source *image) map[string]bool {
	out := map[string]bool{}
	for _, s := range p.steps {
		for _, list := range append(s.groups, s.hide) {
			for _, i := range list {
				out[source.entries[i].subject] = true
			}
		}
	}
	for _, list := range p.late {
		for _, i := range list {
			out[source.entries[i].subject] = true
		}
	}
	return out
}

// touched returns the names that must take imports for the time of a plan.
func touched(source, target *image, p *plan) map[string]bool {
	out := p.subjects(source)
	for _, c := range p.burn {
		out[in(c, reserved)] = true
	}
	for c := range target.leftover {
		out[in(c, reserved)] = true
	}
	for _, name := range p.configs {
		if readOnly(target.modes, name) {
			out[name] = true
		}
	}
	return out
}

// readOnly reports whether the mode in force for a name forbids changes of its configuration.
func readOnly(modes map[string]string, name string) bool {
	for _, n := range []string{name, in(contextOf(name), ""), globalName} {
		if mode, ok := modes[n]; ok {
			return mode == "READONLY" || mode == "READONLY_OVERRIDE"
		}
	}
	return false
}
