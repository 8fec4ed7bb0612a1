package group

import (
	"github.com/pawl-registry/pawl/fault"
)

// Sync asks for a member's assignment; the leader brings those of all.
type Sync struct {
	Ticket       Ticket
	Member       string
	Instance     string
	Generation   int32
	ProtocolType string // empty: not said (before SyncGroup 5)
	Protocol     string // empty: not said
	Assignments  map[string][]byte
}

// Synced is the answer to a Sync.
type Synced struct {
	ProtocolType string
	Protocol     string
	Assignment   []byte
}

// Sync gives a member its assignment, at once or when the leader has brought it.
func (g *Group) Sync(s Sync) []Effect {
	if err := g.sync(s); err != nil {
		g.effects = append(g.effects, SyncReply{Ticket: s.Ticket, Err: err})
	}
	return g.take()
}

func (g *Group) sync(s Sync) error {
	const op = "group.Sync"
	m, err := g.present(op, s.Member, s.Instance, s.Generation)
	if err != nil {
		return err
	}
	if (s.ProtocolType != "" && s.ProtocolType != g.protocolType) || (s.Protocol != "" && s.Protocol != g.protocol) {
		return fault.New(ErrProtocol, op, "the group has protocol %q of type %q", g.protocol, g.protocolType)
	}
	if g.state == Preparing {
		return fault.New(ErrRebalancing, op, "the group rebalances: join again")
	}
	g.answerSync(m, fault.New(ErrRebalancing, op, "the member asked again in another request"))
	m.sync, m.synced = s.Ticket, true
	g.arm(Session, m.id, m.session)
	if g.state == Completing && m.id == g.leader {
		g.assign(s.Assignments)
	}
	if g.state == Stable {
		g.answerSync(m, nil)
	}
	g.settle()
	return nil
}

// assign makes the generation stable with what the leader assigned.
func (g *Group) assign(assignments map[string][]byte) {
	g.state = Stable
	for _, m := range g.members {
		m.assignment = assignments[m.id]
		g.answerSync(m, nil)
	}
}

// settle ends the timer for syncing when everybody has.
func (g *Group) settle() {
	for _, m := range g.members {
		if !m.synced {
			return
		}
	}
	if g.state == Stable {
		g.disarm(Syncing, "")
	}
}

func (g *Group) syncedOf(m *member) Synced {
	return Synced{ProtocolType: g.protocolType, Protocol: g.protocol, Assignment: m.assignment}
}

// present finds a member that claims to be in a generation.
func (g *Group) present(op, id, instance string, generation int32) (*member, error) {
	m, err := g.find(op, id, instance)
	if err != nil {
		return nil, err
	}
	if generation != g.generation {
		return nil, fault.New(ErrIllegalGeneration, op, "the group is in generation %d, the member in %d", g.generation, generation)
	}
	return m, nil
}

// Heartbeat notes that a member lives. ErrRebalancing tells it to join again.
func (g *Group) Heartbeat(id, instance string, generation int32) ([]Effect, error) {
	m, err := g.present("group.Heartbeat", id, instance, generation)
	if err != nil {
		return g.take(), err
	}
	g.arm(Session, m.id, m.session)
	if g.state == Preparing {
		err = fault.New(ErrRebalancing, "group.Heartbeat", "the group rebalances: join again")
	}
	return g.take(), err
}

// Leave takes a member out. A static member may be named by its instance alone.
func (g *Group) Leave(id, instance string) ([]Effect, error) {
	if instance == "" && g.pending[id] {
		delete(g.pending, id)
		g.disarm(Pending, id)
		g.tryComplete()
		return g.take(), nil
	}
	if m := g.static[instance]; instance != "" && id == "" && m != nil {
		id = m.id
	}
	m, err := g.find("group.Leave", id, instance)
	if err != nil {
		return g.take(), err
	}
	g.removeAndMoveOn(m)
	return g.take(), nil
}

// Member describes a member (DescribeGroups).
type Member struct {
	ID, Instance string
	Client, Host string
	Metadata     []byte // under the protocol chosen
	Assignment   []byte
}

// Description is a group as an administrator sees it.
type Description struct {
	State        State
	ProtocolType string
	Protocol     string
	Members      []Member
}

// Describe describes the group. Metadata and assignments are shown once the generation is stable.
func (g *Group) Describe() Description {
	d := Description{State: g.state, ProtocolType: g.protocolType}
	if g.state == Stable {
		d.Protocol = g.protocol
	}
	for _, m := range g.members {
		v := Member{ID: m.id, Instance: m.instance, Client: m.client, Host: m.host}
		if g.state == Stable {
			v.Metadata, v.Assignment = m.metadata(g.protocol), m.assignment
		}
		d.Members = append(d.Members, v)
	}
	return d
}
