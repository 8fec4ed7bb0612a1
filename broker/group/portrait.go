package group

import "slices"

// The states of a group under the protocol of KIP-848 that Group has not, named as Kafka names them.
const (
	Assigning   = "Assigning"   // the target is older than the group
	Reconciling = "Reconciling" // members are on their way to the target
)

// State returns Kafka's name of the group's state.
func (c *Consumers) State() string {
	switch {
	case c.Vacant():
		return Empty.String()
	case c.epoch != c.targeted:
		return Assigning
	}
	for _, m := range c.members {
		if m.progress != settled || m.epoch != c.targeted {
			return Reconciling
		}
	}
	return Stable.String()
}

// Portrait is a group as an administrator sees it (ConsumerGroupDescribe).
type Portrait struct {
	State       string
	Epoch       int32
	TargetEpoch int32
	Assignor    string
	Members     []Consumer
}

// Consumer is a member of a Portrait.
type Consumer struct {
	ID, Instance, Rack string
	Client, Host       string
	Epoch              int32
	Names              []string
	Regex              string
	Assignment         []Place // by topic and partition
	Target             []Place
}

// Portray describes the group. The members are in the order in which partitions are dealt.
func (c *Consumers) Portray() Portrait {
	p := Portrait{State: c.State(), Epoch: c.epoch, TargetEpoch: c.targeted, Assignor: c.assignor}
	for _, m := range c.sorted() {
		p.Members = append(p.Members, Consumer{ID: m.id, Instance: m.instance, Rack: m.rack, Client: m.client, Host: m.host,
			Epoch: m.epoch, Names: slices.Clone(m.names), Regex: m.regex, Assignment: m.held.sorted(), Target: m.target.sorted()})
	}
	return p
}
