package group

import (
	"cmp"
	"maps"
	"slices"
)

// TopicID identifies a topic for as long as it exists.
type TopicID [16]byte

// Topic is what a consumer group has to know of a topic.
type Topic struct {
	Name       string
	ID         TopicID
	Partitions int32
}

// Catalog is the topics that there are at one moment. It does not change once it is made, and may be shared.
type Catalog struct {
	byName map[string]Topic
	names  []string // in alphabetical order
}

// NewCatalog returns the catalog of topics.
func NewCatalog(topics []Topic) *Catalog {
	c := &Catalog{byName: make(map[string]Topic, len(topics))}
	for _, t := range topics {
		c.byName[t.Name] = t
	}
	c.names = slices.Sorted(maps.Keys(c.byName))
	return c
}

// Place is one partition of a topic.
type Place struct {
	Topic     TopicID
	Partition int32
}

func comparePlaces(a, b Place) int {
	return cmp.Or(slices.Compare(a.Topic[:], b.Topic[:]), cmp.Compare(a.Partition, b.Partition))
}

// places is a set of partitions, each with the member epoch in which it was given.
type places map[Place]int32

// sorted lists the set by topic and partition.
func (p places) sorted() []Place { return slices.SortedFunc(maps.Keys(p), comparePlaces) }

// meets reports whether any of all is in the set.
func (p places) meets(all []Place) bool {
	return slices.ContainsFunc(all, func(o Place) bool {
		_, ok := p[o]
		return ok
	})
}

// covers reports whether all are in the set.
func (p places) covers(all []Place) bool {
	return !slices.ContainsFunc(all, func(o Place) bool {
		_, ok := p[o]
		return !ok
	})
}
