package local

import (
	"time"

	"golang.org/x/sync/errgroup"
)

// checkpointSyncs is how many partitions a checkpoint syncs at a time.
const checkpointSyncs = 8

// checkpointLoop makes checkpoints until the engine closes.
func (e *Engine) checkpointLoop() {
	defer close(e.stopped)
	tick := time.NewTicker(e.o.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-e.due:
		case <-e.stop:
			return
		}
		_ = e.checkpoint() // fail has logged why
	}
}

// grew counts what was written to the write-ahead log.
func (e *Engine) grew(bytes int) {
	if e.written.Add(int64(bytes)) < e.o.CheckpointBytes {
		return
	}
	e.hurry()
}

// hurry asks for a checkpoint at once.
func (e *Engine) hurry() {
	select {
	case e.due <- struct{}{}:
	default:
	}
}

// checkpoint syncs the segments, writes the catalog, and lets the write-ahead log before it go.
//
// The position in the write-ahead log is taken first. Each batch before it was written to its segment, and its partition put
// on the list, before it was given to the committer; so syncing what is on the list afterwards covers all of them.
//
// An error fails the engine before the lock is released: nobody may take an empty list, or clean files, for durable ones.
func (e *Engine) checkpoint() error {
	const op = "local.checkpoint"
	e.checkpointing.Lock()
	defer e.checkpointing.Unlock()
	if err := e.usable(op); err != nil {
		return err
	}
	if err := e.saveAll(); err != nil {
		return e.fail(op, err)
	}
	return nil
}

func (e *Engine) saveAll() error {
	upTo := e.committer.position()
	e.written.Store(0)
	if err := e.flushAll(); err != nil {
		return err
	}
	e.catalog.mu.Lock()
	e.catalog.wal = upTo
	e.catalog.mu.Unlock()
	if err := e.catalog.write(e.fs); err != nil {
		return err
	}
	return e.committer.wal.TrimBefore(upTo)
}

// takeUnsaved empties the list.
func (e *Engine) takeUnsaved() []*partition {
	e.listMu.Lock()
	list := e.unsaved
	e.unsaved = nil
	e.listMu.Unlock()
	for _, p := range list {
		p.mu.Lock()
		p.listed = false
		p.mu.Unlock()
	}
	return list
}

func (e *Engine) flushAll() error {
	var syncs errgroup.Group
	syncs.SetLimit(checkpointSyncs)
	for _, p := range e.takeUnsaved() {
		syncs.Go(func() error {
			upTo, err := p.flush()
			if err != nil {
				return err
			}
			e.catalog.update(p.id, func(c *entry) { c.point = upTo })
			return nil
		})
	}
	return syncs.Wait()
}
