package groups

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// target is where offsets go: to a time if there is one, else as pick says.
type target struct {
	at   time.Time
	pick where
}

// where returns the offset of a partition, which need not be within its bounds.
type where func(m move, start, end int64) (int64, error)

// parseTarget reads earliest, latest, an offset, a time, a time ago or a shift.
func parseTarget(text string) (target, error) {
	switch strings.ToLower(text) {
	case "earliest":
		return target{pick: func(_ move, start, _ int64) (int64, error) { return start, nil }}, nil
	case "latest":
		return target{pick: func(_ move, _, end int64) (int64, error) { return end, nil }}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if text[0] == '+' || text[0] == '-' {
			return target{pick: shift(n)}, nil
		}
		return target{pick: func(move, int64, int64) (int64, error) { return n, nil }}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return target{at: t}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d < 0 {
		return target{at: time.Now().Add(d)}, nil
	}
	return target{}, cli.Usagef("--to %q: use earliest, latest, an offset, a time such as 2026-01-02T15:04:05Z, a time ago such as -90m, or a shift such as +10 or -10", text)
}

// shift counts from the committed offset.
func shift(by int64) where {
	return func(m move, start, end int64) (int64, error) {
		if m.From < 0 {
			return 0, cli.Usagef("partition %d of topic %q has no committed offset to shift; use earliest, latest, an offset or a time", m.Partition, m.Topic)
		}
		from := min(max(m.From, start), end) // which leaves room in the number, too
		if by > end-from {
			return end, nil
		}
		return max(from+by, start), nil
	}
}

// find returns how to pick offsets; times are looked up at the broker.
func (t target) find(p *planner, topics []string) (where, error) {
	if t.pick != nil {
		return t.pick, nil
	}
	found, err := p.adm.ListOffsetsAfterMilli(p.ctx, t.at.UnixMilli(), topics...)
	if err == nil {
		err = found.Error()
	}
	if err != nil {
		return nil, cli.Refused(err, "offsets at %s", t.at.UTC().Format(time.RFC3339))
	}
	return func(m move, _, end int64) (int64, error) {
		if o, ok := found.Lookup(m.Topic, m.Partition); ok && o.Offset >= 0 {
			return o.Offset, nil
		}
		return end, nil
	}, nil
}

func isNoGroup(err error) bool { return errors.Is(err, kerr.GroupIDNotFound) }
