package group

import (
	"slices"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// Protocol is one way of assigning that a member knows, with what it says under it.
type Protocol struct {
	Name     string
	Metadata []byte
}

// Join is a member's wish to be in the next generation.
type Join struct {
	Ticket         Ticket
	Member         string // empty: it has none yet
	NewMember      string // the id to give it then; the owner draws it
	Instance       string // of a static member
	Client, Host   string
	Session        time.Duration
	Rebalance      time.Duration
	ProtocolType   string
	Protocols      []Protocol // the most wanted first; kept
	RequireID      bool       // a dynamic member must come back with the id given (JoinGroup 4, KIP-394)
	SkipAssignment bool       // a static leader understands that it need not assign (JoinGroup 9, KIP-814)
}

// Joined is the answer to a Join: the generation that begins. Only the leader gets to see Members.
type Joined struct {
	Member         string
	Leader         string
	Generation     int32
	ProtocolType   string
	Protocol       string
	SkipAssignment bool
	Members        []Subscription
}

// Subscription is what a member said under the protocol chosen.
type Subscription struct {
	Member, Instance string
	Metadata         []byte
}

// Join takes a member in, or back in. The answer comes as a JoinReply, at once or with a later call.
func (g *Group) Join(j Join) []Effect {
	if m, err := g.join(j); err != nil {
		g.effects = append(g.effects, JoinReply{Ticket: j.Ticket, Joined: Joined{Member: m}, Err: err})
	}
	return g.take()
}

func (g *Group) join(j Join) (id string, err error) {
	const op = "group.Join"
	if g.state == Dead {
		return j.Member, fault.New(ErrDead, op, "the group was deleted: find its coordinator and join again")
	}
	if j.Session < g.opts.MinSession || (g.opts.MaxSession > 0 && j.Session > g.opts.MaxSession) {
		return j.Member, fault.New(ErrSessionTimeout, op, "session time-out %s is not between %s and %s", j.Session, g.opts.MinSession, g.opts.MaxSession)
	}
	if !g.supports(j) {
		return j.Member, fault.New(ErrProtocol, op, "no protocol of the member is known to all others, or its type %q is not the group's", j.ProtocolType)
	}
	switch {
	case j.Member != "":
		return j.Member, g.joinAgain(j)
	case j.Instance != "" && g.static[j.Instance] != nil:
		g.replace(g.static[j.Instance], j)
		return "", nil
	default:
		return g.joinFirst(j)
	}
}

// joinFirst takes in a member that has no id yet.
func (g *Group) joinFirst(j Join) (id string, err error) {
	if err := g.room(len(g.pending)); err != nil {
		return "", err
	}
	if j.RequireID && j.Instance == "" {
		g.pending[j.NewMember] = true
		g.arm(Pending, j.NewMember, j.Session)
		return j.NewMember, fault.New(ErrMemberIDRequired, "group.Join", "join again with the member id given")
	}
	g.enter(j.NewMember, j)
	return "", nil
}

func (g *Group) room(expected int) error {
	if n := len(g.members) + expected; g.opts.MaxSize > 0 && n >= g.opts.MaxSize {
		return fault.New(ErrFull, "group.Join", "the group has %d members already, the most it may have", n)
	}
	return nil
}

// enter adds a new member and begins a rebalance for it.
func (g *Group) enter(id string, j Join) {
	m := &member{id: id, instance: j.Instance}
	m.update(j)
	m.join = j.Ticket
	if g.state == Empty {
		g.protocolType = j.ProtocolType
	}
	g.add(m)
	g.arm(Session, m.id, m.session)
	g.rejoin()
}

// rejoin begins a rebalance, or sees whether the one under way is complete.
func (g *Group) rejoin() {
	if g.state == Preparing {
		g.tryComplete()
		return
	}
	g.prepare()
}

// joinAgain takes in a member that has an id: the one it was just given, or that of the last generation.
func (g *Group) joinAgain(j Join) error {
	if g.pending[j.Member] && j.Instance == "" {
		if err := g.room(0); err != nil {
			return err
		}
		delete(g.pending, j.Member)
		g.disarm(Pending, j.Member)
		g.enter(j.Member, j)
		return nil
	}
	m, err := g.find("group.Join", j.Member, j.Instance)
	if err != nil {
		return err
	}
	unchanged := slices.EqualFunc(m.protocols, j.Protocols, sameProtocol)
	m.await(g, j)
	switch {
	case g.state == Completing && unchanged, g.state == Stable && unchanged && m.id != g.leader:
		g.answerJoin(m, g.joinedOf(m), nil) // it missed the answer
	default:
		g.rejoin()
	}
	return nil
}

// await makes j the request that m waits with.
func (m *member) await(g *Group, j Join) {
	g.answerJoin(m, Joined{Member: m.id}, fault.New(ErrRebalancing, "group.Join", "the member joined again in another request"))
	m.update(j)
	m.join = j.Ticket
	g.arm(Session, m.id, m.session)
}

func (m *member) update(j Join) {
	m.client, m.host = j.Client, j.Host
	m.session, m.rebalance = j.Session, j.Rebalance
	m.protocols = j.Protocols
}

// replace gives a static member that came back a new id, and so fences the one that went. If the generation is complete and
// the protocol stays what it is, nobody else need notice (KIP-345).
func (g *Group) replace(m *member, j Join) {
	leader := g.leader
	fenced := fault.New(ErrFencedInstance, "group.Join", "instance id %q joined again", m.instance)
	g.answerJoin(m, Joined{Member: m.id}, fenced)
	g.answerSync(m, fenced)
	g.disarm(Session, m.id)
	delete(g.byID, m.id)
	if g.leader == m.id {
		g.leader = j.NewMember
	}
	m.id = j.NewMember
	g.byID[m.id] = m
	m.await(g, j)
	if g.state != Stable || g.choose() != g.protocol {
		g.rejoin()
		return
	}
	joined := g.joinedOf(m)
	if !j.SkipAssignment {
		// An older client believes that a leader must assign: it is told that the id it had leads.
		joined.Leader, joined.Members, joined.SkipAssignment = leader, nil, false
	} else {
		joined.SkipAssignment = g.leader == m.id
	}
	g.answerJoin(m, joined, nil)
}

func (g *Group) joinedOf(m *member) Joined {
	j := Joined{Member: m.id, Leader: g.leader, Generation: g.generation, ProtocolType: g.protocolType, Protocol: g.protocol}
	if m.id == g.leader {
		for _, o := range g.members {
			j.Members = append(j.Members, Subscription{Member: o.id, Instance: o.instance, Metadata: o.metadata(g.protocol)})
		}
	}
	return j
}

func (m *member) metadata(protocol string) []byte {
	for _, p := range m.protocols {
		if p.Name == protocol {
			return p.Metadata
		}
	}
	return nil
}

func (m *member) knows(protocol string) bool {
	return slices.ContainsFunc(m.protocols, func(p Protocol) bool { return p.Name == protocol })
}

func sameProtocol(a, b Protocol) bool {
	return a.Name == b.Name && slices.Equal(a.Metadata, b.Metadata)
}

// supports reports whether a member with j's protocols can be in the group.
func (g *Group) supports(j Join) bool {
	if j.ProtocolType == "" || len(j.Protocols) == 0 {
		return false
	}
	if len(g.members) == 0 {
		return true
	}
	return j.ProtocolType == g.protocolType && slices.ContainsFunc(j.Protocols, func(p Protocol) bool { return g.common(p.Name) })
}

// common reports whether every member knows a protocol.
func (g *Group) common(protocol string) bool {
	for _, m := range g.members {
		if !m.knows(protocol) {
			return false
		}
	}
	return true
}

// choose picks the protocol of the generation: of those that all know, the one that most members want most; among equals the
// one that the leader named first.
func (g *Group) choose() string {
	votes := make(map[string]int)
	for _, m := range g.members {
		for _, p := range m.protocols {
			if g.common(p.Name) {
				votes[p.Name]++
				break
			}
		}
	}
	var chosen string
	for _, p := range g.byID[g.leader].protocols {
		if votes[p.Name] > votes[chosen] {
			chosen = p.Name
		}
	}
	return chosen
}
