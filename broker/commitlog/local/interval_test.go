package local_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// What the operating system alone has is synced before CheckpointEvery is over, again and again.
func TestTheOperatingSystemIsTrustedForAnIntervalOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := vfs.NewMemory()
		o := tiny
		o.CheckpointEvery = time.Second
		e := openEngine(t, fsys, o)
		l := openLog(t, e, "t-0")
		for round := range 3 {
			mustAppend(t, l, tagged(t, round, 1), commitlog.OS)
			end := l.Bounds().End
			time.Sleep(time.Second + time.Millisecond)
			synctest.Wait()
			for seed := range uint64(10) {
				again := openEngine(t, fsys.Crash(rand.New(rand.NewPCG(seed, 1))), tiny)
				if got := openLog(t, again, "t-0").Bounds().End; got != end {
					t.Errorf("round %d, seed %d: %d records are left of %d", round, seed, got, end)
				}
				if err := again.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
