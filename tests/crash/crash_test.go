// Package crash_test kills the server with kill -9 in the middle of everything that clients do, again and again over one data
// folder, and cuts connections with answers still on their way. What the clients were told is recorded (tests/history) and must be
// true of what is there afterwards: every acknowledged record once and in order, transactions whole or not at all, the offsets
// of groups as they were committed, schemas under the ids and versions they were given.
//
// PAWL_SOAK=1 makes ten times as many rounds. PAWL_SEED repeats the moments of an earlier run, as far as a scheduler can.
package crash_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/history"
)

// Records of idempotent producers, some of which outlive the crashes and send again what was not answered, offsets of a group,
// and schemas.
func TestWhatWasAcknowledgedSurvivesKill9(t *testing.T) {
	w := newWorld(t)
	schemas := &schemas{}
	steady := w.steady("steady", 2)
	for range w.rounds {
		w.start()
		schemas.verify(t, w.server)
		w.verify(steady)
		w.load(100, 500, func(l *load) {
			steady.run(l)
			for i := range 2 {
				l.Go(func() { l.brief(fmt.Sprintf("brief-%d", i)) })
				l.Go(func() { l.member(fmt.Sprintf("member-%d", i), membersGroup) })
				l.Go(func() { l.member(fmt.Sprintf("modern-%d", i), modernGroup) })
				l.Go(func() { schemas.register(l, i) })
			}
			l.Go(func() { l.follow("follower", history.Uncommitted) })
		})
	}
	w.start()
	schemas.verify(t, w.server)
	w.verify(steady)
	c := w.report()
	t.Logf("%d schemas were acknowledged and found", len(schemas.all))
	if len(schemas.all) < 2*w.rounds || c.Acknowledged < 20*w.rounds || c.Offsets < w.rounds {
		t.Error("too little was acknowledged in too many rounds: the test proves too little")
	}
}

// Transactions of producers, and of copiers that read, write and commit their offsets in one, beside idempotent producers.
func TestTransactionsAreWholeAfterKill9(t *testing.T) {
	w := newWorld(t)
	steady := w.steady("steady", 1)
	for range w.rounds {
		w.start()
		w.verify(steady)
		w.load(200, 700, func(l *load) {
			steady.run(l)
			for i := range 3 {
				l.Go(func() { l.transactions(i) })
			}
			for i := range 2 {
				l.Go(func() { l.copy(i) })
			}
			l.Go(func() { l.follow("committed", history.Committed) })
			l.Go(func() { l.follow("uncommitted", history.Uncommitted) })
		})
	}
	w.start()
	w.verify(steady)
	if c := w.report(); c.Committed < 5*w.rounds || c.Aborted < w.rounds || c.Offsets < w.rounds {
		t.Error("too little happened in too many rounds: the test proves too little")
	}
}

// The server lives; connections end in the middle of requests and of answers, so that clients send again what was done already.
func TestLostAnswersChangeNothing(t *testing.T) {
	w := newWorld(t)
	steady := w.steady("steady", 2)
	w.start()
	w.verify(steady)
	for range max(2, w.rounds/10) {
		w.cut(3*time.Second, func(l *load) {
			steady.run(l)
			for i := range 2 {
				l.Go(func() { l.transactions(i) })
				l.Go(func() { l.copy(i) })
				l.Go(func() { l.member(fmt.Sprintf("member-%d", i), membersGroup) })
				l.Go(func() { l.member(fmt.Sprintf("modern-%d", i), modernGroup) })
			}
			l.Go(func() { l.follow("committed", history.Committed) })
		})
		w.verify(steady)
	}
	c := w.report()
	t.Logf("%d connections were cut", w.proxy.cuts.Load())
	if w.proxy.cuts.Load() < 20 || c.Acknowledged < 100 || c.Committed < 5 {
		t.Error("too little happened: the test proves too little")
	}
}
