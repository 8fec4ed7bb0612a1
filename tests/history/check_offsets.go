package history

// only returns the one commit that can have put an offset there, or nil if there are several or none.
func (r *register) only(offset int64) *Commit {
	var only *Commit
	for _, c := range r.commits {
		if c.offset != offset || !c.possible() {
			continue
		}
		if only != nil {
			return nil
		}
		only = c
	}
	return only
}

// offsets holds the offset of each group and partition to what a register may answer: the value of the last commit that was
// acknowledged before, or of one that was under way since.
func (c *check) offsets() {
	for p, r := range c.h.registers {
		shown := map[*Commit]moment{} // when a commit of unknown outcome was seen to have taken effect
		for _, f := range r.fetches {
			if f.ended > 0 {
				c.fetch(p, r, f, shown)
			}
		}
	}
}

// fetch judges one answer. Nothing before the newest of what had certainly taken effect may come back.
func (c *check) fetch(p place, r *register, f *Fetch, shown map[*Commit]moment) {
	var newest moment
	for _, commit := range r.commits {
		from, to := commit.span()
		if at := shown[commit]; at > 0 {
			to = at
		} else if !c.certain(commit) {
			continue
		}
		if to > 0 && to < f.invoked {
			newest = max(newest, from)
		}
	}
	if f.offset == None {
		if newest > 0 {
			c.found.add(LostCommit, "group %s has no offset for %s, although one was committed", p.group, p.partition)
		}
		return
	}
	allowed := 0
	var last *Commit
	for _, commit := range r.commits {
		from, to := commit.span()
		if at := shown[commit]; at > 0 {
			to = at
		}
		if commit.offset == f.offset && commit.possible() && from < f.ended && (to == 0 || to >= newest) {
			allowed, last = allowed+1, commit
		}
	}
	switch {
	case allowed == 0:
		c.found.add(LostCommit, "group %s has offset %d for %s: %s", p.group, f.offset, p.partition, r.story(f.offset))
	case allowed == 1 && !c.certain(last) && shown[last] == 0:
		shown[last] = f.ended
	}
}

// certain tells whether a commit has taken effect.
func (c *check) certain(commit *Commit) bool {
	if t := commit.transaction; t != nil {
		return commit.outcome == succeeded && t.outcome == succeeded
	}
	return commit.outcome == succeeded
}

// story says why an offset cannot be there.
func (r *register) story(offset int64) string {
	why := "nobody committed it"
	for _, c := range r.commits {
		switch {
		case c.offset != offset:
		case c.possible():
			return "another was committed and acknowledged after it"
		default:
			why = "its commit was refused, or its transaction not committed"
		}
	}
	return why
}

// sources demands of groups that commit their offsets together with what they make of the records: a committed record was made
// from each record which the group has passed. One such group may read a partition.
func (c *check) sources() {
	for p, r := range c.h.registers {
		passed := int64(None)
		for _, commit := range r.commits {
			if t := commit.transaction; t != nil && c.took[t] && commit.outcome != refused && makes(t, p.partition) {
				passed = max(passed, commit.offset)
			}
		}
		for _, s := range c.log(p.partition).visible[Committed] {
			if s.offset < passed && c.byPlace[Source{p.partition, s.offset}] == nil {
				c.found.add(Unprocessed, "group %s is at offset %d of %s, and made nothing from %s at offset %d", p.group, passed, p.partition, s.Value, s.offset)
			}
		}
	}
}

// makes tells whether a transaction has records made from those of a partition.
func makes(t *Transaction, partition string) bool {
	for _, s := range t.sends {
		if s.Source.Partition == partition {
			return true
		}
	}
	return false
}
