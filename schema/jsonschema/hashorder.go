package jsonschema

import (
	"sort"
	"unicode/utf16"
)

// hashOrdered returns the members of an object in the order in which a java.util.HashMap filled with them iterates. Confluent
// Schema Registry reads the keywords of modern drafts in that order, and the model depends on it.
func hashOrdered(members []member) []member {
	size := uint32(16)
	for len(members)*4 > int(size)*3 {
		size *= 2
	}
	type slot struct {
		bucket uint32
		member member
	}
	slots := make([]slot, len(members))
	for i, m := range members {
		h := javaHash(m.key)
		slots[i] = slot{(h ^ h>>16) & (size - 1), m}
	}
	sort.SliceStable(slots, func(i, j int) bool { return slots[i].bucket < slots[j].bucket })
	out := make([]member, len(members))
	for i := range slots {
		out[i] = slots[i].member
	}
	return out
}

// javaHash is String.hashCode.
func javaHash(s string) uint32 {
	var h uint32
	for _, r := range s {
		if r >= 0x10000 {
			high, low := utf16.EncodeRune(r)
			h = (h*31+uint32(high))*31 + uint32(low)
			continue
		}
		h = h*31 + uint32(r)
	}
	return h
}
