package broker

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/fault"
)

// ParseID reads an id as ID.String prints it.
func ParseID(s string) (id ID, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != len(id) {
		return ID{}, fault.New(ErrUnknownTopicID, "broker.ParseID", "%q is no id", s)
	}
	return ID(raw), nil
}

// Topic returns the topic of a name.
func (b *Broker) Topic(name string) (*Topic, error) {
	if t, ok := b.byName.Load(name); ok {
		return t.(*Topic), nil
	}
	return nil, fault.New(ErrUnknownTopic, "broker.Topic", "there is no topic %q", name)
}

// TopicByID returns the topic of an id.
func (b *Broker) TopicByID(id ID) (*Topic, error) {
	if t, ok := b.byID.Load(id); ok {
		return t.(*Topic), nil
	}
	return nil, fault.New(ErrUnknownTopicID, "broker.TopicByID", "there is no topic with id %s", id)
}

// Topics lists the topics in alphabetical order.
func (b *Broker) Topics() []*Topic {
	var all []*Topic
	b.byName.Range(func(_, t any) bool {
		all = append(all, t.(*Topic))
		return true
	})
	slices.SortFunc(all, func(a, b *Topic) int { return strings.Compare(a.name, b.name) })
	return all
}

// NewTopic describes a topic to make.
type NewTopic struct {
	Name        string
	Partitions  int32             // -1: the broker's default
	Replicas    int16             // -1: the broker's default; else 1
	Assignments map[int32][]int32 // partition -> brokers; if set, Partitions and Replicas must be -1
	Configs     map[string]string
	internal    bool
}

// Mode says whether a change is carried out or only checked.
type Mode bool

// The two modes of a change.
const (
	Apply     Mode = false
	CheckOnly Mode = true
)

// CreateTopic makes a topic. With CheckOnly it returns the topic as it would be, without an id and partitions that can be used.
func (b *Broker) CreateTopic(ctx context.Context, n NewTopic, mode Mode) (*Topic, error) {
	b.admin.Lock()
	defer b.admin.Unlock()
	count, err := b.checkNew(n)
	if err != nil {
		return nil, err
	}
	s := &topicState{Name: n.Name, Partitions: count, Internal: n.internal, Configs: n.Configs}
	if mode == CheckOnly {
		t := &Topic{name: n.Name, internal: n.internal}
		t.configure(b.values(n.Configs))
		all := make([]*Partition, count)
		t.partitions.Store(&all)
		return t, nil
	}
	if s.ID, err = b.newID(); err != nil {
		return nil, err
	}
	// Logs of the same name can only be left of a deletion cut short: their records must not come back.
	for i := range count {
		if err := b.opts.Logs.Remove(ctx, logName(n.Name, i)); err != nil {
			return nil, fault.Wrap(ErrStorage, "broker.CreateTopic", err, "cannot clear the log of partition %d", i)
		}
	}
	if err := b.commit(ctx, change{Topic: s}); err != nil {
		return nil, err
	}
	t := b.build(ctx, s)
	b.publish(t)
	b.logger.Info("topic created", "topic", t.name, "id", t.id.String(), "partitions", count)
	return t, nil
}

// checkNew applies Kafka's rules for a new topic and returns its number of partitions.
func (b *Broker) checkNew(n NewTopic) (int32, error) {
	const op = "broker.CreateTopic"
	if err := CheckTopicName(n.Name); err != nil {
		return 0, err
	}
	if _, ok := b.byName.Load(n.Name); ok {
		return 0, fault.New(ErrTopicExists, op, "topic %q exists already", n.Name)
	}
	if (n.Name == OffsetsTopic || n.Name == TransactionsTopic) && !n.internal {
		return 0, fault.New(ErrInvalidTopic, op, "topic %s is the broker's own: it is made when it is needed", n.Name)
	}
	if other, ok := b.collides(n.Name); ok {
		return 0, fault.New(ErrInvalidTopic, op, "topic %q differs from topic %q in '.' and '_' alone", n.Name, other)
	}
	count, err := b.checkLayout(op, n)
	if err != nil {
		return 0, err
	}
	return count, checkConfigs(n.Configs)
}

