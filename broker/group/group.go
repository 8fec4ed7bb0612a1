package group

import (
	"math"
	"slices"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// The refusals of a group.
var (
	ErrUnknownMember     = fault.NewCode(fault.Conflict, "unknown_member")
	ErrIllegalGeneration = fault.NewCode(fault.Conflict, "illegal_generation")
	ErrRebalancing       = fault.NewCode(fault.Unavailable, "rebalance_in_progress")
	ErrFencedInstance    = fault.NewCode(fault.Conflict, "fenced_instance")
	ErrMemberIDRequired  = fault.NewCode(fault.Conflict, "member_id_required")
	ErrProtocol          = fault.NewCode(fault.Conflict, "inconsistent_group_protocol")
	ErrSessionTimeout    = fault.NewCode(fault.Invalid, "invalid_session_timeout")
	ErrFull              = fault.NewCode(fault.Conflict, "group_full")
	ErrNotEmpty          = fault.NewCode(fault.Conflict, "group_not_empty")
	ErrSubscribed        = fault.NewCode(fault.Conflict, "group_subscribed_to_topic")
	ErrDead              = fault.NewCode(fault.Unavailable, "group_dead")
)

// State is where a group is in its life.
type State uint8

// The states of a group, named as Kafka names them.
const (
	Empty      State = iota // no members; it may hold offsets
	Preparing               // waiting for the members to join the next generation
	Completing              // waiting for the leader's assignment
	Stable                  // every member may ask for its assignment
	Dead                    // deleted
)

// String returns Kafka's name of the state.
func (s State) String() string {
	return [...]string{"Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"}[s]
}

// Options bound a group. The zero value of a field means no bound (MaxSize) or nothing (InitialDelay).
type Options struct {
	MinSession   time.Duration // group.min.session.timeout.ms
	MaxSession   time.Duration // group.max.session.timeout.ms
	InitialDelay time.Duration // group.initial.rebalance.delay.ms
	MaxSize      int           // group.max.size
}

// Group is one consumer group. It is not safe for concurrent use.
type Group struct {
	opts         Options
	state        State
	generation   int32
	protocolType string
	protocol     string
	leader       string
	members      []*member // in the order in which they joined
	byID         map[string]*member
	static       map[string]*member // by instance id
	pending      map[string]bool    // ids given to members that have not joined with them yet

	initial   bool          // the first rebalance waits for more members
	newcomer  bool          // one joined since the initial delay was set
	remaining time.Duration // how much longer the initial delay may grow

	offsets map[string]map[int32]Offset
	effects []Effect
}

type member struct {
	id, instance string
	client, host string
	session      time.Duration
	rebalance    time.Duration
	protocols    []Protocol
	assignment   []byte
	join, sync   Ticket // waiting requests
	synced       bool   // asked for its assignment in this generation
}

// New returns an empty group.
func New(opts Options) *Group {
	return &Group{
		opts:    opts,
		byID:    make(map[string]*member),
		static:  make(map[string]*member),
		pending: make(map[string]bool),
		offsets: make(map[string]map[int32]Offset),
	}
}

// State returns the state of the group.
func (g *Group) State() State { return g.state }

// take returns the effects gathered by a call.
func (g *Group) take() []Effect {
	effects := g.effects
	g.effects = nil
	return effects
}

func (g *Group) arm(kind TimerKind, id string, after time.Duration) {
	g.effects = append(g.effects, Arm{Timer: Timer{Kind: kind, Member: id}, After: after})
}

func (g *Group) disarm(kind TimerKind, id string) {
	g.effects = append(g.effects, Disarm{Timer: Timer{Kind: kind, Member: id}})
}

// find returns the member that a request speaks for, by its id and, for a static one, its instance.
func (g *Group) find(op, id, instance string) (*member, error) {
	if instance != "" {
		m := g.static[instance]
		if m == nil {
			return nil, fault.New(ErrUnknownMember, op, "no member has instance id %q", instance)
		}
		if m.id != id {
			return nil, fault.New(ErrFencedInstance, op, "instance id %q belongs to another member", instance)
		}
		return m, nil
	}
	if m := g.byID[id]; m != nil {
		return m, nil
	}
	return nil, fault.New(ErrUnknownMember, op, "no member has id %q", id)
}

func (g *Group) add(m *member) {
	g.members = append(g.members, m)
	g.byID[m.id] = m
	if m.instance != "" {
		g.static[m.instance] = m
	}
	if g.leader == "" {
		g.leader = m.id
	}
	g.newcomer = true
}

// remove takes a member out and answers what it was waiting for.
func (g *Group) remove(m *member) {
	g.members = slices.DeleteFunc(g.members, func(o *member) bool { return o == m })
	delete(g.byID, m.id)
	if m.instance != "" && g.static[m.instance] == m {
		delete(g.static, m.instance)
	}
	g.disarm(Session, m.id)
	gone := fault.New(ErrUnknownMember, "group.remove", "the member was removed from the group")
	g.answerJoin(m, Joined{}, gone)
	g.answerSync(m, gone)
	if g.leader == m.id {
		g.electLeader()
	}
}

func (g *Group) electLeader() {
	g.leader = ""
	if len(g.members) > 0 {
		g.leader = g.members[0].id
	}
}

// removeAndMoveOn is remove, and what follows from it for the others.
func (g *Group) removeAndMoveOn(m *member) {
	g.remove(m)
	switch g.state {
	case Stable, Completing:
		g.prepare()
	case Preparing:
		g.tryComplete()
	}
}

func (g *Group) answerJoin(m *member, j Joined, err error) {
	if m.join != 0 {
		g.effects = append(g.effects, JoinReply{Ticket: m.join, Joined: j, Err: err})
		m.join = 0
	}
}

func (g *Group) answerSync(m *member, err error) {
	if m.sync != 0 {
		r := SyncReply{Ticket: m.sync, Err: err}
		if err == nil {
			r.Synced = g.syncedOf(m)
		}
		g.effects = append(g.effects, r)
		m.sync = 0
	}
}

// prepare begins a rebalance: the members have to join again.
func (g *Group) prepare() {
	if g.state == Completing {
		for _, m := range g.members {
			g.answerSync(m, fault.New(ErrRebalancing, "group.Sync", "the group rebalances: join again"))
		}
	}
	g.disarm(Syncing, "")
	first := g.state == Empty
	g.state = Preparing
	if first && g.opts.InitialDelay > 0 {
		g.initial, g.newcomer = true, false
		g.remaining = max(g.rebalanceTimeout()-g.opts.InitialDelay, 0)
		g.arm(Rebalance, "", g.opts.InitialDelay)
		return
	}
	g.arm(Rebalance, "", g.rebalanceTimeout())
	g.tryComplete()
}

// rebalanceTimeout is how long the slowest member may take to join again.
func (g *Group) rebalanceTimeout() time.Duration {
	var longest time.Duration
	for _, m := range g.members {
		longest = max(longest, m.rebalance)
	}
	return longest
}

// tryComplete begins the next generation if everybody is here.
func (g *Group) tryComplete() {
	if g.state != Preparing || g.initial || len(g.pending) > 0 {
		return
	}
	for _, m := range g.members {
		if m.join == 0 {
			return
		}
	}
	g.complete()
}

// complete begins the next generation with those who joined. A static member that did not is kept until its session ends.
func (g *Group) complete() {
	for _, m := range slices.Clone(g.members) {
		if m.join == 0 && m.instance == "" {
			g.remove(m)
		}
	}
	joined := slices.IndexFunc(g.members, func(m *member) bool { return m.join != 0 })
	if len(g.members) > 0 && joined < 0 {
		g.arm(Rebalance, "", g.rebalanceTimeout())
		return
	}
	g.initial = false
	g.disarm(Rebalance, "")
	g.nextGeneration()
	if len(g.members) == 0 {
		g.state, g.protocol, g.leader = Empty, "", ""
		return
	}
	if g.byID[g.leader].join == 0 {
		g.leader = g.members[joined].id
	}
	g.state, g.protocol = Completing, g.choose()
	for _, m := range g.members {
		m.assignment, m.synced = nil, false
		g.answerJoin(m, g.joinedOf(m), nil)
		g.arm(Session, m.id, m.session)
	}
	g.arm(Syncing, "", g.rebalanceTimeout())
}

func (g *Group) nextGeneration() {
	if g.generation == math.MaxInt32 {
		g.generation = 0
	}
	g.generation++
}

// Expire tells the group that a timer has run out.
func (g *Group) Expire(t Timer) []Effect {
	switch t.Kind {
	case Session:
		g.expireSession(g.byID[t.Member])
	case Pending:
		delete(g.pending, t.Member)
		g.tryComplete()
	case Rebalance:
		g.expireRebalance()
	case Syncing:
		g.expireSyncing()
	}
	return g.take()
}

func (g *Group) expireSession(m *member) {
	switch {
	case m == nil:
	case m.join != 0 || m.sync != 0: // it waits for us: it is not silent
		g.arm(Session, m.id, m.session)
	default:
		g.removeAndMoveOn(m)
	}
}

func (g *Group) expireRebalance() {
	if g.state != Preparing {
		return
	}
	if g.initial && g.newcomer && g.remaining > 0 {
		d := min(g.opts.InitialDelay, g.remaining)
		g.remaining -= d
		g.newcomer = false
		g.arm(Rebalance, "", d)
		return
	}
	g.initial = false
	g.complete()
}

// expireSyncing drops the members that joined and then never asked for their assignment.
func (g *Group) expireSyncing() {
	if g.state != Completing && g.state != Stable {
		return
	}
	var dropped bool
	for _, m := range slices.Clone(g.members) {
		if !m.synced {
			g.remove(m)
			dropped = true
		}
	}
	if dropped {
		g.prepare()
	}
}

// Abandon tells the group that nobody waits for the answer to a ticket any more (the connection is gone).
func (g *Group) Abandon(t Ticket) []Effect {
	for _, m := range g.members {
		if m.join == t {
			m.join = 0
		}
		if m.sync == t {
			m.sync = 0
		}
	}
	return g.take()
}

// Delete ends a group without members; it takes nothing more afterwards.
func (g *Group) Delete() error {
	if !g.Vacant() {
		return fault.New(ErrNotEmpty, "group.Delete", "the group has members: stop them first")
	}
	g.state = Dead
	return nil
}

// Vacant reports whether the group has no members, and expects none.
func (g *Group) Vacant() bool { return g.state == Empty && len(g.pending) == 0 }

// Idle reports whether nothing is left of the group: no members, none expected, no offsets.
func (g *Group) Idle() bool {
	return g.state == Dead || (g.Vacant() && len(g.offsets) == 0)
}
