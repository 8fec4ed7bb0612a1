package history

import (
	"cmp"
	"slices"
)

// sendOrder demands that the log has the records of one client in the order in which it sent them, and those of all clients in
// the order of time, as far as sends did not overlap.
func (c *check) sendOrder() {
	type writer struct{ client, partition string }
	last := map[writer]*Send{}
	ended := map[string][]*Send{} // acknowledged, by when they were
	for _, s := range c.h.sends {
		if !s.known || len(s.others) > 0 {
			continue
		}
		w := writer{s.client, s.Partition}
		if before := last[w]; before != nil && before.offset > s.offset {
			c.reordered(before, s)
		} else {
			last[w] = s
		}
		if s.outcome == succeeded {
			ended[s.Partition] = append(ended[s.Partition], s)
		}
	}
	for _, all := range ended {
		c.timeOrder(all)
	}
}

func (c *check) reordered(before, s *Send) {
	kind := NonmonotonicSend
	if s.transaction != nil && s.transaction == before.transaction {
		kind = IntNonmonotonicSend
	}
	c.found.add(kind, "%s sent %s to %s, then %s; they are at offsets %d and %d", s.client, before.Value, s.Partition, s.Value, before.offset, s.offset)
}

// timeOrder goes through the acknowledged sends of a partition in the order in which they began.
func (c *check) timeOrder(sends []*Send) {
	byEnd := slices.Clone(sends)
	slices.SortFunc(byEnd, func(a, b *Send) int { return cmp.Compare(a.ended, b.ended) })
	var highest *Send // of those that had ended
	next := 0
	for _, s := range sends {
		for ; byEnd[next].ended < s.invoked; next++ {
			if highest == nil || byEnd[next].offset > highest.offset {
				highest = byEnd[next]
			}
		}
		if highest != nil && highest.offset > s.offset && highest.client != s.client {
			c.found.add(NonmonotonicSend, "%s sent %s to %s after %s of %s was acknowledged; they are at offsets %d and %d",
				s.client, s.Value, s.Partition, highest.Value, highest.client, s.offset, highest.offset)
		}
	}
}
