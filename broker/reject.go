package broker

import (
	"errors"
	"sync"
	"time"
)

// rejectionLog writes a line for each batch refused for its records, so that an operator learns who sends what: but only so
// many a second, and then how many more there were.
type rejectionLog struct {
	broker *Broker

	mu         sync.Mutex
	second     time.Time
	written    int
	suppressed int
}

func (l *rejectionLog) note(p *Partition, client string, err error) {
	var r *Rejected
	if !errors.As(err, &r) {
		return
	}
	suppressed, ok := l.allow()
	if !ok {
		return
	}
	first := r.Rejections[0]
	l.broker.logger.Warn("batch rejected", "topic", p.topic.name, "partition", p.index, "record", first.Index, "rejected", len(r.Rejections),
		"client", client, "reason", first.Reason, "lines_suppressed", suppressed)
}

// allow says whether another line may be written now, and how many were not since the last.
func (l *rejectionLog) allow() (suppressed int, ok bool) {
	now := l.broker.opts.Clock().Truncate(time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Equal(l.second) {
		l.second, l.written = now, 0
	}
	if l.written >= l.broker.opts.RejectionsPerSec {
		l.suppressed++
		return 0, false
	}
	l.written++
	suppressed, l.suppressed = l.suppressed, 0
	return suppressed, true
}
