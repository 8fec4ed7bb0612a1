package history

// Settle writes down as certain what a pause has decided, so that a long history can be checked piece by piece: what was seen is
// acknowledged; what was not, and whose client is Gone, has had no effect. Readers are forgotten, but not what they read. It
// may be called when readers of both isolations have come to the end of each partition that has any, no transaction is open, and
// Check has found nothing.
func (h *History) Settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.newCheck()
	c.decide()
	now := h.tick()
	for _, t := range h.transactions {
		switch {
		case t.outcome != unknown:
		case c.took[t]:
			t.settle(succeeded, now)
		case t.ended > 0:
			t.settle(refused, now)
		}
	}
	for _, s := range h.sends {
		switch {
		case s.outcome != unknown:
		case s.known:
			s.settle(succeeded, now)
		case s.ended > 0 && s.transaction == nil:
			s.settle(refused, now)
		}
	}
	h.readers = nil
	for _, r := range h.registers {
		r.settle(now)
	}
}

func (t *Transaction) settle(o outcome, now moment) {
	t.outcome = o
	if t.ended == 0 {
		t.ended = now
	}
}

func (s *Send) settle(o outcome, now moment) {
	s.outcome = o
	if s.ended == 0 {
		s.ended = now
	}
}

// settle keeps of the commits those that a later one has not replaced for good.
func (r *register) settle(now moment) {
	if n := len(r.fetches); n > 0 {
		if only := r.only(r.fetches[n-1].offset); only != nil && only.outcome == unknown && r.fetches[n-1].ended > 0 {
			only.outcome = succeeded
			if only.ended == 0 {
				only.ended = now
			}
		}
	}
	r.fetches = nil
}
