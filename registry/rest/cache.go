package rest

import (
	"sync"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// bodyKey is everything that the plain answer to a lookup by ID depends on. The GUID stands for the text and what belongs to
// it; the type is not hashed into it.
type bodyKey struct {
	subject string
	version int
	id      schema.ID
	guid    schema.GUID
	format  string
	time    int64
	deleted bool
}

func keyOf(v registry.Version) bodyKey {
	return bodyKey{subject: v.Subject, version: v.Number, id: v.ID, guid: v.GUID, format: v.Format, time: v.Time, deleted: v.Deleted}
}

// prepared is the body of an answer and its entity tag.
type prepared struct {
	body []byte
	tag  string
}

func prepare(body []byte) prepared { return prepared{body: body, tag: tagOf(body)} }

// bodyCache keeps prepared answers up to a number of bytes. It holds two generations: when the young one has half of the bytes
// it becomes the old one, whose entries are forgotten unless they were asked for since. Nothing in it goes stale, for a key
// names one state of a version.
type bodyCache struct {
	mu         sync.RWMutex
	limit      int // bytes of one generation
	size       int // bytes of the young one
	young, old map[bodyKey]prepared
}

func newBodyCache(limit int) *bodyCache {
	return &bodyCache{limit: limit / 2, young: map[bodyKey]prepared{}}
}

// get returns the prepared answer; its body is nil if there is none.
func (c *bodyCache) get(k bodyKey) prepared {
	c.mu.RLock()
	p, young := c.young[k]
	if !young {
		p = c.old[k]
	}
	c.mu.RUnlock()
	if p.body != nil && !young {
		c.put(k, p)
	}
	return p
}

const entryBytes = 256 // what an entry costs besides its body

func (c *bodyCache) put(k bodyKey, p prepared) {
	cost := len(p.body) + entryBytes
	if cost > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, held := c.young[k]; held {
		return
	}
	if c.size+cost > c.limit {
		c.old, c.young, c.size = c.young, map[bodyKey]prepared{}, 0
	}
	c.young[k] = p
	c.size += cost
}
