package registry

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// aliases returns the subjects that have an alias, with what they point at, for names that a prefix selects.
func (v *view) aliases(p prefix) map[string]string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := map[string]string{}
	for name, c := range v.configs {
		if n := ParseName(name); c.Alias != "" && n.Subject != "" && p.takes(n) {
			out[name] = in(n.Context, c.Alias).String()
		}
	}
	return out
}

// prefix selects subjects by the beginning of their name.
type prefix struct {
	every   bool // in all contexts
	context string
	text    string
}

// parsePrefix reads the prefixes of Subjects.
func parsePrefix(s string) prefix {
	if rest, ok := strings.CutPrefix(s, allContexts); ok {
		return prefix{every: true, text: rest}
	}
	n := ParseName(s)
	return prefix{context: n.Context, text: n.Subject}
}

// listing is a subject in a list: its usual name and its versions.
type listing struct {
	name string
	rows []*row
}

// list returns the subjects that a prefix selects, in the order of UTF-16 code units of their usual names.
func (v *view) list(p prefix) []listing { return slices.Collect(v.each(p)) }

// pageSubjects is how many subjects are looked at under one lock.
const pageSubjects = 512

// each is list one by one, for as long as the caller likes. Which subjects there are is settled at the start, and what versions
// they hold a page at a time, so that a long list keeps no writer waiting.
func (v *view) each(p prefix) iter.Seq[listing] {
	return func(yield func(listing) bool) {
		var page []listing
		for some := range slices.Chunk(v.chosen(p), pageSubjects) {
			page = v.look(some, page[:0])
			for _, l := range page {
				if !yield(l) {
					return
				}
			}
		}
	}
}

// look appends those subjects that hold versions.
func (v *view) look(at []*subject, out []listing) []listing {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, s := range at {
		if len(s.rows) > 0 {
			out = append(out, listing{s.full, s.rows})
		}
	}
	return out
}

// chosen returns the subjects that a prefix selects, in order, some of which may be gone. The caller must not change the slice.
func (v *view) chosen(p prefix) []*subject {
	v.settle(p)
	v.mu.RLock()
	defer v.mu.RUnlock()
	if !p.every {
		return v.spaces[p.context].from(p.text)
	}
	plain := v.spaces[DefaultContext].from(p.text)
	var qualified []*subject
	for _, name := range slices.SortedFunc(maps.Keys(v.spaces), compareContexts) {
		if name != DefaultContext {
			qualified = append(qualified, v.spaces[name].from(p.text)...)
		}
	}
	return merged(plain, qualified)
}

// compareContexts orders contexts as qualified subjects are ordered: ":.a.b:x" is before ":.a:x".
func compareContexts(a, b string) int { return compareUTF16(a+":", b+":") }

func merged(a, b []*subject) []*subject {
	if len(b) == 0 {
		return a
	}
	out := make([]*subject, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compareUTF16(a[0].full, b[0].full) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

func (sp *space) from(text string) []*subject {
	if sp == nil {
		return nil
	}
	return sp.roster.from(text)
}

// settle brings the rosters that p needs into order. Between settling and listing another subject may be added; it is then
// later than the list.
func (v *view) settle(p prefix) {
	v.mu.RLock()
	ready := true
	for name, sp := range v.spaces {
		ready = ready && (!p.every && name != p.context || sp.roster.settled())
	}
	v.mu.RUnlock()
	if ready {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, sp := range v.spaces {
		if !sp.roster.settled() {
			sp.roster.settle()
		}
	}
}

func (p prefix) takes(n Name) bool {
	return (p.every || p.context == n.Context) && strings.HasPrefix(n.Subject, p.text)
}
