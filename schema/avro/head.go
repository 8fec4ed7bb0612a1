package avro

import (
	"crypto/sha256"
	"encoding/binary"
	"sort"
)

// Versions of a record mostly begin with the same fields. Their heads are told to be alike by sums, so that comparing a schema with
// two hundred versions does not look at each of those fields two hundred times.

// sum is of all fields up to one: their names and plain types.
type sum [16]byte

// head returns the sums of the fields at the beginning of a record, up to the first that is not plain: it has aliases, or its type is
// too large to be looked at in one go.
func (n *named) head() []sum {
	n.summed.Do(func() {
		var text []byte
		for i := range n.fields {
			f, left, ok := &n.fields[i], plainWork, false
			text = text[:0]
			if i > 0 {
				text = append(text, n.sums[i-1][:]...)
			}
			text = appendWord(text, f.name)
			if text, ok = appendPlain(text, f.typ, &left); !ok || len(f.aliases) > 0 {
				return
			}
			whole := sha256.Sum256(text)
			n.sums = append(n.sums, sum(whole[:16]))
		}
	})
	return n.sums
}

// sharedHead returns how many fields at the beginning of two records are alike, at least. Records of few fields are not worth it.
func sharedHead(a, b *named) int {
	if min(len(a.fields), len(b.fields)) < many {
		return 0
	}
	x, y := a.head(), b.head()
	n := min(len(x), len(y))
	if n == 0 || x[n-1] == y[n-1] {
		return n
	}
	return sort.Search(n, func(i int) bool { return x[i] != y[i] })
}

// appendPlain appends what plain compares of a type, and reports whether that is all within the bound of plain.
func appendPlain(to []byte, t *node, left *int) (_ []byte, ok bool) {
	if *left--; *left < 0 {
		return to, false
	}
	to = append(to, byte(t.kind))
	switch t.kind {
	case kindArray, kindMap:
		return appendPlain(to, t.items, left)
	case kindUnion:
		to = binary.AppendUvarint(to, uint64(len(t.branches)))
		for _, b := range t.branches {
			if to, ok = appendPlain(to, b, left); !ok {
				return to, false
			}
		}
	case kindFixed:
		to = binary.AppendUvarint(appendName(to, t.named), uint64(t.named.size))
	case kindEnum:
		*left -= len(t.named.symbols)
		to = binary.AppendUvarint(appendName(to, t.named), uint64(len(t.named.symbols)))
		for _, s := range t.named.symbols {
			to = appendWord(to, s)
		}
	case kindRecord:
		to = binary.AppendUvarint(appendName(to, t.named), uint64(len(t.named.fields)))
		for i := range t.named.fields {
			f := &t.named.fields[i]
			if to, ok = appendPlain(appendWord(to, f.name), f.typ, left); !ok || len(f.aliases) > 0 {
				return to, false
			}
		}
	}
	return to, *left >= 0
}

func appendName(to []byte, n *named) []byte {
	return appendWord(appendWord(to, n.name.space), n.name.simple)
}

func appendWord(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}
