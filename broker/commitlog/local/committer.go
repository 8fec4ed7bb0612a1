package local

import (
	"context"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/seglog"
)

// groupBytes bounds what waits for the next sync: writers beyond it wait before they add.
const groupBytes = 4 << 20

// keepGroupBytes is the largest group buffer that is kept for the next group.
const keepGroupBytes = 2 * groupBytes

// committer writes records to the write-ahead log in groups. While one group is synced the next one gathers, so an idle engine
// syncs at once and a busy one syncs for many.
type committer struct {
	e    *Engine
	wal  *seglog.Log
	wake chan struct{} // holds one token while a group waits
	over chan struct{} // closed when run has returned

	mu     sync.Mutex
	room   sync.Cond // a group was taken
	cur    *group
	spare  seglog.Group
	closed bool

	nextMu sync.Mutex
	next   uint64 // every record before it is durable and folded
}

// group is what one sync makes durable.
type group struct {
	records seglog.Group
	members []member
	flush   []*partition // have unsynced batches that went past the write-ahead log, in front of ones in this group
	folds   []record
	done    chan struct{}
	err     error // valid once done is closed
}

// member is a partition with batches in a group.
type member struct {
	p       *partition
	batches int
	upTo    batch.Offset
}

func newCommitter(e *Engine, wal *seglog.Log) *committer {
	_, next := wal.Bounds()
	c := &committer{e: e, wal: wal, wake: make(chan struct{}, 1), over: make(chan struct{}), cur: newGroup(), next: next}
	c.room.L = &c.mu
	return c
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// add puts a batch into the next group. needFlush asks for the partition's segments to be synced first.
func (c *committer) add(p *partition, b batch.Batch, needFlush bool) (*group, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.wait(); err != nil {
		return nil, err
	}
	h := head(kindBatch, p.id)
	c.cur.records.Add(h[:], b)
	c.cur.join(p, b.NextOffset())
	if needFlush {
		c.cur.flush = append(c.cur.flush, p)
	}
	c.signal()
	return c.cur, nil
}

func (g *group) join(p *partition, upTo batch.Offset) {
	if p.group != g {
		p.group, p.memberAt = g, len(g.members)
		g.members = append(g.members, member{p: p})
	}
	m := &g.members[p.memberAt]
	m.batches, m.upTo = m.batches+1, upTo
}

// commit writes one record about a log and returns when it is durable and folded into the catalog.
func (c *committer) commit(ctx context.Context, k kind, id logID, body []byte) error {
	c.mu.Lock()
	if err := c.wait(); err != nil {
		c.mu.Unlock()
		return err
	}
	h, g := head(k, id), c.cur
	g.records.Add(h[:], body)
	g.folds = append(g.folds, record{kind: k, id: id, body: body})
	c.signal()
	c.mu.Unlock()
	return g.wait(ctx)
}

func (g *group) wait(ctx context.Context) error {
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait returns when the group has room.
func (c *committer) wait() error {
	for !c.closed && c.cur.records.Size() >= groupBytes {
		c.room.Wait()
	}
	if c.closed {
		return fault.New(commitlog.ErrClosed, "local.Append", "the engine is closed")
	}
	return nil
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run writes groups until close, and then the last one.
func (c *committer) run() {
	defer close(c.over)
	for range c.wake {
		c.write()
	}
	c.write()
}

func (c *committer) close() {
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.room.Broadcast()
	if !closed {
		close(c.wake) // nobody signals once closed is set
	}
	c.mu.Unlock()
	<-c.over
}

func (c *committer) write() {
	c.mu.Lock()
	g := c.cur
	if g.records.Count() == 0 {
		c.mu.Unlock()
		return
	}
	c.cur = newGroup()
	c.cur.records, c.spare = c.spare, seglog.Group{}
	c.room.Broadcast()
	c.mu.Unlock()

	g.err = c.sync(g)
	if g.err != nil {
		g.err = c.e.fail("local.Append", g.err)
	}
	for _, m := range g.members {
		m.p.committed(m, g.err == nil)
	}
	c.recycle(g)
	close(g.done)
}

// recycle keeps the buffer of g for a later group, and lets go of the rest.
func (c *committer) recycle(g *group) {
	g.records.Reset(keepGroupBytes)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare, g.records = g.records, seglog.Group{}
	for _, m := range g.members {
		if m.p.group == g {
			m.p.group = nil
		}
	}
}

func (c *committer) sync(g *group) error {
	if err := c.e.usable("local.Append"); err != nil {
		return err
	}
	for _, p := range g.flush {
		if _, err := p.flush(); err != nil {
			return err
		}
	}
	// Another sync may have failed in the meantime, of what these records stand behind.
	if err := c.e.usable("local.Append"); err != nil {
		return err
	}
	if _, err := c.wal.Write(&g.records); err != nil {
		return err
	}
	if err := c.wal.Sync(); err != nil {
		return err
	}
	c.e.syncs.Add(1)
	for _, r := range g.folds {
		c.e.catalog.fold(r)
	}
	_, next := c.wal.Bounds()
	c.nextMu.Lock()
	c.next = next
	c.nextMu.Unlock()
	c.e.grew(g.records.Size())
	return nil
}

// position returns the number before which every record is durable and folded.
func (c *committer) position() uint64 {
	c.nextMu.Lock()
	defer c.nextMu.Unlock()
	return c.next
}
