package history

import (
	"cmp"
	"slices"
)

// Check returns what cannot be true of the history, in order. It is meant for its end, or for a pause in it: what is
// acknowledged, readers must have come to.
func (h *History) Check() []Anomaly {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.check().found.sorted()
}

// check is the work of Check and what it learns on the way.
type check struct {
	h       *History
	found   anomalies
	took    map[*Transaction]bool // effect: acknowledged, or seen
	logs    map[string]*log
	byPlace map[Source]*Send // the committed record that was made from another
	missed  map[*Send]bool   // reported as lost
}

// log is what a partition must hold.
type log struct {
	owner   map[int64]*Send
	visible [2][]*Send       // to readers of each isolation, by offset
	last    map[string]int64 // of a compacted partition: the last committed record of a key
}

func (h *History) newCheck() *check {
	return &check{h: h, took: make(map[*Transaction]bool), logs: make(map[string]*log), byPlace: make(map[Source]*Send), missed: make(map[*Send]bool)}
}

func (h *History) check() *check {
	c := h.newCheck()
	c.decide()
	for _, s := range h.sends {
		c.place(s)
	}
	for _, l := range c.logs {
		l.sort()
	}
	for _, r := range h.readers {
		for _, run := range r.runs {
			c.reads(run)
			c.order(run)
		}
	}
	c.unseen()
	c.sendOrder()
	c.offsets()
	c.sources()
	return c
}

// decide finds the transactions that took effect.
func (c *check) decide() {
	for _, t := range c.h.transactions {
		seen := slices.ContainsFunc(t.sends, func(s *Send) bool { return s.seen[Committed] > 0 })
		c.took[t] = t.outcome == succeeded || (t.outcome == unknown && seen)
	}
	for _, r := range c.h.registers {
		for _, f := range r.fetches {
			if only := r.only(f.offset); only != nil && only.transaction != nil && only.transaction.outcome == unknown {
				c.took[only.transaction] = true
			}
		}
	}
}

func (c *check) log(partition string) *log {
	l := c.logs[partition]
	if l == nil {
		l = &log{owner: make(map[int64]*Send), last: make(map[string]int64)}
		c.logs[partition] = l
	}
	return l
}

// place puts a record where it was found.
func (c *check) place(s *Send) {
	l := c.log(s.Partition)
	if !s.known {
		return
	}
	if len(s.others) > 0 {
		c.found.add(Duplicate, "%s of %s is at offset %d and at %v", s.Value, s.Partition, s.offset, s.others)
	}
	for _, at := range append([]int64{s.offset}, s.others...) {
		if other := l.owner[at]; other != nil {
			c.found.add(InconsistentOffsets, "offset %d of %s has %s and %s", at, s.Partition, other.Value, s.Value)
		}
		l.owner[at] = s
	}
	if s.outcome == refused {
		return
	}
	l.visible[Uncommitted] = append(l.visible[Uncommitted], s)
	if s.transaction == nil || c.took[s.transaction] {
		l.visible[Committed] = append(l.visible[Committed], s)
		l.last[s.Key] = max(l.last[s.Key], s.offset)
		c.made(s)
	}
}

// made notes what a committed record was made from.
func (c *check) made(s *Send) {
	if s.Source.Partition == "" {
		return
	}
	if other := c.byPlace[s.Source]; other != nil {
		c.found.add(Reprocessed, "%s and %s were both made from offset %d of %s", other.Value, s.Value, s.Source.Offset, s.Source.Partition)
	}
	c.byPlace[s.Source] = s
}

func (l *log) sort() {
	for _, all := range l.visible {
		slices.SortFunc(all, func(a, b *Send) int { return cmp.Compare(a.offset, b.offset) })
	}
}

// reads judges what a reader read, one by one.
func (c *check) reads(r *run) {
	for _, found := range r.reads {
		s := found.send
		switch {
		case s == nil:
			c.found.add(Phantom, "%s read %s at offset %d of %s, which nobody sent", r.reader.client, found.value, found.offset, r.partition)
			if other := c.log(r.partition).owner[found.offset]; other != nil {
				c.found.add(InconsistentOffsets, "offset %d of %s has %s and %s", found.offset, r.partition, other.Value, found.value)
			}
		case s.Partition != r.partition:
			c.found.add(InconsistentOffsets, "%s read %s in %s, it was sent to %s", r.reader.client, s.Value, r.partition, s.Partition)
		case s.invoked > found.at:
			c.found.add(Phantom, "%s read %s at offset %d of %s before it was sent", r.reader.client, s.Value, found.offset, r.partition)
		case s.outcome == refused:
			c.found.add(AbortedRead, "%s read %s at offset %d of %s, which was refused", r.reader.client, s.Value, found.offset, r.partition)
		case s.transaction != nil && r.reader.isolation == Committed:
			c.committedRead(r, found)
		}
	}
}

