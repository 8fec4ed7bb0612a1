package migrate

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/client"
)

const (
	importing = "IMPORT"
	readWrite = "READWRITE"
)

// lifter puts parts of the target into the mode IMPORT and back.
type lifter struct {
	client *client.Client
	modes  map[string]string // as they were stored before
	lifted []string
}

// lift makes all subjects with these names, and everything in these contexts, take imports. What takes them already stays as it
// is. After a failure, too, restore puts back what was changed.
func (l *lifter) lift(ctx context.Context, names map[string]bool) error {
	for _, name := range slices.SortedFunc(maps.Keys(names), topFirst) {
		context, subject := cut(name)
		if context != defaultContext && context != contextOf(globalName) {
			if err := l.set(ctx, in(context, "")); err != nil {
				return err
			}
		}
		switch own, has := l.modes[name]; {
		case subject == "" || has && own != importing:
			if err := l.set(ctx, name); err != nil {
				return err
			}
		case context == defaultContext:
			if err := l.set(ctx, topName); err != nil {
				return err
			}
		}
	}
	return nil
}

// topFirst orders names so that what is above others comes before them.
func topFirst(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) }

func rank(name string) int {
	_, subject := cut(name)
	switch {
	case name == topName || name == globalName:
		return 0
	case subject == "":
		return 1
	}
	return 2
}

func (l *lifter) set(ctx context.Context, name string) error {
	if l.modes[name] == importing || slices.Contains(l.lifted, name) {
		return nil
	}
	l.lifted = append(l.lifted, name) // before the call: an answer that is lost may have been a yes
	err := l.client.SetMode(ctx, name, client.ModeChange{Mode: importing, Force: true})
	return wrap(err, "the mode of %s cannot be set to IMPORT", describe(name))
}

// restore stores for every lifted name its mode in next, and does so for all of them even if one fails. The subjects come first,
// so that nobody registers below them while they are open.
func (l *lifter) restore(ctx context.Context, next map[string]string) error {
	var all []error
	list := slices.Clone(l.lifted)
	slices.SortFunc(list, func(a, b string) int { return topFirst(b, a) })
	for _, name := range list {
		if err := putMode(ctx, l.client, next, name); err != nil {
			all = append(all, wrap(err, "the mode of %s cannot be put back", describe(name)))
			continue
		}
		l.lifted = slices.DeleteFunc(l.lifted, func(n string) bool { return n == name })
	}
	return errors.Join(all...)
}

// putMode stores the mode that modes holds for a name, or none. The registry's READWRITE is what stands there by itself, unless
// the level above says otherwise.
func putMode(ctx context.Context, c *client.Client, modes map[string]string, name string) error {
	mode := modes[name]
	above := modes[globalName]
	if name == topName && mode == readWrite && (above == "" || above == readWrite) || name == globalName && mode == readWrite {
		mode = ""
	}
	if mode != "" {
		return c.SetMode(ctx, name, client.ModeChange{Mode: mode, Force: true})
	}
	_, err := c.DeleteMode(ctx, name, client.ThisLevel)
	switch {
	case errors.Is(err, client.ErrSubjectNotFound), errors.Is(err, client.ErrNoSubjectMode):
		return nil
	case errors.Is(err, client.ErrNotServed) && rank(name) == 0:
		return c.SetMode(ctx, name, client.ModeChange{Mode: readWrite, Force: true}) // servers that cannot clear this level
	}
	return err
}
