package seglog

import (
	"errors"

	"github.com/pawl-registry/pawl/fault"
)

// Read calls yield for each durable entry numbered from or higher, in order, up to the end of the log as the call began. It
// stops at the first error of yield and returns it. The payload is valid during the call of yield only. It fails with
// ErrTrimmed if from is before the first entry, with ErrClosed, or with ErrCorrupt if bytes have changed since.
func (l *Log) Read(from uint64, yield func(seq uint64, payload []byte) error) error {
	l.mu.RLock()
	end := l.last().next
	l.mu.RUnlock()
	for from < end {
		s, stop, err := l.acquire(from)
		if err != nil {
			return err
		}
		from, err = l.readSegment(s, stop, from, min(end, stop.seq), yield)
		if err = errors.Join(err, l.release(s)); err != nil {
			return err
		}
	}
	return nil
}

// acquire returns the segment that holds seq, to be released, and its durable end.
func (l *Log) acquire(seq uint64) (*segment, point, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, point{}, fault.New(ErrClosed, "seglog.Read", "the log is closed")
	}
	for _, s := range l.segments {
		if seq >= s.first && seq < s.next {
			s.refs++
			return s, point{s.next, s.size}, nil
		}
	}
	return nil, point{}, fault.New(ErrTrimmed, "seglog.Read", "entry %d was trimmed; the first is %d", seq, l.segments[0].first)
}

// readSegment yields the entries from up to end and returns the number after the last one.
func (l *Log) readSegment(s *segment, stop point, from, end uint64, yield func(uint64, []byte) error) (uint64, error) {
	l.mu.RLock()
	at := s.before(from)
	l.mu.RUnlock()
	sc := scanner{f: s.f, end: stop.pos, at: at}
	for sc.at.seq < end {
		at := sc.at
		payload, err := sc.next()
		if errors.Is(err, errBad) {
			err = fault.New(ErrCorrupt, "seglog.Read", "%s: entry %d at byte %d fails its checksum", s.name, at.seq, at.pos)
		}
		if err != nil {
			return from, err
		}
		if at.seq < from {
			continue
		}
		if err := l.open(); err != nil {
			return from, err
		}
		if err := yield(at.seq, payload); err != nil {
			return from, err
		}
	}
	return end, nil
}

func (l *Log) open() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return fault.New(ErrClosed, "seglog.Read", "the log is closed")
	}
	return nil
}
