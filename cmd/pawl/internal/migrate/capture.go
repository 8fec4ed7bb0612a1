package migrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// ErrSource is the code of a registry whose answers do not fit together.
var ErrSource = fault.NewCode(fault.Unavailable, "registry_inconsistent")

// reader reads a registry into images.
type reader struct {
	client *client.Client
	width  int    // of concurrent calls
	count  func() // called for every version and setting that was read, from many goroutines
}

const firstPage = 250 // schemas asked for at once

// schemas reads all versions in a scope, and the contexts.
func (r *reader) schemas(ctx context.Context, im *image, s scope) error {
	if err := r.contexts(ctx, im, s); err != nil {
		return err
	}
	names, err := r.client.Subjects(ctx, string(s), client.All)
	if err != nil {
		return err
	}
	if err := r.listed(ctx, im, s); err != nil {
		return err
	}
	if err := r.unlisted(ctx, im, s, names); err != nil {
		return err
	}
	im.seal()
	for _, e := range im.entries { // servers that list no contexts may have some
		if c := contextOf(e.subject); s.hasContext(c) {
			im.contexts[c] = 0
		}
	}
	if err := im.texts.flush(); err != nil {
		return err
	}
	return r.maxIDs(ctx, im)
}

func (r *reader) contexts(ctx context.Context, im *image, s scope) error {
	names, err := r.client.Contexts(ctx, "")
	if errors.Is(err, client.ErrNotServed) {
		names, err = []string{defaultContext}, nil // servers before 7.0
	}
	for _, n := range names {
		if s.hasContext(n) {
			im.contexts[n] = 0
		}
	}
	return err
}

// listed takes what GET /schemas shows. It names each subject as it is stored, where the paths of subjects follow aliases.
func (r *reader) listed(ctx context.Context, im *image, s scope) error {
	stated := true
	err := r.pages(ctx, client.SchemaQuery{Prefix: string(s), Filter: client.All, Aliases: true}, func(found openapi.Schema) error {
		for _, a := range found.Aliases {
			if s.hasSetting(plainName(a)) {
				im.aliases[plainName(a)] = true
			}
		}
		if !s.has(plainName(found.Subject)) {
			return nil // a schema outside that an alias points at
		}
		// Servers that say when a version was written also say whether it is deleted.
		stated = stated && (found.Deleted || found.Time != 0)
		r.count()
		return im.add(fromAPI(found))
	})
	if errors.Is(err, client.ErrNotServed) {
		return nil // every subject is unlisted then
	}
	if err != nil || stated {
		return err
	}
	live := map[place]bool{}
	err = r.pages(ctx, client.SchemaQuery{Prefix: string(s)}, func(found openapi.Schema) error {
		live[place{plainName(found.Subject), found.Version}] = true
		return nil
	})
	for i := range im.entries {
		im.entries[i].deleted = !live[im.entries[i].place]
	}
	return err
}

// pages calls take for every schema of a query. A page that is larger than the client takes is asked for in smaller pieces.
func (r *reader) pages(ctx context.Context, q client.SchemaQuery, take func(openapi.Schema) error) error {
	limit := firstPage
	for offset := 0; ; {
		page, err := r.client.SchemaPage(ctx, q, offset, limit)
		if errors.Is(err, client.ErrBadResponse) && limit > 1 {
			limit /= 2
			continue
		}
		if err != nil {
			return err
		}
		for _, s := range page {
			if err := take(s); err != nil {
				return err
			}
		}
		if len(page) < limit {
			return nil
		}
		offset += len(page)
	}
}

// unlisted reads the subjects that GET /schemas did not show, version by version: some servers have no such call, or take its
// prefix by the letter.
func (r *reader) unlisted(ctx context.Context, im *image, s scope, names []string) error {
	shown := map[string]bool{}
	for _, e := range im.entries {
		shown[e.subject] = true
	}
	names = slices.DeleteFunc(names, func(n string) bool { return shown[plainName(n)] || !s.has(plainName(n)) })
	var mu sync.Mutex
	return each(ctx, r.width, len(names), func(ctx context.Context, i int) error {
		if _, subject := cut(names[i]); subject == reserved {
			im.leave(&mu, contextOf(names[i]))
			return nil
		}
		return r.subject(ctx, im, &mu, names[i])
	})
}

func (im *image) leave(mu *sync.Mutex, context string) {
	mu.Lock()
	defer mu.Unlock()
	im.leftover[context] = true
}

