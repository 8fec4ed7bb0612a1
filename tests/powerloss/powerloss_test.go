// Package powerloss_test runs the broker over its engine in one process, on a disk in memory that forgets, tears and reorders what
// was not synced when its power goes. Clients write, transact, commit offsets and read until that happens, at any call; what they
// were told is recorded (tests/history) and must be true of what recovery makes of the disk, generation after generation.
//
// PAWL_SOAK=1 plays more histories. PAWL_SEED plays one again, as far as a scheduler can; PAWL_HISTORIES says how many.
package powerloss_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/history"
)

// number returns a variable of the environment, or what is used without.
func number(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

func histories() uint64 {
	otherwise := uint64(60)
	if os.Getenv("PAWL_SOAK") != "" {
		otherwise = 3000
	}
	return number("PAWL_HISTORIES", otherwise)
}

// generations is how often the power goes in one history.
const generations = 4

func TestALossOfPowerUnderLoadBreaksNoPromise(t *testing.T) {
	first := number("PAWL_SEED", uint64(time.Now().UnixNano()))
	t.Logf("PAWL_SEED=%d", first)
	var total totals
	failed := 0
	for seed := range histories() {
		if !t.Run(fmt.Sprint(first+seed), func(t *testing.T) { play(t, first+seed, &total) }) {
			failed++
		}
		if total.found == 5 || failed == 25 {
			t.Fatal("that is enough")
		}
	}
	t.Logf("%d histories, %d losses of power, %d of them during recovery: %+v", histories(), total.crashes, total.inRecovery, total.counts)
	if c := total.counts; c.Acknowledged == 0 || c.Committed == 0 || c.Aborted == 0 || c.Offsets == 0 || c.Sent == c.Acknowledged || total.inRecovery == 0 {
		t.Error("some things never happened: the test proves too little")
	}
}

// totals are sums over histories.
type totals struct {
	found               int // histories with anomalies; others may have a broker that does not open
	crashes, inRecovery int
	counts              history.Counts
}

func (s *totals) add(w *world) {
	c := w.h.Counts()
	s.crashes, s.inRecovery = s.crashes+w.crashes, s.inRecovery+w.inRecovery
	s.counts.Sent += c.Sent
	s.counts.Acknowledged += c.Acknowledged
	s.counts.Refused += c.Refused
	s.counts.Committed += c.Committed
	s.counts.Aborted += c.Aborted
	s.counts.Offsets += c.Offsets
}

// play is one history: the same disk, over several losses of power.
func play(t *testing.T, seed uint64, total *totals) {
	t.Helper()
	w := newWorld(t, seed)
	w.found = &total.found
	for range generations {
		w.boot()
		w.verify()
		w.load()
		w.powerGoes()
	}
	w.boot()
	w.verify()
	w.close()
	total.add(w)
}

// load lets the clients loose until the disk fails under them.
func (w *world) load() {
	w.failAfter(w.random.IntN([...]int{100, 1500}[w.random.IntN(2)])) // soon, while all are at work, or late
	var wg sync.WaitGroup
	for i, c := range w.clients() {
		if i > 0 && w.random.IntN(5) == 0 {
			continue // not all of them are there each time
		}
		random := rand.New(rand.NewPCG(w.random.Uint64(), 1))
		wg.Go(func() {
			for c.step(random) {
			}
		})
	}
	wg.Wait()
}
