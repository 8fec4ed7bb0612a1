// Package quota says which limit a client has, by Kafka's order of precedence, and how long one that went over it must wait.
//
// A Table is immutable. Meters are shared by all connections and may be used from any number of goroutines; the caller brings
// the time.
package quota

import (
	"slices"
	"sync"
	"time"
)

// Kind is what is limited. The names are Kafka's, and reach disks: frozen.
type Kind string

// The kinds, in bytes a second.
const (
	Produce Kind = "producer_byte_rate"
	Fetch   Kind = "consumer_byte_rate"
)

// Default is the name of an entity that stands for all that have no entry of their own.
const Default = "\x00default"

// Entity is whom a quota is for. At least one of the two is said.
type Entity struct {
	User, Client string // empty: not said; Default: whoever has no entry
}

// Table holds quotas.
type Table map[Entity]map[Kind]float64

// Client is who is counted.
type Client struct {
	User string // without its type
	ID   string // client.id
}

// Find returns the limit of a client, and who shares it: the entity that the quota is counted for (Kafka's
// DefaultQuotaCallback).
func (t Table) Find(c Client, k Kind) (rate float64, shared Entity, ok bool) {
	if len(t) == 0 {
		return 0, Entity{}, false
	}
	both, user, id := Entity{c.User, c.ID}, Entity{User: c.User}, Entity{Client: c.ID}
	for _, try := range [...]struct{ entry, shared Entity }{
		{both, both}, {Entity{c.User, Default}, both}, {user, user},
		{Entity{Default, c.ID}, both}, {Entity{Default, Default}, both}, {Entity{User: Default}, user},
		{id, id}, {Entity{Client: Default}, id},
	} {
		if try.entry == (Entity{}) {
			continue
		}
		if rate, ok := t[try.entry][k]; ok {
			return rate, try.shared, true
		}
	}
	return 0, Entity{}, false
}

// burst is how long a client may use its whole rate at once before it must wait.
const burst = time.Second

// longest is how long a client waits at most for one request (Kafka bounds it by its window too).
const longest = 30 * time.Second

// maxMeters bounds how many clients are counted at once; those that owe nothing go first.
const maxMeters = 10_000

type meterKey struct {
	entity Entity
	kind   Kind
}

// meter is what a client has used of its rate: a bucket that fills with use and drains with time.
type meter struct {
	level float64 // bytes
	at    time.Time
}

// Meters count what clients use. The zero value is ready.
type Meters struct {
	mu  sync.Mutex
	all map[meterKey]*meter
}

// Charge counts bytes against the limit of an entity and returns how long the client must wait.
func (m *Meters) Charge(e Entity, k Kind, rate float64, bytes int, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.meter(meterKey{e, k}, now)
	one.drain(rate, now)
	if rate <= 0 && bytes > 0 {
		return longest
	}
	// What is owed beyond the longest wait is let go, or a client with a tiny rate would never be done waiting.
	one.level = min(one.level+float64(bytes), rate*(burst+longest).Seconds())
	over := one.level - rate*burst.Seconds()
	if over <= 0 {
		return 0
	}
	return min(time.Duration(min(over/rate, longest.Seconds())*float64(time.Second)), longest)
}

func (one *meter) drain(rate float64, now time.Time) {
	if passed := now.Sub(one.at); passed > 0 {
		one.level = max(one.level-rate*passed.Seconds(), 0)
		one.at = now
	}
}

func (m *Meters) meter(k meterKey, now time.Time) *meter {
	if one := m.all[k]; one != nil {
		return one
	}
	if m.all == nil {
		m.all = make(map[meterKey]*meter)
	}
	if len(m.all) >= maxMeters {
		m.prune(now)
	}
	one := &meter{at: now}
	m.all[k] = one
	return one
}

// prune lets go of the half that was used longest ago.
func (m *Meters) prune(now time.Time) {
	ages := make([]time.Duration, 0, len(m.all))
	for _, one := range m.all {
		ages = append(ages, now.Sub(one.at))
	}
	slices.Sort(ages)
	middle := ages[len(ages)/2]
	for k, one := range m.all {
		if now.Sub(one.at) >= middle {
			delete(m.all, k)
		}
	}
}

// Len returns how many clients are counted.
func (m *Meters) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.all)
}