func (r *reader) subject(ctx context.Context, im *image, mu *sync.Mutex, name string) error {
	all, err := r.client.Versions(ctx, name, client.All)
	if errors.Is(err, client.ErrSubjectNotFound) {
		return nil // gone since it was listed
	}
	if err != nil {
		return err
	}
	live, err := r.client.Versions(ctx, name, client.Live)
	if err != nil && !errors.Is(err, client.ErrSubjectNotFound) {
		return err
	}
	for _, number := range all {
		found, err := r.client.SubjectVersion(ctx, name, number, client.All)
		if err != nil {
			return err
		}
		if plainName(found.Subject) != plainName(name) {
			return fault.New(ErrSource, "pawl", "the registry answers for subject %q with %q: an alias hides its versions, and GET /schemas does not show them",
				name, found.Subject)
		}
		found.Deleted = !slices.Contains(live, number)
		mu.Lock()
		err = im.add(fromAPI(found))
		mu.Unlock()
		if err != nil {
			return err
		}
		r.count()
	}
	return nil
}

// leftBehind says what a registry holds that is not copied. What it does not tell, it does not have.
func leftBehind(ctx context.Context, c *client.Client) []string {
	var out []string
	if names, err := c.Keks(ctx, client.All); err == nil && len(names) > 0 {
		out = append(out, fmt.Sprintf("%d key encryption keys and their data keys", len(names)))
	}
	if found, err := c.Associations(ctx, "-", "-"); err == nil && len(found) > 0 {
		out = append(out, fmt.Sprintf("%d associations of subjects", len(found)))
	}
	return out
}

// maxIDs asks for the highest ID that each context gave away, by any ID that it holds.
func (r *reader) maxIDs(ctx context.Context, im *image) error {
	known := map[string]int{}
	for _, e := range im.entries {
		if c := contextOf(e.subject); known[c] == 0 {
			known[c] = e.id
		}
	}
	for c, id := range known {
		if _, whole := im.contexts[c]; !whole {
			continue
		}
		highest, err := r.client.MaxID(ctx, in(c, ""), schema.ID(id))
		if err != nil && !errors.Is(err, client.ErrSchemaNotFound) {
			return err
		}
		im.contexts[c] = int(highest)
	}
	return nil
}

// settingNames returns the names in scope that can have settings: the top levels, contexts, subjects and aliases.
func (im *image) settingNames(s scope) map[string]bool {
	out := map[string]bool{topName: true, globalName: true}
	for c := range im.contexts {
		out[in(c, "")] = true
	}
	for _, e := range im.entries {
		out[e.subject] = true
	}
	maps.Copy(out, im.aliases)
	maps.DeleteFunc(out, func(n string, _ bool) bool { return !s.hasSetting(n) })
	return out
}

// want says which settings are read.
type want struct{ configs, modes bool }

// settings reads the configurations and modes that are stored under names.
func (r *reader) settings(ctx context.Context, im *image, names map[string]bool, w want) error {
	list := slices.Sorted(maps.Keys(names))
	var mu sync.Mutex
	return each(ctx, r.width, len(list), func(ctx context.Context, i int) error {
		if w.configs {
			c, ok, err := stored(ctx, list[i], r.client.Config)
			if err != nil {
				return err
			}
			if ok {
				mu.Lock()
				im.configs[list[i]] = sortedConfig(c)
				mu.Unlock()
			}
		}
		if w.modes {
			m, ok, err := stored(ctx, list[i], r.client.Mode)
			if err != nil {
				return err
			}
			if ok {
				mu.Lock()
				im.modes[list[i]] = m
				mu.Unlock()
			}
		}
		r.count()
		return nil
	})
}

// stored reads a setting of one name; ok is false if there is none. What is stored for the registry itself cannot be told from
// the server's default, except where the level above it shines through.
func stored[T any](ctx context.Context, name string, read func(context.Context, string, client.Scope) (T, error)) (value T, ok bool, err error) {
	value, err = read(ctx, name, client.Stored)
	if errors.Is(err, client.ErrNoSubjectConfig) || errors.Is(err, client.ErrNoSubjectMode) || errors.Is(err, client.ErrSubjectNotFound) {
		return value, false, nil
	}
	if err != nil || name != topName {
		return value, err == nil, err
	}
	inForce, err := read(ctx, name, client.InForce)
	if err != nil {
		return value, false, err
	}
	same, err := equalJSON(value, inForce)
	return value, same, err
}

func equalJSON(a, b any) (bool, error) {
	x, err := encode(a)
	if err != nil {
		return false, cli.File(err)
	}
	y, err := encode(b)
	if err != nil {
		return false, cli.File(err)
	}
	return string(x) == string(y), nil
}
