package registry

import (
	"cmp"
	"maps"
	"slices"
)

// keyring is the keys of a View. Lists and values are replaced, never altered.
type keyring struct {
	keks map[string]*Kek
	deks map[string]map[dekSlot][]*Dek // by kek; versions in ascending order
	held int                           // versions of deks
}

// dekSlot is what has versions of its own under a kek.
type dekSlot struct{ subject, algorithm string }

// dekPlace is one version of a dek in a change.
type dekPlace struct {
	Kek       string `json:"kek"`
	Subject   string `json:"subject"`
	Version   int    `json:"version"`
	Algorithm string `json:"algorithm"`
}

func (d *Dek) place() dekPlace { return dekPlace{d.Kek, d.Subject, d.Version, d.Algorithm} }

// kekRecord and dekRecord are keys in a change. The time is given where it differs from that of the change.
type (
	kekRecord struct {
		Kek
		Time *int64 `json:"time,omitempty"`
	}
	dekRecord struct {
		Dek
		Time *int64 `json:"time,omitempty"`
	}
)

func timeOf(own *int64, ofChange int64) int64 {
	if own != nil {
		return *own
	}
	return ofChange
}

func newKeyring() keyring {
	return keyring{keks: map[string]*Kek{}, deks: map[string]map[dekSlot][]*Dek{}}
}

// apply folds the keys of a change.
func (r *keyring) apply(c *change) {
	for _, p := range c.RemoveDeks {
		r.remove(p)
	}
	for _, name := range c.RemoveKeks {
		delete(r.keks, name)
	}
	for _, x := range c.PutKeks {
		k := x.Kek
		k.Time = timeOf(x.Time, c.Time)
		r.keks[k.Name] = &k
	}
	for _, x := range c.PutDeks {
		d := x.Dek
		d.Time = timeOf(x.Time, c.Time)
		r.put(&d)
	}
}

func (r *keyring) remove(p dekPlace) {
	slots, at := r.deks[p.Kek], dekSlot{p.Subject, p.Algorithm}
	i, found := findDek(slots[at], p.Version)
	if !found {
		return
	}
	r.held--
	if slots[at] = slices.Delete(slices.Clone(slots[at]), i, i+1); len(slots[at]) > 0 {
		return
	}
	delete(slots, at)
	if len(slots) == 0 {
		delete(r.deks, p.Kek)
	}
}

func (r *keyring) put(d *Dek) {
	slots, at := r.deks[d.Kek], dekSlot{d.Subject, d.Algorithm}
	if slots == nil {
		slots = map[dekSlot][]*Dek{}
		r.deks[d.Kek] = slots
	}
	i, found := findDek(slots[at], d.Version)
	list := slices.Clone(slots[at])
	if found {
		list[i] = d
	} else {
		list = slices.Insert(list, i, d)
		r.held++
	}
	slots[at] = list
}

func findDek(list []*Dek, version int) (int, bool) {
	return slices.BinarySearchFunc(list, version, func(d *Dek, v int) int { return cmp.Compare(d.Version, v) })
}

// snapshot adds all keys to a change, in an order that does not depend on the run.
func (r *keyring) snapshot(c *change) {
	for _, name := range slices.Sorted(maps.Keys(r.keks)) {
		k := r.keks[name]
		c.PutKeks = append(c.PutKeks, kekRecord{*k, &k.Time})
	}
	for _, kek := range slices.Sorted(maps.Keys(r.deks)) {
		for _, d := range r.of(kek) {
			c.PutDeks = append(c.PutDeks, dekRecord{*d, &d.Time})
		}
	}
}

// of returns all deks under a kek by subject, algorithm and version.
func (r *keyring) of(kek string) []*Dek {
	slots := r.deks[kek]
	var out []*Dek
	for _, at := range slices.SortedFunc(maps.Keys(slots), func(a, b dekSlot) int {
		return cmp.Or(compareUTF16(a.subject, b.subject), cmp.Compare(a.algorithm, b.algorithm))
	}) {
		out = append(out, slots[at]...)
	}
	return out
}

// kek returns a kek that f selects, or nil.
func (v *view) kek(name string, f Filter) *Kek {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if k := v.keys.keks[name]; k != nil && (f != Live || !k.Deleted) {
		return k
	}
	return nil
}

// keks returns the keks that f selects, by name.
func (v *view) keks(f Filter) []*Kek {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []*Kek
	for _, name := range slices.SortedFunc(maps.Keys(v.keys.keks), compareUTF16) {
		if k := v.keys.keks[name]; f != Live || !k.Deleted {
			out = append(out, k)
		}
	}
	return out
}

// deksUnder returns the deks under a kek that f selects, by subject, algorithm and version.
func (v *view) deksUnder(kek string, f Filter) []*Dek {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return f.deks(v.keys.of(kek))
}

// deks returns the versions of a dek that f selects, ascending.
func (v *view) deks(n DekName, f Filter) []*Dek {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return f.deks(v.keys.deks[n.Kek][dekSlot{n.Subject, n.Algorithm}])
}

func (f Filter) deks(list []*Dek) []*Dek {
	if f != Live {
		return list
	}
	var out []*Dek
	for _, d := range list {
		if !d.Deleted {
			out = append(out, d)
		}
	}
	return out
}

// keysHeld returns how many keks and how many versions of deks there are.
func (v *view) keysHeld() (keks, deks int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.keys.keks), v.keys.held
}

// kekNames returns the keks that have a dek, selected by f, for a subject with one of the prefixes.
func (v *view) kekNames(f Filter, takes func(subject string) bool) []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []string
	for kek, slots := range v.keys.deks {
		for at, list := range slots {
			if takes(at.subject) && len(f.deks(list)) > 0 {
				out = append(out, kek)
				break
			}
		}
	}
	slices.SortFunc(out, compareUTF16)
	return out
}
