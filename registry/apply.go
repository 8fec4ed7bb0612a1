package registry

import (
	"cmp"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/schema"
)

// apply folds a change into the view. It is the one way in which a view changes, at start and later.
func (v *view) apply(seq Seq, c *change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq = seq
	if c.Snapshot {
		v.reset()
		defer v.recount(maps.Clone(v.tallies))
		v.tallies = map[string]*Tally{}
	}
	for _, p := range c.Remove {
		v.remove(p)
	}
	for _, p := range c.Hide {
		v.hide(p)
	}
	for i := range c.Put {
		v.put(&c.Put[i], c.Time)
	}
	applyNames(v.configs, c.Config, func(x *Config) *Config { return x })
	applyNames(v.modes, c.Mode, func(m *Mode) Mode { return *m })
	for _, name := range c.Contexts {
		v.announce(v.space(name), true)
	}
	for _, name := range c.Drop {
		v.announce(v.space(name), false)
	}
	for name, id := range c.LastIDs {
		sp := v.space(name)
		sp.lastID = max(sp.lastID, id)
	}
	v.keys.apply(c)
	v.bonds.apply(c)
}

func applyNames[S, C any](to map[string]S, from map[string]*C, stored func(*C) S) {
	for name, x := range from {
		if x == nil {
			delete(to, name)
		} else {
			to[name] = stored(x)
		}
	}
}

func (v *view) space(name string) *space {
	sp := v.spaces[name]
	if sp == nil {
		sp = newSpace(name)
		v.spaces[name] = sp
	}
	return sp
}

// announce makes a context listed or not.
func (v *view) announce(sp *space, known bool) {
	if sp.known == known {
		return
	}
	sp.known = known
	if sp.name == DefaultContext {
		return
	}
	at, _ := slices.BinarySearchFunc(v.known, sp.name, compareUTF16)
	v.known = slices.Clone(v.known)
	if known {
		v.known = slices.Insert(v.known, at, sp.name)
	} else {
		v.known = slices.Delete(v.known, at, at+1)
	}
}

func (v *view) put(r *record, at int64) {
	v.replace(r)
	name := ParseName(r.Subject)
	sp := v.space(name.Context)
	v.announce(sp, true)
	s := sp.subject(name)
	v.written++
	x := newRow(r, at, v.written, s)
	sp.share(x)
	s.insert(x)
	v.bytes += x.bytes()
	sp.ids[x.ID] = append(sp.ids[x.ID], use{s, x.Number})
	sp.bind(x.GUID, x.ID)
	sp.lastID = max(sp.lastID, x.ID)
	v.refer(x)
}

func newRow(r *record, at int64, written uint64, s *subject) *row {
	if r.Time != nil {
		at = *r.Time
	}
	return &row{
		Version: Version{
			Subject: s.full, Number: r.Version, ID: r.ID,
			GUID:   contentGUID(r.Schema, r.References, r.Metadata, r.RuleSet),
			Format: r.Type, Text: r.Schema, References: r.References, Metadata: r.Metadata, RuleSet: r.RuleSet,
			Deleted: r.Deleted, Time: at,
		},
		name:    s.name,
		written: written,
		key:     textKey(r.Type, r.Schema),
	}
}

func (sp *space) subject(n Name) *subject {
	s := sp.subjects[n.Subject]
	if s == nil {
		s = &subject{name: n, full: n.String()}
		sp.subjects[n.Subject] = s
		sp.roster.add(s)
	}
	return s
}

// share lets a row use the memory of another row of the same ID and content.
func (sp *space) share(x *row) {
	uses := sp.ids[x.ID]
	if len(uses) == 0 {
		return
	}
	if o := find(uses[0].subject.rows, uses[0].number); o.GUID == x.GUID && o.Text == x.Text {
		x.Text = o.Text
		if len(x.References) > 0 && slices.Equal(x.References, o.References) {
			x.References = o.References
		}
	}
}

// bind makes id the one written last for a content.
func (sp *space) bind(g schema.GUID, id schema.ID) {
	ids := sp.content[g]
	if len(ids) > 0 && ids[len(ids)-1] == id {
		return
	}
	sp.content[g] = append(slices.DeleteFunc(ids, func(x schema.ID) bool { return x == id }), id)
}

