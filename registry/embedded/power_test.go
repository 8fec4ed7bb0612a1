package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// promised is a version that the registry acknowledged.
type promised struct {
	number              int
	id                  schema.ID
	text                string
	askedGone, toldGone bool // of its deletion
}

// subject is one that a single client writes to, and what that client knows of it.
type subject struct {
	name     string
	versions []*promised
	level    compat.Level   // acknowledged last
	tried    []compat.Level // and what was asked for since
}

// plant is a registry on a disk that fails.
type plant struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	disk   *vfs.Memory
	store  *embedded.Store
	r      *registry.Registry
	failed atomic.Bool
	known  [3][2]*subject
	acked  int
}

func (p *plant) fatal(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("PAWL_SEED=%d: "+format, append([]any{p.seed}, args...)...)
}

func (p *plant) failAfter(calls int) {
	var left atomic.Int64
	left.Store(int64(calls))
	p.failed.Store(false)
	p.disk.Before(func(c vfs.Call) (int, error) {
		if c.Op == vfs.OpRead || left.Add(-1) >= 0 {
			return 0, nil
		}
		p.failed.Store(true)
		return c.Bytes, errCut
	})
}

func (p *plant) open() (err error) {
	p.store, p.r = nil, nil
	if p.store, err = embedded.Open(p.t.Context(), p.disk, "data/registry", embedded.Options{SegmentBytes: 1500}); err != nil {
		return err
	}
	p.r, err = registry.New(p.t.Context(), registry.Options{Store: p.store, Formats: schema.NewFormats(avro.Format), CompactBytes: 2000})
	return err
}

// powerGoes ends the registry, and leaves of the disk what may be left.
func (p *plant) powerGoes() {
	next := p.disk.Crash(p.random)
	switch p.random.IntN(5) {
	case 0:
		next = p.disk.Kill()
	case 1:
		next = p.disk.CrashLosing()
	}
	if p.r != nil {
		p.r.Close()
	}
	if p.store != nil {
		if err := p.store.Close(); err != nil && !p.failed.Load() {
			p.fatal("Close: %v", err)
		}
	}
	p.disk = next
}

// boot opens the registry; one of three times the power goes on the way.
func (p *plant) boot() {
	p.t.Helper()
	if p.random.IntN(3) == 0 {
		p.failAfter(p.random.IntN(20))
		if err := p.open(); err != nil && !p.failed.Load() {
			p.fatal("the registry does not open: %v", err)
		}
		p.powerGoes()
	}
	if err := p.open(); err != nil {
		p.fatal("the registry does not open: %v", err)
	}
}

// change does one thing to a subject, and reports whether it was done.
func (p *plant) change(s *subject, random *rand.Rand, n int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch k := random.IntN(10); {
	case k < 2:
		level := compat.Levels[random.IntN(len(compat.Levels))]
		s.tried = append(s.tried, level)
		if _, err := p.r.SetConfig(ctx, s.name, registry.ConfigUpdate{Level: registry.Set(string(level))}); err != nil {
			return p.stopped("SetConfig", err)
		}
		s.level, s.tried = level, nil
	case k < 4 && len(s.versions) > 0:
		v := s.versions[random.IntN(len(s.versions))]
		if v.askedGone {
			return true
		}
		v.askedGone = true
		if _, err := p.r.DeleteVersion(ctx, s.name, v.number, registry.Soft); err != nil {
			return p.stopped("DeleteVersion", err)
		}
		v.toldGone = true
	default:
		text := fmt.Sprintf(`{"type":"record","name":"R","fields":[{"name":"f%d","type":"int","default":0}]}`, n)
		v, err := p.r.Register(ctx, registry.Submission{Subject: s.name, Text: text})
		if err != nil {
			return p.stopped("Register", err)
		}
		s.versions = append(s.versions, &promised{number: v.Number, id: v.ID, text: text})
	}
	return true
}

