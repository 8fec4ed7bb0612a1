package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/history"
	"github.com/pawl-registry/pawl/tests/product"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 3
	records    = "records" // the topic that producers write to
	copies     = "copies"  // and the one that copiers make from it
)

// writers and copiers of transactions have these many ids.
const (
	writerIDs = 3
	copierIDs = 2
)

// world is a server that is killed and started again, and what is known of it.
type world struct {
	t         *testing.T
	bin, data string
	extra     []string
	random    *rand.Rand
	rounds    int
	round     int
	proxy     *proxy
	server    *product.Server
	h         *history.History
	offsets   positions // of followers, who go on where they were
}

func newWorld(t *testing.T) *world { return worldOf(t, product.Build(t)) }

func worldOf(t *testing.T, bin string) *world {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("PAWL_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("PAWL_SEED=%d", seed)
	w := &world{t: t, bin: bin, data: filepath.Join(t.TempDir(), "data"), random: rand.New(rand.NewPCG(seed, 1)), rounds: 20,
		proxy: newProxy(t, seed), h: history.New()}
	if os.Getenv("PAWL_SOAK") != "" {
		w.rounds = 200
	}
	return w
}

// start starts the server behind the proxy, whose address clients keep for as long as the test runs.
func (w *world) start() {
	w.t.Helper()
	w.server = product.Start(w.t, w.bin, w.data, append([]string{"--advertised", w.proxy.addr}, w.extra...)...)
	w.proxy.lead(w.server.Brokers)
	if w.round++; w.round == 1 {
		w.createTopics()
	}
}

func (w *world) createTopics() {
	w.t.Helper()
	cl := w.client()
	defer cl.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	for _, name := range []string{records, copies} {
		if res, err := kadm.NewClient(cl).CreateTopic(ctx, partitions, 1, nil, name); err != nil || res.Err != nil {
			w.t.Fatalf("create topic %s: %v %v", name, err, res.Err)
		}
	}
}

// client returns a client with options that do not wait long for a server that is being started.
func (w *world) client(opts ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(w.proxy.addr), kgo.ProducerLinger(0), kgo.MetadataMinAge(20 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond })}, opts...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return cl
}

// place names a partition in the history.
func place(topic string, partition int32) string { return fmt.Sprintf("%s/%d", topic, partition) }

// load is what goes on at one time.
type load struct {
	*world
	sync.WaitGroup
	ctx context.Context // ends with the load
}

// load lets clients loose for some milliseconds, and kills the server under them.
func (w *world) load(least, most int, begin func(*load)) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	l := &load{world: w, ctx: ctx}
	begin(l)
	time.Sleep(time.Duration(least+w.random.IntN(most-least)) * time.Millisecond)
	w.server.Kill()
	cancel()
	l.Wait()
	w.everybodyIsGone()
}

// cut lets clients loose for a time in which connections are cut.
func (w *world) cut(d time.Duration, begin func(*load)) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	l := &load{world: w, ctx: ctx}
	w.proxy.hostile.Store(true)
	begin(l)
	time.Sleep(d)
	w.proxy.hostile.Store(false)
	cancel()
	l.Wait()
	w.takeOver()
	w.everybodyIsGone()
}

// everybodyIsGone ends what clients had under way that do not outlive a round.
func (w *world) everybodyIsGone() {
	for i := range 3 {
		for _, name := range []string{"brief", "member", "modern", "writer", "copier"} {
			w.h.Gone(fmt.Sprintf("%s-%d", name, i))
		}
	}
}

// verify reads all there is, and holds the history against it.
func (w *world) verify(steady *steady) {
	w.t.Helper()
	steady.settle()
	w.takeOver()
	for _, topic := range []string{records, copies} {
		w.scan(topic, history.Uncommitted)
		w.scan(topic, history.Committed)
	}
	w.fetchOffsets()
	if found := w.h.Check(); len(found) > 0 || w.t.Failed() {
		w.t.Fatalf("round %d: %d anomalies:\n%s\nthe server said:\n%s", w.round, len(found), history.Report(found), w.server.Log())
	}
	w.h.Settle()
}

// takeOver ends what dead clients left open.
func (w *world) takeOver() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var ids []string
	for i := range writerIDs {
		ids = append(ids, fmt.Sprintf("writer-%d", i))
	}
	for i := range copierIDs {
		ids = append(ids, fmt.Sprintf("copier-%d", i))
	}
	for _, id := range ids {
		cl := w.client(kgo.TransactionalID(id))
		if _, _, err := cl.ProducerID(ctx); err != nil {
			w.t.Errorf("round %d: transactional id %s cannot be taken over: %v", w.round, id, err)
		}
		cl.Close()
	}
}

// report logs what happened in all.
func (w *world) report() history.Counts {
	c := w.h.Counts()
	w.t.Logf("%d rounds: %+v, no anomaly", w.round-1, c)
	return c
}