// collides finds a topic whose name is the same once '.' and '_' are: metric names could not tell them apart (Kafka's rule).
func (b *Broker) collides(name string) (string, bool) {
	if !strings.ContainsAny(name, "._") {
		return "", false
	}
	plain := strings.ReplaceAll(name, ".", "_")
	for _, t := range b.state.Topics {
		if len(t.Name) == len(name) && strings.ReplaceAll(t.Name, ".", "_") == plain {
			return t.Name, true
		}
	}
	return "", false
}

// MaxPartitions is the most partitions that one topic may have.
const MaxPartitions = 10_000

func (b *Broker) checkLayout(op string, n NewTopic) (int32, error) {
	if len(n.Assignments) > 0 {
		if n.Partitions != -1 || n.Replicas != -1 {
			return 0, fault.New(ErrInvalidRequest, op, "with an assignment of replicas, the number of partitions and the replication factor must be -1")
		}
		return int32(len(n.Assignments)), b.checkAssignments(op, 0, n.Assignments)
	}
	if n.Replicas != -1 && n.Replicas != 1 {
		return 0, fault.New(ErrInvalidReplicas, op, "replication factor %d: there is one broker, so it must be 1", n.Replicas)
	}
	switch {
	case n.Partitions == -1:
		return b.opts.DefaultPartitions, nil
	case n.Partitions < 1 || n.Partitions > MaxPartitions:
		return 0, fault.New(ErrInvalidPartitions, op, "a topic has from 1 to %d partitions, not %d", MaxPartitions, n.Partitions)
	}
	return n.Partitions, nil
}

// checkAssignments wants the partitions numbered from first on, each on this broker alone.
func (b *Broker) checkAssignments(op string, first int32, assignments map[int32][]int32) error {
	if len(assignments) > MaxPartitions {
		return fault.New(ErrInvalidPartitions, op, "a topic has at most %d partitions", MaxPartitions)
	}
	for i := range int32(len(assignments)) {
		replicas, ok := assignments[first+i]
		if !ok {
			return fault.New(ErrInvalidAssignment, op, "partition %d has no replicas assigned", first+i)
		}
		if !slices.Equal(replicas, []int32{b.opts.NodeID}) {
			return fault.New(ErrInvalidAssignment, op, "partition %d can be on broker %d alone", first+i, b.opts.NodeID)
		}
	}
	return nil
}

// DeleteTopic removes a topic and its records.
func (b *Broker) DeleteTopic(ctx context.Context, t *Topic) error {
	b.admin.Lock()
	defer b.admin.Unlock()
	s := b.state.Topics[t.id]
	if s == nil {
		return fault.New(ErrUnknownTopic, "broker.DeleteTopic", "there is no topic %q", t.name)
	}
	if t.internal {
		return fault.New(ErrInvalidTopic, "broker.DeleteTopic", "topic %s is the broker's own", t.name)
	}
	if err := b.commit(ctx, change{DeleteTopic: &t.id}); err != nil {
		return err
	}
	b.byName.Delete(t.name)
	b.byID.Delete(t.id)
	b.catalog.changed()
	for _, p := range t.Partitions() {
		p.wake()
		if err := b.opts.Logs.Remove(ctx, logName(t.name, p.index)); err != nil {
			// The topic is gone; its files go at the next start, or when a topic of that name is made.
			b.logger.Error("cannot remove the log of a deleted topic", "topic", t.name, "partition", p.index, "error", err)
		}
	}
	b.groups.forgetTopic(ctx, t.name)
	b.logger.Info("topic deleted", "topic", t.name, "id", t.id.String())
	return nil
}

