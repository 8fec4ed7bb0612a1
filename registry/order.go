package registry

import (
	"cmp"
	"slices"
	"strings"
)

// compareUTF16 orders texts by UTF-16 code units, as Java does. That is the order of bytes except between U+E000..U+FFFF and
// what lies beyond.
func compareUTF16(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	if i == n {
		return cmp.Compare(len(a), len(b))
	}
	if a[i] < 0xee || b[i] < 0xee {
		return cmp.Compare(a[i], b[i])
	}
	// Both are first bytes of characters from U+E000. Those beyond U+FFFF begin with a surrogate, which is less.
	if pairA, pairB := a[i] >= 0xf0, b[i] >= 0xf0; pairA != pairB {
		return cmp.Compare(b[i], a[i])
	}
	return cmp.Compare(a[i], b[i])
}

// roster is the subjects of one context in order. Additions are kept aside until somebody asks, so that adding costs no sort.
type roster struct {
	sorted []*subject
	fresh  []*subject
	gone   int // subjects in sorted or fresh that hold no version any more
}

func bySubject(a, b *subject) int { return compareUTF16(a.name.Subject, b.name.Subject) }

func (r *roster) add(s *subject) { r.fresh = append(r.fresh, s) }

// settled reports whether list may be called without a write lock.
func (r *roster) settled() bool { return len(r.fresh) == 0 && r.gone*2 <= len(r.sorted) }

// settle brings additions into order and forgets what is gone.
func (r *roster) settle() {
	slices.SortFunc(r.fresh, bySubject)
	merged := make([]*subject, 0, len(r.sorted)+len(r.fresh)-r.gone)
	a, b := r.sorted, r.fresh
	for len(a) > 0 || len(b) > 0 {
		next := &a
		if len(a) == 0 || len(b) > 0 && bySubject(b[0], a[0]) < 0 {
			next = &b
		}
		if s := (*next)[0]; len(s.rows) > 0 {
			merged = append(merged, s)
		}
		*next = (*next)[1:]
	}
	r.sorted, r.fresh, r.gone = merged, nil, 0
}

// from returns the subjects that begin with prefix, in order, some of which may be gone.
func (r *roster) from(prefix string) []*subject {
	start, _ := slices.BinarySearchFunc(r.sorted, prefix, func(s *subject, p string) int { return compareUTF16(s.name.Subject, p) })
	rest := r.sorted[start:]
	if prefix == "" {
		return rest
	}
	end := 0
	for end < len(rest) && strings.HasPrefix(rest[end].name.Subject, prefix) {
		end++
	}
	return rest[:end]
}
