package group

import "time"

// Ticket names a request that waits for its answer. Zero is none.
type Ticket uint64

// TimerKind says what a timer is for.
type TimerKind uint8

// The timers of a group.
const (
	Session   TimerKind = iota // a member has been silent too long
	Pending                    // a member id was given and never used
	Rebalance                  // members had time enough to rejoin
	Syncing                    // members had time enough to ask for their assignment
)

// Timer names a timer. Member is empty for the timers of the whole group.
type Timer struct {
	Kind   TimerKind
	Member string
}

// Effect is something that the owner of a group has to do: a JoinReply, SyncReply, Arm or Disarm.
type Effect interface{ effect() }

// JoinReply answers a Join.
type JoinReply struct {
	Ticket Ticket
	Joined Joined
	Err    error // then only Joined.Member may be set
}

// SyncReply answers a Sync.
type SyncReply struct {
	Ticket Ticket
	Synced Synced
	Err    error
}

// Arm sets a timer, anew if it is set already.
type Arm struct {
	Timer Timer
	After time.Duration
}

// Disarm ends a timer, if it is set.
type Disarm struct{ Timer Timer }

func (JoinReply) effect() {}
func (SyncReply) effect() {}
func (Arm) effect()       {}
func (Disarm) effect()    {}
