package registry

// Tally counts versions of one format, as far back as the store remembers.
type Tally struct {
	Live    int // there now, and not deleted
	Created int // ever registered; never falls
	Deleted int // ever deleted, softly or at once for good; never falls
}

// Tallies returns the counts by format. They cost nothing to keep and to ask for, and never ask the store.
func (r *Registry) Tallies() map[string]Tally {
	r.view.mu.RLock()
	defer r.view.mu.RUnlock()
	out := make(map[string]Tally, len(r.view.tallies))
	for format, t := range r.view.tallies {
		out[format] = *t
	}
	return out
}

func (v *view) tally(format string) *Tally {
	t := v.tallies[format]
	if t == nil {
		t = &Tally{}
		v.tallies[format] = t
	}
	return t
}

// lost counts a version that is deleted. One that was deleted softly before does not count twice.
func (v *view) lost(x *row) {
	if !x.Deleted {
		t := v.tally(x.Format)
		t.Live--
		t.Deleted++
	}
}

// replace makes room for a version and counts it: as a new one, unless it takes the place of another.
func (v *view) replace(r *record) {
	at := place{r.Subject, r.Version}
	t := v.tally(r.Type)
	if _, _, x := v.locate(at); x == nil {
		t.Created++
	} else if !x.Deleted {
		v.tally(x.Format).Live--
	}
	v.drop(at)
	if r.Deleted {
		t.Deleted++
	} else {
		t.Live++
	}
}

// recount brings the counts together after a snapshot, which tells what there is but not what there was.
func (v *view) recount(before map[string]*Tally) {
	for format, b := range before {
		t := v.tally(format)
		t.Created, t.Deleted = max(t.Created, b.Created), max(t.Deleted, b.Deleted)
	}
}
