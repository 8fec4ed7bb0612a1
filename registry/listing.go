package registry

import (
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
func (v *view) list(p prefix) []listing {
	v.settle(p)
	v.mu.RLock()
	defer v.mu.RUnlock()
	if !p.every {
		return v.spaces[p.context].list(p.text, nil)
	}
	plain := v.spaces[DefaultContext].list(p.text, nil)
	var qualified []listing
	for _, name := range slices.SortedFunc(maps.Keys(v.spaces), compareContexts) {
		if name != DefaultContext {
			qualified = v.spaces[name].list(p.text, qualified)
		}
	}
	return mergeListings(plain, qualified)
}

// compareContexts orders contexts as qualified subjects are ordered: ":.a.b:x" is before ":.a:x".
func compareContexts(a, b string) int { return compareUTF16(a+":", b+":") }

func mergeListings(a, b []listing) []listing {
	if len(b) == 0 {
		return a
	}
	out := make([]listing, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compareUTF16(a[0].name, b[0].name) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

func (sp *space) list(text string, out []listing) []listing {
	if sp == nil {
		return out
	}
	found := sp.roster.from(text)
	out = slices.Grow(out, len(found))
	for _, s := range found {
		if len(s.rows) > 0 {
			out = append(out, listing{s.full, s.rows})
		}
	}
	return out
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
