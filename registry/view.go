package registry

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/schema"
)

// view is the state of a registry, folded from its changes. Its methods lock for themselves, and what they return stays as it
// is: rows and lists of rows are replaced, never altered. Two calls may see two states unless the caller holds the turn of
// the Registry, without which nothing is applied.
type view struct {
	mu        sync.RWMutex
	seq       Seq
	spaces    map[string]*space
	known     []string // names of known spaces but the default one, sorted; replaced, never altered
	configs   map[string]*Config
	modes     map[string]Mode
	referrers map[place]map[*row]struct{} // target -> direct referrers, live and soft-deleted
	written   uint64                      // rows ever put, to tell which was written last
	bytes     int64                       // about what the rows come to as they are encoded
	tallies   map[string]*Tally           // by format
	keys      keyring
	bonds     bonds
}

// space is one context.
type space struct {
	name     string
	known    bool // listed as a context: a version was registered in it, and it was not deleted since
	lastID   schema.ID
	subjects map[string]*subject // by unqualified name
	roster   roster
	ids      map[schema.ID][]use
	content  map[schema.GUID][]schema.ID // in the order in which they were written
}

// subject is the versions of one subject, live and soft-deleted, in ascending order. rows is replaced, never altered.
type subject struct {
	name Name
	full string // name in its usual form
	rows []*row
}

// use is one version that carries an ID.
type use struct {
	subject *subject
	number  int
}

// row is one version as the View holds it. It is immutable.
type row struct {
	Version
	name    Name
	written uint64
	key     parseKey // of the text and format, without references
}

func newView() *view {
	v := &view{tallies: map[string]*Tally{}}
	v.reset()
	return v
}

// reset forgets everything but the sequence. The caller holds the lock, or nobody else knows v.
func (v *view) reset() {
	v.spaces = map[string]*space{DefaultContext: newSpace(DefaultContext)}
	v.known = nil
	v.bytes = 0
	v.configs = map[string]*Config{}
	v.modes = map[string]Mode{}
	v.referrers = map[place]map[*row]struct{}{}
	v.keys = newKeyring()
	v.bonds = newBonds()
}

func newSpace(name string) *space {
	return &space{
		name:     name,
		subjects: map[string]*subject{},
		ids:      map[schema.ID][]use{},
		content:  map[schema.GUID][]schema.ID{},
	}
}

// live returns about how many bytes a snapshot of the versions would take.
func (v *view) live() int64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.bytes
}

// bytes is about what a row comes to in a change.
func (r *row) bytes() int64 { return int64(100 + len(r.Subject) + len(r.Text)) }

// end returns the sequence of the last change applied.
func (v *view) end() Seq {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.seq
}

// rows returns all versions of a subject, ascending.
func (v *view) rows(n Name) []*row {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.rowsLocked(n)
}

func (v *view) rowsLocked(n Name) []*row {
	if sp := v.spaces[n.Context]; sp != nil {
		if s := sp.subjects[n.Subject]; s != nil {
			return s.rows
		}
	}
	return nil
}

// row returns one version, or nil.
func (v *view) row(n Name, number int) *row {
	return find(v.rows(n), number)
}

func find(rows []*row, number int) *row {
	// Numbers usually run from 1 without a gap.
	if i := number - 1; i >= 0 && i < len(rows) && rows[i].Number == number {
		return rows[i]
	}
	i, ok := slices.BinarySearchFunc(rows, number, func(r *row, n int) int { return cmp.Compare(r.Number, n) })
	if !ok {
		return nil
	}
	return rows[i]
}

func live(rows []*row) []*row {
	if !slices.ContainsFunc(rows, func(r *row) bool { return r.Deleted }) {
		return rows
	}
	var out []*row
	for _, r := range rows {
		if !r.Deleted {
			out = append(out, r)
		}
	}
	return out
}

// latest returns the newest live version, or nil.
func latest(rows []*row) *row {
	for i := len(rows) - 1; i >= 0; i-- {
		if !rows[i].Deleted {
			return rows[i]
		}
	}
	return nil
}

// holds reports whether f finds anything among rows: a live one for Live, any for All and DeletedOnly.
func holds(rows []*row, f Filter) bool {
	if f == Live {
		return latest(rows) != nil
	}
	return len(rows) > 0
}

// takes reports whether f selects the version.
func (f Filter) takes(r *row) bool {
	switch f {
	case All:
		return true
	case DeletedOnly:
		return r.Deleted
	}
	return !r.Deleted
}

// uses returns the versions of a context that carry an ID, in the order in which they were written.
func (v *view) uses(context string, id schema.ID) []*row {
	v.mu.RLock()
	defer v.mu.RUnlock()
	sp := v.spaces[context]
	if sp == nil {
		return nil
	}
	out := make([]*row, 0, len(sp.ids[id]))
	for _, u := range sp.ids[id] {
		out = append(out, find(u.subject.rows, u.number))
	}
	return out
}

// byID returns a version of a context that carries an ID: a live one if there is any; or nil.
func (v *view) byID(context string, id schema.ID) *row {
	v.mu.RLock()
	defer v.mu.RUnlock()
	sp := v.spaces[context]
	if sp == nil {
		return nil
	}
	var found *row
	for _, u := range sp.ids[id] {
		if r := find(u.subject.rows, u.number); !r.Deleted {
			return r
		} else if found == nil {
			found = r
		}
	}
	return found
}

// underSubject returns the most recently written version of a subject with an ID, or nil.
func underSubject(rows []*row, id schema.ID) *row {
	var found *row
	for _, r := range rows {
		if r.ID == id && (found == nil || r.written > found.written) {
			found = r
		}
	}
	return found
}

// idsOf returns the IDs that a context gave to contents with that GUID, in the order in which they were written.
func (v *view) idsOf(context string, g schema.GUID) []schema.ID {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if sp := v.spaces[context]; sp != nil {
		return slices.Clone(sp.content[g])
	}
	return nil
}

// lastID returns the highest ID ever given in a context.
func (v *view) lastID(context string) schema.ID {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if sp := v.spaces[context]; sp != nil {
		return sp.lastID
	}
	return 0
}

// contexts returns the known contexts but the default one, sorted. The caller must not change the slice.
func (v *view) contexts() []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.known
}

// knows reports whether a context is listed.
func (v *view) knows(context string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	sp := v.spaces[context]
	return sp != nil && sp.known
}

// referrersOf returns the versions that directly refer to one, in no order.
func (v *view) referrersOf(n Name, number int) []*row {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.Collect(maps.Keys(v.referrers[place{n.String(), number}]))
}

// referred reports whether a version has a direct referrer that counts.
func (v *view) referred(n Name, number int, counts func(*row) bool) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for r := range v.referrers[place{n.String(), number}] {
		if counts(r) {
			return true
		}
	}
	return false
}

// config returns what is stored for exactly a name, or nil.
func (v *view) config(name string) *Config {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.configs[name]
}

// mode returns the mode stored for exactly a name; empty if there is none.
func (v *view) mode(name string) Mode {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.modes[name]
}

// modeNames returns the subjects of a context that have a mode of their own.
func (v *view) modeNames(context string) []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []string
	for name := range v.modes {
		if n := ParseName(name); n.Context == context && n.Subject != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
