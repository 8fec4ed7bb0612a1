package kafka_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// wired is a client that does nothing but send one request, again and again, and read its answers: what is measured is the server.
type wired struct {
	nc      net.Conn
	request []byte
	answer  []byte
}

func newWired(t testing.TB, addr string, r kmsg.Request) *wired {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &wired{nc: nc, request: frame(r, 1), answer: make([]byte, 16<<20)}
}

// ask returns the answer, whose size it left out.
func (w *wired) ask(t testing.TB) []byte {
	if _, err := w.nc.Write(w.request); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(w.nc, w.answer[:4]); err != nil {
		t.Fatal(err)
	}
	size := binary.BigEndian.Uint32(w.answer)
	if _, err := io.ReadFull(w.nc, w.answer[:size]); err != nil {
		t.Fatal(err)
	}
	return w.answer[:size]
}

// onDisk starts a server on the engine that pawl has, with one topic "t".
func onDisk(t testing.TB, d commitlog.Durability) (addr string, b *broker.Broker) {
	t.Helper()
	logs, err := local.Open(t.Context(), vfs.OS(t.TempDir()), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = logs.Close() })
	addr, b = start(t, setup{broker: broker.Options{Logs: logs, Durability: d}})
	makeTopic(t, addr, "t", 1, nil)
	return addr, b
}

// hundreds is a batch of n records of 100 bytes.
func hundreds(t testing.TB, n int) batch.Batch {
	t.Helper()
	records := make([]batch.Record, n)
	for i := range records {
		records[i] = batch.Record{Timestamp: 1000, Value: make([]byte, 100)}
	}
	b, err := batch.Build(nil, batch.Spec{}, records)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sizes are numbers of records in a batch: what a request costs in allocations must not depend on them.
var sizes = []int{1, 100, 9000}

func BenchmarkProduce(b *testing.B) {
	for _, d := range []struct {
		name       string
		durability commitlog.Durability
	}{{"fsync", commitlog.Fsync}, {"os", commitlog.OS}} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/records=%d", d.name, n), func(b *testing.B) {
				addr, _ := onDisk(b, d.durability)
				batch := hundreds(b, n)
				w := newWired(b, addr, produceRequest(9, "t", batch))
				b.SetBytes(int64(len(batch)))
				b.ReportAllocs()
				for b.Loop() {
					w.ask(b)
				}
			})
		}
	}
}

func BenchmarkFetch(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			w := reader(b, n)
			b.SetBytes(int64(len(w.ask(b))))
			b.ReportAllocs()
			for b.Loop() {
				w.ask(b)
			}
		})
	}
}

// reader fetches one batch of n records.
func reader(t testing.TB, n int) *wired {
	addr, b := onDisk(t, commitlog.OS)
	records := hundreds(t, n)
	newWired(t, addr, produceRequest(9, "t", records)).ask(t)
	r := fetchRequest(b, 12, "t", 0, 1<<20)
	w := newWired(t, addr, r)
	if got := len(w.ask(t)); got < len(records) {
		t.Fatalf("an answer of %d bytes, want %d at least", got, len(records))
	}
	return w
}

// slack is for what the runtime and the pools, which every garbage collection empties, allocate on their own.
const slack = 8

func TestAllocationsDoNotGrowWithTheRecords(t *testing.T) {
	cost := func(n int, prepare func(n int) *wired) float64 {
		w := prepare(n)
		for range 20 { // until buffers and tables have their size
			w.ask(t)
		}
		return testing.AllocsPerRun(100, func() { w.ask(t) })
	}
	for name, prepare := range map[string]func(n int) *wired{
		"Produce": func(n int) *wired {
			addr, _ := onDisk(t, commitlog.OS)
			return newWired(t, addr, produceRequest(9, "t", hundreds(t, n)))
		},
		"Fetch": func(n int) *wired { return reader(t, n) },
	} {
		few, many := cost(sizes[0], prepare), cost(sizes[len(sizes)-1], prepare)
		if many > few+slack {
			t.Errorf("%s allocates %.0f times for %d record and %.0f times for %d", name, few, sizes[0], many, sizes[len(sizes)-1])
		}
	}
}
