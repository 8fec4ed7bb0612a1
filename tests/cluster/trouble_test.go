package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/tests/product"
)

// What the servers promise together while they are killed and the database crashes, hangs and cuts them off, in rounds with a
// database of their own. PAWL_SOAK asks for fifty.
func TestNothingIsLostOrDoubledInTrouble(t *testing.T) {
	rounds := 5
	if os.Getenv("PAWL_SOAK") != "" {
		rounds = 50
	}
	bin := product.Build(t)
	for n := range rounds {
		t.Run(fmt.Sprintf("round %d", n+1), func(t *testing.T) { newRound(t, bin, uint64(n)).run() })
	}
}

const (
	clients  = 32
	progress = 120 // acknowledgements between two troubles
	window   = 48  // contents that are registered at a time; it moves on, so that there is always something new
)

// round is two servers on one database, with clients that register through both.
type round struct {
	*testing.T
	bin   string
	chaos *rand.Rand
	nodes [2]*member

	stop    chan struct{} // closed when the clients shall end
	acked   atomic.Int64
	refused atomic.Int64
	failed  atomic.Int64
	book    book
}

// member is one of the servers, through all its lives.
type member struct {
	data string
	life atomic.Pointer[node]
}

func newRound(t *testing.T, bin string, seed uint64) *round {
	t.Setenv("PAWL_STORE", database.Database(t))
	r := &round{T: t, bin: bin, chaos: rand.New(rand.NewPCG(seed, 1)), stop: make(chan struct{}), book: newBook()}
	for i := range r.nodes {
		r.nodes[i] = &member{data: t.TempDir()}
		r.start(r.nodes[i])
	}
	return r
}

func (r *round) start(m *member) {
	s := product.Start(r.T, r.bin, m.data)
	c, err := client.New(client.Options{URLs: []string{s.Registry}, Retries: -1, HTTPClient: &http.Client{Timeout: 20 * time.Second}})
	if err != nil {
		r.Fatal(err)
	}
	m.life.Store(&node{s, c})
}

func (r *round) run() {
	r.configure()
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() { r.client(rand.New(rand.NewPCG(uint64(n), 2))) })
	}
	stop := sync.OnceFunc(func() {
		close(r.stop)
		all.Wait()
	})
	defer stop()
	troubles := []func(){r.killOne, r.killBoth, r.crash, r.hang, r.cut, r.killWhileDown}
	r.chaos.Shuffle(len(troubles), func(i, j int) { troubles[i], troubles[j] = troubles[j], troubles[i] })
	for _, trouble := range troubles {
		r.await(progress)
		trouble()
	}
	r.await(progress)
	stop()
	r.Logf("%d acknowledged, %d refused, %d failed", r.acked.Load(), r.refused.Load(), r.failed.Load())
	r.judge()
}

// await waits until the clients have had n more registrations acknowledged.
func (r *round) await(n int64) {
	r.Helper()
	goal := r.acked.Load() + n
	for deadline := time.Now().Add(60 * time.Second); r.acked.Load() < goal && !r.Failed(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("the registry does not recover; the servers say:\n%s\n%s", r.nodes[0].life.Load().Log(), r.nodes[1].life.Load().Log())
		}
	}
}

func (r *round) killOne() {
	m := r.nodes[r.chaos.IntN(2)]
	m.life.Load().Kill()
	r.start(m)
}

func (r *round) killBoth() {
	for _, m := range r.nodes {
		m.life.Load().Kill()
	}
	for _, m := range r.nodes {
		r.start(m)
	}
}

func (r *round) crash() {
	database.Crash()
	r.revive()
}

func (r *round) revive() {
	if err := database.Revive(); err != nil {
		r.Fatal(err)
	}
}

// killWhileDown kills a server that cannot reach the database, and starts it when the database is back.
func (r *round) killWhileDown() {
	database.Crash()
	m := r.nodes[r.chaos.IntN(2)]
	m.life.Load().Kill()
	r.revive()
	r.start(m)
}

// hang stops the database for a moment, and kills a server that waits for it.
func (r *round) hang() {
	if err := database.Hang(); err != nil {
		r.Fatal(err)
	}
	m := r.nodes[r.chaos.IntN(2)]
	m.life.Load().Kill()
	if err := database.Resume(); err != nil {
		r.Fatal(err)
	}
	r.start(m)
}

func (r *round) cut() {
	database.Execute(r.T, database.Admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pawl'`)
}

// client registers what others register, too, through either server, until it is told to stop. What was acknowledged it reads
// through the other one.
func (r *round) client(random *rand.Rand) {
	for {
		select {
		case <-r.stop:
			return
		default:
		}
		i, s, n := random.IntN(2), random.IntN(len(subjects)), int(r.acked.Load())/8+random.IntN(window)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		res, err := r.nodes[i].life.Load().RegisterSchema(ctx, subjects[s].name, content(n), client.WriteOptions{})
		switch {
		case err == nil:
			r.acked.Add(1)
			r.book.add(r.T, ack{subject: s, content: n, id: res.ID, version: res.Version})
			r.readBack(ctx, r.nodes[1-i].life.Load(), s, n, res.ID)
		case errors.Is(err, client.ErrIncompatible) && subjects[s].level != "NONE":
			r.refused.Add(1)
		default:
			r.tolerate(err)
		}
		cancel()
	}
}

// readBack looks up what was acknowledged at the other server, which must know it or say that it cannot tell.
func (r *round) readBack(ctx context.Context, at *node, s, n, id int) {
	found, err := at.LookupSchema(ctx, subjects[s].name, content(n), client.Live, client.WriteOptions{})
	if err != nil {
		r.tolerate(err)
		return
	}
	if found.ID != id {
		r.Errorf("%s: content %d has ID %d at one server and %d at the other", subjects[s].name, n, id, found.ID)
	}
}

// tolerate accepts that a server is gone or that its store cannot answer, and nothing else. It lets the caller rest.
func (r *round) tolerate(err error) {
	r.failed.Add(1)
	time.Sleep(20 * time.Millisecond)
	var status *client.StatusError
	if errors.As(err, &status) && status.Status != http.StatusServiceUnavailable {
		r.Errorf("a wrong answer: %v", err)
	}
}