func (c *check) committedRead(r *run, found read) {
	s, t := found.send, found.send.transaction
	switch {
	case t.outcome == refused:
		c.found.add(AbortedRead, "%s read %s at offset %d of %s; its transaction %s was aborted", r.reader.client, s.Value, found.offset, r.partition, t.name)
	case t.asked == 0 || t.asked > found.at:
		c.found.add(DirtyRead, "%s read %s at offset %d of %s before anybody asked to commit its transaction %s", r.reader.client, s.Value, found.offset, r.partition, t.name)
	}
}

// order walks along a run and the log, side by side.
func (c *check) order(r *run) {
	all := c.log(r.partition).visible[r.reader.isolation]
	at, i := r.from, after(all, r.from)
	var before read
	for _, found := range r.reads {
		inside := found.poll == before.poll
		if found.offset < at {
			c.back(r, before, found, inside)
			i = after(all, found.offset)
		}
		for ; i < len(all) && all[i].offset < found.offset; i++ {
			c.skipped(r, all[i], inside)
		}
		if i < len(all) && all[i].offset == found.offset {
			i++
		}
		at, before = found.offset+1, found
	}
	if !r.done {
		return
	}
	for _, s := range all[i:] {
		if since := c.since(s, r.reader.isolation); since > 0 && since <= r.begun && !c.mayBeGone(s) {
			c.lost(s, "%s read %s to its end and did not find it", r.reader.client, r.partition)
		}
	}
}

// after returns the index of the first record at or after an offset.
func after(all []*Send, offset int64) int {
	i, _ := slices.BinarySearchFunc(all, offset, func(s *Send, o int64) int { return cmp.Compare(s.offset, o) })
	return i
}

func (c *check) back(r *run, before, found read, inside bool) {
	kind := NonmonotonicPoll
	if inside {
		kind = IntNonmonotonicPoll
	}
	c.found.add(kind, "%s read offset %d of %s after %d", r.reader.client, found.offset, r.partition, before.offset)
}

func (c *check) skipped(r *run, s *Send, inside bool) {
	switch {
	case c.mayBeGone(s):
	case s.seen == [2]moment{}:
		c.lost(s, "%s read what is behind it", r.reader.client)
	case s.seen[r.reader.isolation] == 0 && s.transaction != nil && s.transaction.outcome == unknown && r.reader.isolation == Committed:
		c.torn(s)
	case inside:
		c.found.add(IntPollSkip, "%s left out %s at offset %d of %s", r.reader.client, s.Value, s.offset, s.Partition)
	default:
		c.found.add(PollSkip, "%s left out %s at offset %d of %s", r.reader.client, s.Value, s.offset, s.Partition)
	}
}

func (c *check) torn(s *Send) {
	if !c.missed[s] {
		c.missed[s] = true
		c.found.add(TornTransaction, "transaction %s took effect, and %s at offset %d of %s is not there", s.transaction.name, s.Value, s.offset, s.Partition)
	}
}

// lost reports a record once.
func (c *check) lost(s *Send, format string, args ...any) {
	if t := s.transaction; t != nil && t.outcome == unknown {
		c.torn(s)
		return
	}
	if !c.missed[s] {
		c.missed[s] = true
		c.found.add(LostWrite, "%s at offset %d of %s is acknowledged; "+format, append([]any{s.Value, s.offset, s.Partition}, args...)...)
	}
}

// since is from when on a record must be found by readers of an isolation, or 0.
func (c *check) since(s *Send, i Isolation) moment {
	first := s.seen[i]
	add := func(m moment, ok bool) {
		if ok && m > 0 && (first == 0 || m < first) {
			first = m
		}
	}
	if t := s.transaction; t != nil && i == Committed {
		add(t.ended, t.outcome == succeeded)
		return first
	}
	add(s.ended, s.outcome == succeeded)
	add(s.seen[Committed], true)
	add(s.seen[Uncommitted], true)
	return first
}

// mayBeGone tells whether a record may have been trimmed or compacted away.
func (c *check) mayBeGone(s *Send) bool {
	if s.offset < c.h.trimmed[s.Partition] {
		return true
	}
	if !c.h.compacted[s.Partition] {
		return false
	}
	if t := s.transaction; t != nil && !c.took[t] {
		return true
	}
	return s.Tombstone || s.Key == "" || c.logs[s.Partition].last[s.Key] > s.offset
}

// unseen reports what no reader came to, of the partitions that have readers.
func (c *check) unseen() {
	watched := map[string]*[2]bool{}
	for _, r := range c.h.readers {
		for _, run := range r.runs {
			if watched[run.partition] == nil {
				watched[run.partition] = &[2]bool{}
			}
			watched[run.partition][r.isolation] = true
		}
	}
	for partition, by := range watched {
		for isolation, all := range c.log(partition).visible {
			for _, s := range all {
				i := Isolation(isolation)
				if by[i] && s.seen[i] == 0 && c.since(s, i) > 0 && !c.missed[s] && !c.mayBeGone(s) {
					c.missed[s] = true
					c.found.add(Unseen, "%s at offset %d of %s is acknowledged, and nobody read it", s.Value, s.offset, s.Partition)
				}
			}
		}
	}
}