// insert adds a row at its place.
func (s *subject) insert(x *row) {
	n := len(s.rows)
	if n == 0 || s.rows[n-1].Number < x.Number {
		s.rows = append(s.rows, x) // beyond the end of every list that was handed out
		return
	}
	rows := make([]*row, 0, n+1)
	at := 0
	for at < n && s.rows[at].Number < x.Number {
		at++
	}
	rows = append(append(append(rows, s.rows[:at]...), x), s.rows[at:]...)
	s.rows = rows
}

func (v *view) refer(x *row) {
	for _, ref := range x.References {
		at := place{in(x.name.Context, ref.Subject).String(), ref.Version}
		if v.referrers[at] == nil {
			v.referrers[at] = map[*row]struct{}{}
		}
		v.referrers[at][x] = struct{}{}
	}
}

func (v *view) unrefer(x *row) {
	for _, ref := range x.References {
		at := place{in(x.name.Context, ref.Subject).String(), ref.Version}
		delete(v.referrers[at], x)
		if len(v.referrers[at]) == 0 {
			delete(v.referrers, at)
		}
	}
}

// locate returns the row at a place with what holds it, or nils.
func (v *view) locate(p place) (*space, *subject, *row) {
	name := ParseName(p.Subject)
	sp := v.spaces[name.Context]
	if sp == nil {
		return nil, nil, nil
	}
	s := sp.subjects[name.Subject]
	if s == nil {
		return nil, nil, nil
	}
	return sp, s, find(s.rows, p.Version)
}

func (v *view) remove(p place) {
	if _, _, x := v.locate(p); x != nil {
		v.lost(x)
	}
	v.drop(p)
}

// drop takes a version out of everything that knows it.
func (v *view) drop(p place) {
	sp, s, x := v.locate(p)
	if x == nil {
		return
	}
	s.rows = slices.DeleteFunc(slices.Clone(s.rows), func(r *row) bool { return r == x })
	v.unrefer(x)
	v.bytes -= x.bytes()
	sp.unuse(s, x)
	if len(s.rows) == 0 {
		delete(sp.subjects, s.name.Subject)
		sp.roster.gone++
	}
}

// unuse forgets that a row carries its ID, and the ID's content when it was the last.
func (sp *space) unuse(s *subject, x *row) {
	uses := slices.DeleteFunc(sp.ids[x.ID], func(u use) bool { return u.subject == s && u.number == x.Number })
	if len(uses) > 0 {
		sp.ids[x.ID] = uses
		return
	}
	delete(sp.ids, x.ID)
	ids := slices.DeleteFunc(sp.content[x.GUID], func(id schema.ID) bool { return id == x.ID })
	if len(ids) > 0 {
		sp.content[x.GUID] = ids
	} else {
		delete(sp.content, x.GUID)
	}
}

func (v *view) hide(p place) {
	_, s, x := v.locate(p)
	if x == nil || x.Deleted {
		return
	}
	v.lost(x)
	hidden := *x
	hidden.Deleted = true
	s.rows = slices.Clone(s.rows)
	s.rows[slices.Index(s.rows, x)] = &hidden
	v.unrefer(x)
	v.refer(&hidden)
}

// snapshot returns a change that makes an empty view equal to this one.
func (v *view) snapshot(now int64) *change {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c := &change{Time: now, Snapshot: true, Config: maps.Clone(v.configs), LastIDs: map[string]schema.ID{}}
	c.Mode = make(map[string]*Mode, len(v.modes))
	for name, m := range v.modes {
		c.Mode[name] = &m
	}
	for _, sp := range v.spaces {
		if sp.known {
			c.Contexts = append(c.Contexts, sp.name)
		}
		if sp.lastID > 0 {
			c.LastIDs[sp.name] = sp.lastID
		}
	}
	slices.Sort(c.Contexts)
	c.Put = v.records()
	v.keys.snapshot(c)
	v.bonds.snapshot(c)
	return c
}

// records returns all versions in the order in which they were written, which decides what the last ID of a content is.
func (v *view) records() []record {
	var rows []*row
	for _, sp := range v.spaces {
		for _, s := range sp.subjects {
			rows = append(rows, s.rows...)
		}
	}
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.written, b.written) })
	out := make([]record, len(rows))
	for i, r := range rows {
		out[i] = r.record()
	}
	return out
}

func (r *row) record() record {
	return record{
		Subject: r.Subject, Version: r.Number, ID: r.ID, Type: r.Format, Schema: r.Text,
		References: r.References, Metadata: r.Metadata, RuleSet: r.RuleSet, Deleted: r.Deleted, Time: &r.Time,
	}
}