// CreatePartitions gives a topic more partitions, total in all.
func (b *Broker) CreatePartitions(ctx context.Context, t *Topic, total int32, assignments [][]int32, mode Mode) error {
	const op = "broker.CreatePartitions"
	b.admin.Lock()
	defer b.admin.Unlock()
	s := b.state.Topics[t.id]
	switch {
	case s == nil:
		return fault.New(ErrUnknownTopic, op, "there is no topic %q", t.name)
	case total <= s.Partitions:
		return fault.New(ErrInvalidPartitions, op, "topic %s has %d partitions already; there can only be more", t.name, s.Partitions)
	case total > MaxPartitions:
		return fault.New(ErrInvalidPartitions, op, "a topic has at most %d partitions", MaxPartitions)
	case len(assignments) > 0 && int32(len(assignments)) != total-s.Partitions:
		return fault.New(ErrInvalidAssignment, op, "%d new partitions, %d assignments", total-s.Partitions, len(assignments))
	}
	numbered := make(map[int32][]int32)
	for i, replicas := range assignments {
		numbered[s.Partitions+int32(i)] = replicas
	}
	if err := b.checkAssignments(op, s.Partitions, numbered); err != nil || mode == CheckOnly {
		return err
	}
	grown := *s
	grown.Partitions = total
	if err := b.commit(ctx, change{Topic: &grown}); err != nil {
		return err
	}
	b.extend(ctx, t, total)
	return nil
}

// Alteration says what happens to one configuration.
type Alteration struct {
	Name  string
	Op    AlterOp
	Value string
}

// AlterOp is a kind of alteration (KIP-339).
type AlterOp uint8

// The kinds of alteration.
const (
	Set      AlterOp = iota
	Unset            // back to the default
	Append           // to a list, what is not in it
	Subtract         // from a list
)

// AlterConfigs changes configurations of a topic and leaves the others alone. They are in force when it returns.
func (b *Broker) AlterConfigs(ctx context.Context, t *Topic, alterations []Alteration, mode Mode) error {
	return b.alter(ctx, t, mode, func(own map[string]string) error {
		seen := make(map[string]bool)
		for _, a := range alterations {
			if seen[a.Name] {
				return fault.New(ErrInvalidRequest, "broker.AlterConfigs", "configuration %s is altered twice", a.Name)
			}
			seen[a.Name] = true
			d, ok := definitionOf(a.Name)
			if !ok {
				return fault.New(ErrInvalidConfig, "broker.AlterConfigs", "unknown topic configuration %q", a.Name)
			}
			if err := a.apply(d, own, t.values.Load().of(a.Name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReplaceConfigs sets the configurations of a topic to these alone.
func (b *Broker) ReplaceConfigs(ctx context.Context, t *Topic, configs map[string]string, mode Mode) error {
	return b.alter(ctx, t, mode, func(own map[string]string) error {
		clear(own)
		maps.Copy(own, configs)
		return nil
	})
}

func (b *Broker) alter(ctx context.Context, t *Topic, mode Mode, edit func(own map[string]string) error) error {
	b.admin.Lock()
	defer b.admin.Unlock()
	s := b.state.Topics[t.id]
	if s == nil {
		return fault.New(ErrUnknownTopic, "broker.AlterConfigs", "there is no topic %q", t.name)
	}
	own := maps.Clone(s.Configs)
	if own == nil {
		own = make(map[string]string)
	}
	if err := edit(own); err != nil {
		return err
	}
	if err := checkConfigs(own); err != nil || mode == CheckOnly {
		return err
	}
	altered := *s
	altered.Configs = own
	if err := b.commit(ctx, change{Topic: &altered}); err != nil {
		return err
	}
	t.configure(b.values(own))
	return nil
}

// apply carries out the alteration of a configuration on what is set; inForce is its value, whoever set it.
func (a Alteration) apply(d definition, set map[string]string, inForce string) error {
	switch a.Op {
	case Set:
		set[a.Name] = a.Value
		return nil
	case Unset:
		delete(set, a.Name)
		return nil
	}
	if d.kind != List {
		return fault.New(ErrInvalidConfig, "broker.AlterConfigs", "configuration %s is no list: nothing can be appended to it or subtracted from it", a.Name)
	}
	items := strings.Split(inForce, ",")
	for item := range strings.SplitSeq(a.Value, ",") {
		items = slices.DeleteFunc(items, func(s string) bool { return s == item })
		if a.Op == Append {
			items = append(items, item)
		}
	}
	set[a.Name] = strings.Join(items, ",")
	return nil
}
