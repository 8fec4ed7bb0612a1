package broker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Sender is who sent a batch, for the log and for dead letters.
type Sender struct {
	Client    string // what the client calls itself
	Principal string // who it is known as
	Address   string // of its host
}

// rejectionLog writes a line for each batch with records that do not pass, so that an operator learns who sends what: but only
// so many a second, and then how many more there were.
type rejectionLog struct {
	broker *Broker

	mu         sync.Mutex
	second     time.Time
	written    int
	suppressed int
}

// refused notes a batch that is refused for its records.
func (l *rejectionLog) refused(p *Partition, from Sender, err error) {
	var r *Rejected
	if !errors.As(err, &r) {
		return
	}
	if r.undeliverable != nil {
		l.write(slog.LevelError, "dead letters cannot be written, so their batch is rejected", "topic", p.topic.name, "error", r.undeliverable)
	}
	l.note(p, from, Reject, r.Rejections)
}

// unjudged notes a batch that could not be judged.
func (l *rejectionLog) unjudged(p *Partition, err error) {
	l.write(slog.LevelError, "records could not be validated", "topic", p.topic.name, "partition", p.index, "error", err)
}

var noted = [...]string{Reject: "batch rejected", Report: "bad records let through", DeadLetter: "bad records set aside"}

// note counts records that did not pass, and writes the line.
func (l *rejectionLog) note(p *Partition, from Sender, became Action, bad []Rejection) {
	l.broker.counts.fail(p.topic.name, became, bad)
	first := bad[0]
	l.write(slog.LevelWarn, noted[became], "topic", p.topic.name, "partition", p.index, "record", first.Index, "records", len(bad),
		"principal", from.Principal, "client", from.Client, "address", from.Address,
		"cause", first.Cause, "subject", first.Subject, "reason", first.Reason)
}

func (l *rejectionLog) write(level slog.Level, text string, args ...any) {
	if suppressed, ok := l.allow(); ok {
		l.broker.logger.Log(context.Background(), level, text, append(args, "lines_suppressed", suppressed)...)
	}
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