// stopped reports false. An error while the disk works is the registry's fault.
func (p *plant) stopped(what string, err error) bool {
	if !p.failed.Load() {
		p.t.Errorf("PAWL_SEED=%d: %s: %v", p.seed, what, err)
	}
	return false
}

func (p *plant) load(generation int) {
	p.failAfter(5 + p.random.IntN(150))
	var work sync.WaitGroup
	for w := range p.known {
		random := rand.New(rand.NewPCG(p.random.Uint64(), 3))
		work.Go(func() {
			for n := 0; p.change(p.known[w][n%2], random, 10000*(3*generation+w)+n); n++ {
			}
		})
	}
	work.Wait()
}

// verify demands all that was promised.
func (p *plant) verify() {
	p.t.Helper()
	texts := map[schema.ID]string{}
	p.acked = 0
	for _, pair := range p.known {
		for _, s := range pair {
			for _, v := range s.versions {
				p.verifyVersion(s, v, texts)
				p.acked++
			}
			p.verifyConfig(s)
		}
	}
}

func (p *plant) verifyVersion(s *subject, v *promised, texts map[schema.ID]string) {
	p.t.Helper()
	got, err := p.r.Version(p.t.Context(), s.name, v.number, registry.All)
	if err != nil || got.ID != v.id || got.Text != v.text {
		p.fatal("%s version %d was given id %d and %s; now it is %+v, %v", s.name, v.number, v.id, v.text, got, err)
	}
	if got.Deleted && !v.askedGone || !got.Deleted && v.toldGone {
		p.fatal("%s version %d: deleted %v; that was asked for: %v, and acknowledged: %v", s.name, v.number, got.Deleted, v.askedGone, v.toldGone)
	}
	if other, twice := texts[v.id]; twice && other != v.text {
		p.fatal("id %d was given to %s and to %s", v.id, other, v.text)
	}
	texts[v.id] = v.text
	if byID, err := p.r.ByID(p.t.Context(), "", v.id); err != nil || byID.Text != v.text {
		p.fatal("id %d was given to %s; now it is %s, %v", v.id, v.text, byID.Text, err)
	}
	v.askedGone, v.toldGone = got.Deleted, got.Deleted
}

func (p *plant) verifyConfig(s *subject) {
	p.t.Helper()
	c, err := p.r.Config(p.t.Context(), s.name)
	if errors.Is(err, registry.ErrNoSubjectConfig) {
		err = nil
	}
	ok := c.Level == s.level
	for _, level := range s.tried {
		ok = ok || c.Level == level
	}
	if err != nil || !ok {
		p.fatal("%s was given the level %q, then one of %v was tried; it is %q, %v", s.name, s.level, s.tried, c.Level, err)
	}
	s.level, s.tried = c.Level, nil
}

// The registry keeps its promises when the power goes at any call, under concurrent writers and beside its own compaction.
// PAWL_SEED plays a history again, as far as a scheduler can.
func TestTheRegistryKeepsItsPromisesWhenThePowerGoes(t *testing.T) {
	first, histories := uint64(time.Now().UnixNano()), uint64(60)
	if s, err := strconv.ParseUint(os.Getenv("PAWL_SEED"), 10, 64); err == nil {
		first = s
	}
	if os.Getenv("PAWL_SOAK") != "" {
		histories = 5000
	}
	t.Logf("PAWL_SEED=%d", first)
	acked := 0
	for n := range histories {
		p := &plant{t: t, seed: first + n, random: rand.New(rand.NewPCG(first+n, 1)), disk: vfs.NewMemory()}
		for w := range p.known {
			for i := range p.known[w] {
				p.known[w][i] = &subject{name: fmt.Sprintf("s-%d-%d", w, i)}
			}
		}
		for generation := range 4 {
			p.boot()
			p.verify()
			p.load(generation)
			p.powerGoes()
		}
		p.boot()
		p.verify()
		p.powerGoes()
		acked += p.acked
	}
	t.Logf("%d histories: %d versions were acknowledged, all of them found", histories, acked)
	if acked < 20*int(histories) {
		t.Error("too little was acknowledged: the test proves too little")
	}
}
