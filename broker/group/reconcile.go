package group

import "maps"

// reconcile moves a member towards its target, as far as the member and the others let go of what the target takes from them,
// and reports whether what it may read has changed. It is CurrentAssignmentBuilder of Kafka's coordinator.
func (c *Consumers) reconcile(m *consumer, owned []Place) (changed bool) {
	switch {
	case m.progress == revoking && (owned == nil || m.letting.meets(owned)):
		return false
	case m.progress == settled && m.epoch == c.targeted:
		return false
	}
	c.rest(m)
	before := m.held
	kept, gone := m.divide()
	m.held = kept
	if len(gone) > 0 && (owned == nil || gone.meets(owned)) {
		m.letting, m.progress = gone, revoking
		c.arm(Rebalance, m.id, m.rebalance)
		return true
	}
	c.release(m, gone)
	c.give(m)
	return !maps.Equal(before, m.held)
}

// divide parts what a member holds into what its target leaves it, and what it takes.
func (m *consumer) divide() (kept, gone places) {
	kept, gone = places{}, places{}
	for p, since := range m.held {
		if _, ok := m.target[p]; ok {
			kept[p] = since
		} else {
			gone[p] = since
		}
	}
	return kept, gone
}

// give moves a member to the epoch of the target, with those partitions of it that nobody else holds.
func (c *Consumers) give(m *consumer) {
	if m.epoch != c.targeted {
		m.previous, m.epoch = m.epoch, c.targeted
	}
	m.progress = settled
	for p := range m.target {
		switch c.owners[p] {
		case m:
		case nil:
			c.owners[p] = m
			m.held[p] = m.epoch
		default:
			m.progress = waiting
		}
	}
}
