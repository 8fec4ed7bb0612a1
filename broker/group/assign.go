package group

import (
	"cmp"
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
	var target map[*consumer]places
	if c.assignor == Range {
		target = c.assignRange(readers)
	} else {
		target = c.assignUniform(members, readers)
	}
	for _, m := range members {
		m.target = target[m]
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
func (c *Consumers) assignRange(readers map[string][]*consumer) map[*consumer]places {
	target := make(map[*consumer]places)
	for name, all := range readers {
		t := c.catalog.byName[name]
		each, more := t.Partitions/int32(len(all)), t.Partitions%int32(len(all))
		next := int32(0)
		for i, m := range all {
			n := each
			if int32(i) < more {
				n++
			}
			if target[m] == nil {
				target[m] = places{}
			}
			for range n {
				target[m][Place{t.ID, next}] = 0
				next++
			}
		}
	}
	return target
}

// dealing is an assignment in the making.
type dealing struct {
	target map[*consumer]places
	free   map[string][]Place // by topic
}

// assignUniform keeps what each member had and may still read, up to its share, deals out the rest, and evens out.
func (c *Consumers) assignUniform(members []*consumer, readers map[string][]*consumer) map[*consumer]places {
	if len(members) == 0 {
		return nil
	}
	total := 0
	same := true
	for _, name := range members[0].topics {
		total += int(c.catalog.byName[name].Partitions)
	}
	for _, m := range members {
		same = same && slices.Equal(m.topics, members[0].topics)
	}
	limit := func(*consumer) int { return int(^uint(0) >> 1) }
	if same {
		limit = shares(members, total)
	}
	d := dealing{target: make(map[*consumer]places, len(members)), free: make(map[string][]Place)}
	for _, m := range members {
		d.target[m] = places{}
	}
	topics := d.keep(c.catalog, members, readers, limit)
	for _, name := range topics {
		for _, p := range d.free[name] {
			d.target[d.poorest(readers[name])][p] = 0
		}
	}
	if !same {
		d.even(c.catalog, topics, readers)
	}
	return d.target
}

// shares returns how many partitions each member may have if all read the same: the odd ones go to those that have most.
func shares(members []*consumer, total int) func(*consumer) int {
	each, more := total/len(members), total%len(members)
	share := make(map[*consumer]int, len(members))
	ordered := slices.SortedStableFunc(slices.Values(members), func(a, b *consumer) int { return cmp.Compare(len(b.target), len(a.target)) })
	for i, m := range ordered {
		share[m] = each
		if i < more {
			share[m]++
		}
	}
	return func(m *consumer) int { return share[m] }
}

// keep leaves members what they have, and returns the topics, those that fewest read first; what nobody keeps is free.
func (d *dealing) keep(catalog *Catalog, members []*consumer, readers map[string][]*consumer, limit func(*consumer) int) []string {
	had := make(map[Place]*consumer)
	for _, m := range members {
		for p := range m.target {
			had[p] = m
		}
	}
	topics := make([]string, 0, len(readers))
	for name := range readers {
		topics = append(topics, name)
	}
	slices.SortFunc(topics, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(readers[a]), len(readers[b])), cmp.Compare(a, b))
	})
	for _, name := range topics {
		t := catalog.byName[name]
		for i := range t.Partitions {
			p := Place{t.ID, i}
			m := had[p]
			if m == nil || len(d.target[m]) >= limit(m) || !reads(m, name) {
				d.free[name] = append(d.free[name], p)
				continue
			}
			d.target[m][p] = 0
		}
	}
	return topics
}

func reads(m *consumer, topic string) bool {
	_, ok := slices.BinarySearch(m.topics, topic)
	return ok
}

// poorest returns the member with fewest partitions, the first of several.
func (d *dealing) poorest(all []*consumer) *consumer {
	return slices.MinFunc(all, func(a, b *consumer) int { return cmp.Compare(len(d.target[a]), len(d.target[b])) })
}

// even moves partitions from members to others that may read them and have at least two fewer, until there are none. Each move
// makes the sum of squares smaller, so that it ends.
func (d *dealing) even(catalog *Catalog, topics []string, readers map[string][]*consumer) {
	has := make(map[Place]*consumer)
	for m, all := range d.target {
		for p := range all {
			has[p] = m
		}
	}
	for moved := true; moved; {
		moved = false
		for _, name := range topics {
			t := catalog.byName[name]
			for i := range t.Partitions {
				p := Place{t.ID, i}
				from, to := has[p], d.poorest(readers[name])
				if len(d.target[from]) < len(d.target[to])+2 {
					continue
				}
				delete(d.target[from], p)
				d.target[to][p], has[p], moved = 0, to, true
			}
		}
	}
}
