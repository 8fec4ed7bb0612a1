package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/product"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// each is how many records a transaction writes, over all partitions.
const each = 7

// outcome is what a client knows of the end of a transaction.
type outcome string

const (
	committed outcome = "committed" // and acknowledged
	aborted   outcome = "aborted"   // and acknowledged
	unknown   outcome = "unknown"   // asked to commit; the server was killed
	open      outcome = "open"      // nobody asked for its end
)

// outcomes are by the name of the transaction.
type outcomes struct {
	mu  sync.Mutex
	all map[string]outcome
}

func (o *outcomes) set(name string, what outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[name] = what
}

// Whatever moment the server is killed at, those who read what is committed see each transaction whole or not at all, each
// that was acknowledged, and none that was aborted or never ended.
func TestTransactionsAreWholeAfterKill9(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	bin := product.Build(t)
	data := filepath.Join(t.TempDir(), "data")
	o := &outcomes{all: map[string]outcome{}}
	kills := rounds() / 2
	for round := range kills {
		s := product.Start(t, bin, data)
		if round == 0 {
			createTopic(t, s)
		}
		o.verify(t, s, round)
		if t.Failed() {
			t.Fatalf("round %d; the server said:\n%s", round, s.Log())
		}
		o.load(t, s, round, time.Duration(200+random.IntN(600))*time.Millisecond)
	}
	s := product.Start(t, bin, data)
	o.verify(t, s, kills)
	counts := map[outcome]int{}
	for _, what := range o.all {
		counts[what]++
	}
	t.Logf("%d kills: %v", kills, counts)
	if counts[committed] < 5*kills || counts[aborted] < kills || counts[open]+counts[unknown] == 0 {
		t.Errorf("%v in %d rounds: the test proves too little", counts, kills)
	}
}

func transactionalClient(s *product.Server, writer int) (*kgo.Client, error) {
	return kgo.NewClient(kgo.SeedBrokers(s.Brokers), kgo.DefaultProduceTopic(topicName), kgo.TransactionalID(fmt.Sprintf("crash-%d", writer)),
		kgo.ProducerLinger(0), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
}

func (o *outcomes) load(t *testing.T, s *product.Server, round int, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after+30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { o.write(ctx, t, s, round, w) })
	}
	time.Sleep(after)
	s.Kill()
	cancel()
	wg.Wait()
}

// write runs transactions until the server is gone: two of three are to be committed.
func (o *outcomes) write(ctx context.Context, t *testing.T, s *product.Server, round, writer int) {
	cl, err := transactionalClient(s, writer)
	if err != nil {
		t.Error(err)
		return
	}
	defer cl.Close()
	defer context.AfterFunc(ctx, cl.Close)() // else a call whose server is gone never returns
	for i := 0; ctx.Err() == nil && s.Alive(); i++ {
		name := fmt.Sprintf("%d/%d/%d", round, writer, i)
		if err := cl.BeginTransaction(); err != nil {
			return
		}
		o.set(name, open)
		batch := make([]*kgo.Record, each)
		for j := range batch {
			batch[j] = kgo.StringRecord(name)
		}
		if cl.ProduceSync(ctx, batch...).FirstErr() != nil {
			return
		}
		commit := i%3 != 0
		if commit {
			o.set(name, unknown)
		}
		if cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)) != nil {
			return
		}
		if o.set(name, aborted); commit {
			o.set(name, committed)
		}
	}
}

// verify takes the transactional ids over, which ends what the killed clients left open, and reads what is committed.
func (o *outcomes) verify(t *testing.T, s *product.Server, round int) {
	t.Helper()
	if round == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for w := range writers {
		cl, err := transactionalClient(s, w)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := cl.ProducerID(ctx); err != nil {
			t.Errorf("round %d: transactional id %d cannot be taken over: %v", round, w, err)
		}
		cl.Close()
	}
	found := readCommitted(t, s)
	o.check(t, round, found)
	for name, what := range o.all {
		if what == committed && found[name] != each {
			t.Errorf("round %d: transaction %s was acknowledged with %d records; %d are there", round, name, each, found[name])
		}
	}
}

// check refuses what must never be read.
func (o *outcomes) check(t *testing.T, round int, found map[string]int) {
	t.Helper()
	for name, n := range found {
		switch what, known := o.all[name]; {
		case !known || what == aborted || what == open:
			t.Errorf("round %d: %d records of transaction %s are read, which is %q", round, n, name, what)
		case n > each:
			t.Errorf("round %d: %d records of transaction %s are read, it wrote %d", round, n, name, each)
		}
	}
}

// readCommitted reads the topic up to the last stable offsets, and counts the records of each transaction.
func readCommitted(t *testing.T, s *product.Server) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers), kgo.ConsumeTopics(topicName), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListCommittedOffsets(ctx, topicName)
	if err != nil || ends.Error() != nil {
		t.Fatal(err, ends.Error())
	}
	// The last record of a partition may be withheld, but then a marker follows it: with control records kept, each partition
	// shows its last offset, once nothing is open.
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	found := map[string]int{}
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("%v; partitions left: %v", err, left)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				found[string(r.Value)]++
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return found
}
