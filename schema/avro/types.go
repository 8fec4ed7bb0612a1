package avro

// typeTable holds the named types that a text can see: its own and those of its references. Small tables are searched in
// order, which costs less than a map.
type typeTable struct {
	list []*node
	big  map[typeName]*node
}

func (t *typeTable) get(name typeName) *node {
	if t.big != nil {
		return t.big[name]
	}
	for _, n := range t.list {
		if n.named.name == name {
			return n
		}
	}
	return nil
}

// add adds a type whose name is not in the table.
func (t *typeTable) add(n *node) {
	t.list = append(t.list, n)
	if t.big == nil && len(t.list) > many {
		t.big = make(map[typeName]*node, 2*many)
		for _, x := range t.list {
			t.big[x.named.name] = x
		}
	}
	if t.big != nil {
		t.big[n.named.name] = n
	}
}

// nameSet is a set of type names.
type nameSet struct {
	list []typeName
	big  map[typeName]struct{}
}

func (s *nameSet) has(name typeName) bool {
	if s.big != nil {
		_, ok := s.big[name]
		return ok
	}
	for _, n := range s.list {
		if n == name {
			return true
		}
	}
	return false
}

func (s *nameSet) add(name typeName) {
	if s.has(name) {
		return
	}
	s.list = append(s.list, name)
	if s.big == nil && len(s.list) > many {
		s.big = make(map[typeName]struct{}, 2*many)
		for _, n := range s.list {
			s.big[n] = struct{}{}
		}
	}
	if s.big != nil {
		s.big[name] = struct{}{}
	}
}
