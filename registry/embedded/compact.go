package embedded

import (
	"context"
	"iter"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// Compact implements registry.Compactor. Journal files that hold nothing newer than the snapshot are removed.
func (s *Store) Compact(ctx context.Context, upTo registry.Seq, parts iter.Seq2[[]byte, error]) error {
	const op = "embedded.Compact"
	s.compacting.Lock()
	defer s.compacting.Unlock()
	s.mu.Lock()
	err, end, have := s.usable(ctx, op), s.end, s.snapshot
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case upTo > end:
		return fault.New(registry.ErrStale, op, "the log ends at %d, before %d", end, upTo)
	case upTo <= have:
		return nil // a later snapshot stands already
	}
	bytes, err := s.writeSnapshot(upTo, parts)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.snapshot = upTo
	s.mu.Unlock()
	if err := s.journal.Roll(); err != nil { // what the snapshot stands for goes with its files, not with those of later changes
		return translate(op, err)
	}
	s.log.Info("registry store compacted", "dir", s.dir, "up_to", upTo, "bytes", bytes)
	return translate(op, s.journal.TrimBefore(uint64(upTo)+1))
}
