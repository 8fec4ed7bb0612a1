package registry

import (
	"context"
	"errors"
	"iter"
	"log/slog"

	"github.com/pawl-registry/pawl/fault"
)

// mass is what the changes of the store come to, in bytes as they are encoded. Whoever has the turn owns it.
type mass struct {
	snapshot int64 // the newest snapshot
	changes  int64 // since then
	least    int64 // of changes, before another compaction is thought of
}

// add counts an entry.
func (w *mass) add(c *change, size int) {
	switch {
	case !c.Snapshot:
		w.changes += int64(size)
	case c.Part > 1:
		w.snapshot += int64(size)
	default:
		w.snapshot, w.changes = int64(size), 0
	}
}

// due reports whether a snapshot is worth its writing: everything weighs much more than what lives, and more was written since
// the last snapshot than it weighs, so that a compaction is paid for by the writes before it.
func (w *mass) due(live int64) bool {
	return w.changes > max(w.least, w.snapshot) && w.snapshot+w.changes > 2*live+w.least
}

// Compact replaces all changes by one snapshot, if the store can do that. It changes nothing that a reader sees. Writes go on
// while the snapshot is written.
func (r *Registry) Compact(ctx context.Context) error {
	return r.compact(ctx, func() bool { return true })
}

// compact is Compact if it is wanted, which is asked in turn.
func (r *Registry) compact(ctx context.Context, wanted func() bool) error {
	const op = "registry.Compact"
	store, ok := r.opts.Store.(Compactor)
	if !ok {
		return nil
	}
	snapshot, upTo, before, err := r.freeze(ctx, op, wanted)
	if snapshot == nil {
		return err
	}
	var written int64
	err = store.Compact(ctx, upTo, counted(ctx, snapshot.parts(r.opts.SnapshotPartBytes), &written))
	if taken := r.takeTurn(context.WithoutCancel(ctx), op); taken != nil {
		return errors.Join(storeFault(op, err), taken)
	}
	defer r.passTurn()
	if err != nil {
		r.mass.least = max(r.mass.least, 2*r.mass.changes) // not again with the next write
		return storeFault(op, err)
	}
	r.mass = mass{snapshot: written, changes: r.mass.changes - before, least: r.opts.CompactBytes}
	return nil
}

// freeze returns what there is now, or nil if it is not wanted, with its sequence and the mass of the changes up to it.
func (r *Registry) freeze(ctx context.Context, op string, wanted func() bool) (snapshot *change, upTo Seq, changes int64, err error) {
	if err := r.takeTurn(ctx, op); err != nil {
		return nil, 0, 0, err
	}
	defer r.passTurn()
	if err := r.catchUpInTurn(ctx); err != nil {
		return nil, 0, 0, storeFault(op, err)
	}
	if !wanted() {
		return nil, 0, 0, nil
	}
	return r.view.snapshot(r.opts.Clock().UnixMilli()), r.view.end(), r.mass.changes, nil
}

// counted adds up the parts, and ends them with ctx.
func counted(ctx context.Context, parts iter.Seq2[[]byte, error], sum *int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for part, err := range parts {
			if err == nil {
				err = ctx.Err()
			}
			*sum += int64(len(part))
			if !yield(part, err) || err != nil {
				return
			}
		}
	}
}

// parts encodes a snapshot in parts whose texts have some size, so that neither writing nor reading it takes memory for all of
// it at once. The first part holds all but most versions. A snapshot that is small enough is one change like any other.
func (c *change) parts(size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		rest, part := c.Put, *c
		for n := 1; ; n++ {
			part.Put, rest = cut(rest, size)
			part.More = len(rest) > 0
			if part.More || n > 1 {
				part.Part = n
			}
			data, err := part.encode()
			if !yield(data, err) || err != nil || !part.More {
				return
			}
			part = change{Time: c.Time, Snapshot: true}
		}
	}
}

// cut splits versions behind those whose texts reach a size.
func cut(all []record, size int) (head, rest []record) {
	for n := range all {
		if size -= len(all[n].Schema); size <= 0 {
			return all[:n+1], all[n+1:]
		}
	}
	return all, nil
}

// gather puts the parts of a snapshot together. It returns nil until it has the last; any other change is returned as it is.
// Whoever begins to read in the middle of a snapshot begins again at its first part.
func (r *Registry) gather(c *change) (*change, error) {
	if c.Part == 0 {
		return c, nil
	}
	whole := r.gathering
	switch {
	case !c.Snapshot:
		return nil, fault.New(ErrCorrupt, "registry.gather", "The store holds a part of what is no snapshot")
	case c.Part == 1:
		whole = c
	case whole == nil || c.Part != whole.Part+1:
		return nil, fault.New(ErrCorrupt, "registry.gather", "The store holds part %d of a snapshot and not the part before", c.Part)
	default:
		whole.Part = c.Part
		whole.Put = append(whole.Put, c.Put...)
	}
	if r.gathering = whole; c.More {
		return nil, nil
	}
	r.gathering = nil
	return whole, nil
}

// gathered demands that no snapshot was left in its middle. The caller has the turn and read to the end.
func (r *Registry) gathered() error {
	if r.gathering != nil {
		return fault.New(ErrCorrupt, "registry.gathered", "The store lacks what follows part %d of a snapshot", r.gathering.Part)
	}
	return nil
}

// compactWhenDue writes snapshots when the store has grown far beyond what lives in it, until Close.
func (r *Registry) compactWhenDue() {
	for {
		select {
		case <-r.life.Done():
			return
		case <-r.overdue:
		}
		if err := r.compact(r.life, r.due); err != nil && r.life.Err() == nil {
			r.opts.Logger.Warn("cannot compact the store", slog.Any("error", err))
		}
	}
}

// due reports whether to compact. The caller has the turn.
func (r *Registry) due() bool { return r.opts.CompactBytes >= 0 && r.mass.due(r.view.live()) }

// weigh wakes compactWhenDue if there is reason to. The caller has the turn.
func (r *Registry) weigh() {
	if r.due() {
		select {
		case r.overdue <- struct{}{}:
		default:
		}
	}
}
