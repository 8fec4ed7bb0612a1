package history

// None is the offset of a group that has committed none.
const None = -1

// register is the offset that a group has committed for a partition.
type register struct {
	commits []*Commit
	fetches []*Fetch
}

// Commit is a group's wish to have an offset stored.
type Commit struct {
	h              *History
	place          place
	client         string
	offset         int64
	transaction    *Transaction // nil: it counts by itself
	invoked, ended moment
	outcome        outcome
}

// CommitOffset begins to commit an offset, in a transaction unless that is nil. A commit in a transaction is acknowledged by the
// commit of that.
func (h *History) CommitOffset(client, group, partition string, offset int64, in *Transaction) *Commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &Commit{h: h, place: place{group, partition}, client: client, offset: offset, transaction: in, invoked: h.tick()}
	r := h.register(c.place)
	r.commits = append(r.commits, c)
	if in != nil {
		in.commits = append(in.commits, c)
	}
	return c
}

func (h *History) register(p place) *register {
	if h.registers[p] == nil {
		h.registers[p] = &register{}
	}
	return h.registers[p]
}

// OK ends a commit: it is acknowledged.
func (c *Commit) OK() { c.end(succeeded) }

// Refused ends a commit that has had no effect and never will.
func (c *Commit) Refused() { c.end(refused) }

func (c *Commit) end(o outcome) {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	c.outcome, c.ended = o, c.h.tick()
}

// acknowledged tells whether the commit counts for certain.
func (c *Commit) acknowledged() bool {
	if c.transaction != nil {
		return c.outcome == succeeded && c.transaction.outcome == succeeded
	}
	return c.outcome == succeeded
}

// span is when the commit may have taken effect; to is 0 if it still may.
func (c *Commit) span() (from, to moment) {
	if t := c.transaction; t != nil {
		return t.asked, t.ended
	}
	return c.invoked, c.ended
}

// possible tells whether the commit may have had an effect at all.
func (c *Commit) possible() bool {
	if t := c.transaction; t != nil && (t.outcome == refused || t.asked == 0) {
		return false
	}
	return c.outcome != refused
}

// Fetch is a question for the offset of a group.
type Fetch struct {
	h              *History
	place          place
	invoked, ended moment
	offset         int64
}

// FetchOffset begins to ask for the offset that a group has committed.
func (h *History) FetchOffset(group, partition string) *Fetch {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &Fetch{h: h, place: place{group, partition}, invoked: h.tick()}
	r := h.register(f.place)
	r.fetches = append(r.fetches, f)
	return f
}

// OK ends a fetch with its answer, or None.
func (f *Fetch) OK(offset int64) {
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	f.offset, f.ended = offset, f.h.tick()
}
