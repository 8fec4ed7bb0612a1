package broker

// Lag is how far a group is behind in a topic.
type Lag struct {
	Group, Topic string
	Offsets      int64 // from what is committed, or the log's start if that is later, to the high watermark, over all partitions with a commit
}

// Lags returns how far the groups are behind in the topics that they committed, in alphabetical order. Beyond most of them, one
// last Lag has the sum of all others, under OtherTopics for both names: no topic can be called so.
func (b *Broker) Lags(most int) []Lag {
	var all []Lag
	rest := Lag{Group: OtherTopics, Topic: OtherTopics}
	more := false
	for _, id := range b.Groups() {
		committed, err := b.Offsets(id)
		if err != nil {
			continue // it went, or the broker closes
		}
		for len(committed) > 0 {
			var l Lag
			if l, committed = b.lag(id, committed); len(all) < most {
				all = append(all, l)
				continue
			}
			rest.Offsets += l.Offsets
			more = true
		}
	}
	if more {
		all = append(all, rest)
	}
	return all
}

// lag sums up the first topic of what a group committed, and returns the others.
func (b *Broker) lag(group string, committed []Committed) (l Lag, others []Committed) {
	l = Lag{Group: group, Topic: committed[0].Topic}
	t, err := b.Topic(l.Topic)
	for len(committed) > 0 && committed[0].Topic == l.Topic {
		c := committed[0]
		committed = committed[1:]
		if err != nil {
			continue
		}
		p, unknown := t.Partition(c.Partition)
		if unknown != nil || p.log == nil {
			continue
		}
		bounds := p.log.Bounds()
		l.Offsets += max(0, int64(bounds.HighWatermark-max(c.Offset.Offset, bounds.Start)))
	}
	return l, committed
}
