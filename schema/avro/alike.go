package avro

import "slices"

// plainWork bounds what one look at a pair costs. Larger types are compared in full, and their parts are looked at again.
const plainWork = 64

// alike reports whether two types are plainly equal, so that the reader reads all that the writer writes. It costs no memory. Most
// fields of two versions of a record are alike. Fields with aliases are never plain: one may stand for two of the writer's.
func (r *resolver) alike(rd, wr *node) bool {
	left := plainWork
	same := plain(rd, wr, &left)
	r.spend(plainWork - max(left, 0))
	return same
}

func plain(rd, wr *node, left *int) bool {
	if *left--; *left < 0 || rd.kind != wr.kind {
		return false
	}
	switch rd.kind {
	case kindArray, kindMap:
		return plain(rd.items, wr.items, left)
	case kindUnion:
		return slices.EqualFunc(rd.branches, wr.branches, func(a, b *node) bool { return plain(a, b, left) })
	case kindFixed:
		return rd.named.name == wr.named.name && rd.named.size == wr.named.size
	case kindEnum:
		*left -= len(rd.named.symbols)
		return *left >= 0 && rd.named.name == wr.named.name && slices.Equal(rd.named.symbols, wr.named.symbols)
	case kindRecord:
		return rd.named.name == wr.named.name && plainFields(rd.named.fields, wr.named.fields, left)
	}
	return true
}

func plainFields(rd, wr []field, left *int) bool {
	if len(rd) != len(wr) {
		return false
	}
	for i := range rd {
		if rd[i].name != wr[i].name || len(rd[i].aliases) > 0 || !plain(rd[i].typ, wr[i].typ, left) {
			return false
		}
	}
	return true
}
