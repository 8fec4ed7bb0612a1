// Package crash_test kills the server with kill -9 in the middle of concurrent registrations and produces, again and again
// over one data folder, and checks that everything that was acknowledged is there, under the same ids and offsets, and that
// transactions are whole or not there at all.
package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/product"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	writers    = 4
	partitions = 3
	topicName  = "crash"
)

func rounds() int {
	if os.Getenv("PAWL_SOAK") != "" {
		return 200
	}
	return 20
}

// history is what the server acknowledged.
type history struct {
	mu      sync.Mutex
	schemas []schemaAck
	records map[int32]map[int64]string // partition -> offset -> value
}

type schemaAck struct {
	subject string
	version int
	id      int
	text    string
}

func TestWhatWasAcknowledgedSurvivesKill9(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	bin := product.Build(t)
	data := filepath.Join(t.TempDir(), "data")
	h := &history{records: map[int32]map[int64]string{}}

	for round := range rounds() {
		s := product.Start(t, bin, data)
		if round == 0 {
			createTopic(t, s)
		}
		h.verify(t, s, round)
		if t.Failed() {
			t.Fatalf("round %d; the server said:\n%s", round, s.Log())
		}
		h.load(t, s, round, time.Duration(100+random.IntN(600))*time.Millisecond)
	}
	s := product.Start(t, bin, data)
	h.verify(t, s, rounds())
	n := 0
	for _, p := range h.records {
		n += len(p)
	}
	t.Logf("%d kills: %d schemas and %d records acknowledged, all of them found", rounds(), len(h.schemas), n)
	if len(h.schemas) < 5*rounds() || n < 20*rounds() {
		t.Errorf("only %d schemas and %d records were acknowledged in %d rounds: the test proves too little", len(h.schemas), n, rounds())
	}
}

func createTopic(t *testing.T, s *product.Server) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if res, err := kadm.NewClient(cl).CreateTopic(ctx, partitions, 1, nil, topicName); err != nil || res.Err != nil {
		t.Fatalf("create topic: %v %v", err, res.Err)
	}
}

// load writes from several goroutines until the server is killed after the given time.
func (h *history) load(t *testing.T, s *product.Server, round int, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after+30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { h.register(ctx, s, round, w) })
		wg.Go(func() { h.produce(ctx, t, s, round, w) })
	}
	time.Sleep(after)
	s.Kill()
	cancel()
	wg.Wait()
}

func (h *history) register(ctx context.Context, s *product.Server, round, writer int) {
	for i := 0; ctx.Err() == nil && s.Alive(); i++ {
		ack := schemaAck{subject: fmt.Sprintf("crash-%d-%d", writer, i%3)}
		text := fmt.Sprintf(`{"type":"record","name":"R","fields":[{"name":"f_%d_%d_%d","type":"int","default":%d}]}`, round, writer, i, i)
		body, _ := json.Marshal(map[string]string{"schema": text})
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.Registry+"/subjects/"+ack.subject+"/versions", bytes.NewReader(body))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		answer := struct{ ID, Version int }{}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			continue
		}
		ack.id, ack.version, ack.text = answer.ID, answer.Version, text
		h.mu.Lock()
		h.schemas = append(h.schemas, ack)
		h.mu.Unlock()
	}
}

func (h *history) produce(ctx context.Context, t *testing.T, s *product.Server, round, writer int) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers), kgo.DefaultProduceTopic(topicName), kgo.ProducerLinger(0),
		kgo.AllowIdempotentProduceCancellation()) // else a call whose server is gone never returns
	if err != nil {
		t.Error(err)
		return
	}
	defer cl.Close()
	for i := 0; ctx.Err() == nil && s.Alive(); i++ {
		batch := make([]*kgo.Record, 0, 10)
		for j := range cap(batch) {
			value := fmt.Sprintf("%d/%d/%d/%d", round, writer, i, j)
			batch = append(batch, &kgo.Record{Key: fmt.Appendf(nil, "%d", j), Value: []byte(value)})
		}
		for _, r := range cl.ProduceSync(ctx, batch...) {
			if r.Err == nil {
				h.acknowledge(t, r.Record)
			}
		}
	}
}

func (h *history) acknowledge(t *testing.T, r *kgo.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.records[r.Partition] == nil {
		h.records[r.Partition] = map[int64]string{}
	}
	if was, twice := h.records[r.Partition][r.Offset]; twice {
		t.Errorf("offset %d of partition %d was acknowledged for %q and again for %q", r.Offset, r.Partition, was, r.Value)
	}
	h.records[r.Partition][r.Offset] = string(r.Value)
}

func (h *history) verify(t *testing.T, s *product.Server, round int) {
	t.Helper()
	for _, ack := range h.schemas {
		h.verifySchema(t, s, ack)
	}
	h.verifyRecords(t, s, round)
}

func (h *history) verifySchema(t *testing.T, s *product.Server, ack schemaAck) {
	t.Helper()
	res, err := http.Get(fmt.Sprintf("%s/subjects/%s/versions/%d", s.Registry, ack.subject, ack.version))
	if err != nil {
		t.Errorf("%s version %d: %v", ack.subject, ack.version, err)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	got := struct {
		ID     int
		Schema string
	}{}
	if err := json.Unmarshal(body, &got); err != nil || got.ID != ack.id || got.Schema != ack.text {
		t.Errorf("%s version %d was acknowledged with id %d and %s; the server now says %d %s", ack.subject, ack.version, ack.id, ack.text, res.StatusCode, body)
	}
}

func (h *history) verifyRecords(t *testing.T, s *product.Server, round int) {
	t.Helper()
	found, values := readAll(t, s)
	for p, acks := range h.records {
		for offset, value := range acks {
			if got, ok := found[p][offset]; !ok || got != value {
				t.Errorf("round %d: offset %d of partition %d was acknowledged for %q; the server now has %q", round, offset, p, value, got)
			}
		}
		for offset := range int64(len(found[p])) {
			if _, ok := found[p][offset]; !ok {
				t.Errorf("round %d: partition %d has no offset %d: a gap", round, p, offset)
			}
		}
	}
	for value, times := range values {
		if times > 1 {
			t.Errorf("round %d: %q is there %d times, though its producer was idempotent", round, value, times)
		}
	}
}

// readAll reads the topic from the start to the high watermarks.
func readAll(t *testing.T, s *product.Server) (found map[int32]map[int64]string, values map[string]int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers), kgo.ConsumeTopics(topicName), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, topicName)
	if err != nil || ends.Error() != nil {
		t.Fatalf("list end offsets: %v %v", err, ends.Error())
	}
	want := int64(0)
	ends.Each(func(o kadm.ListedOffset) { want += o.Offset })
	found, values = map[int32]map[int64]string{}, map[string]int{}
	for n := int64(0); n < want; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("read %d of %d records: %v", n, want, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if found[r.Partition] == nil {
				found[r.Partition] = map[int64]string{}
			}
			found[r.Partition][r.Offset] = string(r.Value)
			values[string(r.Value)]++
			n++
		})
	}
	return found, values
}
