package logtest

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/compaction"
)

// Roll implements commitlog.Compactor.
func (l *memoryLog) Roll(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "logtest.Roll"); err != nil {
		return err
	}
	if n := len(l.s.rolls); l.s.end > l.s.start && (n == 0 || l.s.rolls[n-1] < l.s.end) {
		l.s.rolls = append(l.s.rolls, l.s.end)
	}
	return nil
}

// SetSegmentBytes implements commitlog.Compactor: only Roll seals a segment here.
func (l *memoryLog) SetSegmentBytes(int64) {}

// Compacted implements commitlog.Compactor.
func (l *memoryLog) Compacted() batch.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.compacted
}

// Compact implements commitlog.Compactor.
func (l *memoryLog) Compact(ctx context.Context, c commitlog.Compaction) (commitlog.Compacted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "logtest.Compact"); err != nil {
		return commitlog.Compacted{}, err
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = compaction.DefaultMemory
	}
	return l.s.compact(c)
}

func (s *stored) compact(c commitlog.Compaction) (commitlog.Compacted, error) {
	sealed := batch.Offset(0)
	if n := len(s.rolls); n > 0 {
		sealed = s.rolls[n-1]
	}
	survey := compaction.NewSurvey(c.KeepProducer, c.MaxMemory)
	for _, b := range s.batches {
		survey.Add(b, compaction.ControlOf(b))
	}
	upTo := min(sealed, c.UpTo, survey.Stable())
	from := min(s.compacted, upTo)
	keys := compaction.NewKeys(from, c.MaxMemory)
	for _, b := range s.batches {
		if b.LastOffset() >= from && (b.NextOffset() > upTo || !keys.Add(b, survey)) {
			break
		}
	}
	done, err := s.filter(compaction.NewFilter(survey, keys, c.Now, c.DeleteRetention), sealed)
	s.compacted = max(s.compacted, keys.UpTo())
	done.UpTo = s.compacted
	return done, err
}

func (s *stored) filter(f *compaction.Filter, sealed batch.Offset) (done commitlog.Compacted, err error) {
	var left []batch.Batch
	for _, b := range s.batches {
		kept, err := f.Apply(b)
		if err != nil {
			return done, err
		}
		if kept == nil && b.NextOffset() == sealed {
			kept = batch.BuildGap(nil, b.BaseOffset(), b.LastOffset(), b.LeaderEpoch())
		}
		done.Before += int64(len(b))
		done.After += int64(len(kept))
		if kept != nil {
			left = append(left, kept)
		}
	}
	s.batches, done.Records = left, f.Dropped()
	return done, nil
}
