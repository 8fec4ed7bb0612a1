package group

import (
	"cmp"
	"maps"
	"slices"
)

// The names of the assignors.
const (
	Uniform = "uniform" // as even as can be, and as before as can be
	Range   = "range"   // of each topic a run of partitions, the same of topics of one size
)

// Assignors lists the assignors; the first is the default.
func Assignors() []string { return []string{Uniform, Range} }

// retarget assigns anew if the group has moved on since it last did.
func (c *Consumers) retarget() {
	if c.moved {
		c.moved = false
		c.epoch++
	}
	if c.targeted == c.epoch {
		return
	}
	c.assignor = c.vote()
	members := c.sorted()
	readers := c.readers(members)
	for _, m := range members {
		m.dealt = places{}
	}
	if c.assignor == Range {
		c.assignRange(readers)
	} else {
		c.assignUniform(members, readers)
	}
	for _, m := range members {
		m.target, m.dealt = m.dealt, nil
	}
	c.targeted = c.epoch
}

// vote returns the assignor that most members want.
func (c *Consumers) vote() string {
	votes := make(map[string]int)
	for _, m := range c.members {
		votes[m.assignor]++
	}
	return slices.MaxFunc(Assignors(), func(a, b string) int { return cmp.Compare(votes[a], votes[b]) })
}

// readers lists the members that subscribe to each topic, in the order of members.
func (c *Consumers) readers(members []*consumer) map[string][]*consumer {
	readers := make(map[string][]*consumer)
	for _, m := range members {
		for _, topic := range m.topics {
			readers[topic] = append(readers[topic], m)
		}
	}
	return readers
}

// assignRange cuts each topic into runs, the longer ones first.
func (c *Consumers) assignRange(readers map[string][]*consumer) {
	for name, all := range readers {
		t := c.catalog.byName[name]
		each, more := t.Partitions/int32(len(all)), t.Partitions%int32(len(all))
		next := int32(0)
		for i, m := range all {
			n := each
			if int32(i) < more {
				n++
			}
			for range n {
				m.dealt[Place{t.ID, next}] = 0
				next++
			}
		}
	}
}

// assignUniform keeps what each member had and may still read, up to its share, deals out the rest, and evens out.
func (c *Consumers) assignUniform(members []*consumer, readers map[string][]*consumer) {
	share := shares(c.catalog, members)
	had := make(map[Place]*consumer)
	for _, m := range members {
		for p := range m.target {
			had[p] = m
		}
	}
	topics, all := fewestFirst(readers), make(map[string][]Place, len(readers))
	for _, name := range topics {
		var free []Place
		t := c.catalog.byName[name]
		for i := range t.Partitions {
			p := Place{t.ID, i}
			m := had[p]
			if m == nil || share != nil && len(m.dealt) >= share[m] || !reads(m, name) {
				free = append(free, p)
				continue
			}
			m.dealt[p] = 0
		}
		all[name] = free
	}
	for _, name := range topics {
		deal(all[name], readers[name])
	}
	if share == nil {
		even(c.catalog, topics, members, readers)
	}
}

// shares returns how many partitions each member may have if all read the same: the odd ones go to those that have most. If they
// do not, it is nil.
func shares(catalog *Catalog, members []*consumer) map[*consumer]int {
	total := 0
	for _, m := range members {
		if !slices.Equal(m.topics, members[0].topics) {
			return nil
		}
	}
	for _, name := range members[0].topics {
		total += int(catalog.byName[name].Partitions)
	}
	each, more := total/len(members), total%len(members)
	share := make(map[*consumer]int, len(members))
	for i, m := range slices.SortedStableFunc(slices.Values(members), func(a, b *consumer) int { return cmp.Compare(len(b.target), len(a.target)) }) {
		share[m] = each
		if i < more {
			share[m]++
		}
	}
	return share
}

// fewestFirst lists the topics, those that fewest read first.
func fewestFirst(readers map[string][]*consumer) []string {
	return slices.SortedFunc(maps.Keys(readers), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(readers[a]), len(readers[b])), cmp.Compare(a, b))
	})
}

func reads(m *consumer, topic string) bool {
	_, ok := slices.BinarySearch(m.topics, topic)
	return ok
}

func fewer(a, b *consumer) int { return cmp.Compare(len(a.dealt), len(b.dealt)) }

// deal gives each partition to the reader that has fewest: the first of them in order, until the next has fewer.
func deal(free []Place, readers []*consumer) {
	if len(free) == 0 {
		return
	}
	ordered := slices.SortedStableFunc(slices.Values(readers), fewer)
	at := 0
	for _, p := range free {
		ordered[at].dealt[p] = 0
		if at+1 < len(ordered) && fewer(ordered[at+1], ordered[at]) < 0 {
			at++
		} else {
			at = 0
		}
	}
}

// even moves partitions from members to others that may read them and have at least two fewer, until there are none. Each move
// makes the sum of squares smaller, so that it ends.
func even(catalog *Catalog, topics []string, members []*consumer, readers map[string][]*consumer) {
	has := make(map[Place]*consumer)
	for _, m := range members {
		for p := range m.dealt {
			has[p] = m
		}
	}
	for moved := true; moved; {
		moved = false
		for _, name := range topics {
			t, to := catalog.byName[name], slices.MinFunc(readers[name], fewer)
			for i := range t.Partitions {
				p := Place{t.ID, i}
				from := has[p]
				if len(from.dealt) < len(to.dealt)+2 {
					continue
				}
				delete(from.dealt, p)
				to.dealt[p], has[p], moved = 0, to, true
				to = slices.MinFunc(readers[name], fewer)
			}
		}
	}
}
