package txn_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// The scripts of states are as those of producers. Every change of state is followed by its encoding and decoding. Commands:
//
//	init <now> [<producer> <epoch>]
//	add <now> <producer> <epoch> <partition>...
//	commit|abort <now> <producer> <epoch>     (version 1 of the protocol)
//	commit2|abort2 <now> <producer> <epoch>   (version 2)
//	complete <now>
//	fence <now>
//	overdue <now>
//	epoch <epoch>                             (a new id that has used up its epochs before that one)
//	restart                                   (what is not stored is forgotten)
func TestStates(t *testing.T) {
	files, err := filepath.Glob("testdata/states/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { runStates(t, name) })
	}
}

func runStates(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m := &states{t: t, state: txn.NewState(7), fresh: 100}
	var out strings.Builder
	for i, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		command, _, _ := strings.Cut(paragraph, "\n---\n")
		if i > 0 {
			out.WriteString("\n")
		}
		var lines []string
		for line := range strings.Lines(command) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, m.line(line))
			}
		}
		fmt.Fprintf(&out, "%s\n---\n%s\n", command, strings.Join(lines, "\n"))
	}
	if *update {
		if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), out.String()); diff != "" {
		t.Errorf("output differs (-want +got):\n%s", diff)
	}
}

type states struct {
	t     *testing.T
	state txn.State
	fresh int64
}

func (m *states) line(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	var next txn.State
	changed, err := true, error(nil)
	var now, producer int64
	var epoch int16
	switch verb {
	case "init":
		producer, epoch = -1, -1
		if len(strings.Fields(rest)) == 1 {
			m.scan(rest, &now)
		} else {
			m.scan(rest, &now, &producer, &epoch)
		}
		next, err = m.state.Init(txn.Init{Now: now, Timeout: 1000, Producer: producer, Epoch: epoch, Fresh: m.draw()})
	case "add":
		m.scan(rest, &now, &producer, &epoch)
		var places []txn.Place
		for _, p := range strings.Fields(rest)[3:] {
			place := txn.Place{Topic: p[:1]}
			m.scan(p[1:], &place.Partition)
			places = append(places, place)
		}
		next, changed, err = m.state.Add(txn.Add{Now: now, Producer: producer, Epoch: epoch, Places: places})
	case "commit", "abort", "commit2", "abort2":
		m.scan(rest, &now, &producer, &epoch)
		next, changed, err = m.state.End(txn.End{Now: now, Producer: producer, Epoch: epoch, Commit: strings.HasPrefix(verb, "commit"),
			Bump: strings.HasSuffix(verb, "2"), Fresh: m.draw()})
	case "complete":
		m.scan(rest, &now)
		next = m.state.Complete(now)
	case "fence":
		m.scan(rest, &now)
		next = m.state.Fence(now)
	case "overdue":
		m.scan(rest, &now)
		return fmt.Sprint(m.state.Overdue(now))
	case "epoch":
		m.scan(rest, &m.state.Epoch)
		return m.show()
	case "restart":
		m.state, err = txn.ParseValue(m.state.AppendValue(nil))
		if err != nil {
			m.t.Fatal(err)
		}
		return m.show()
	default:
		m.t.Fatalf("unknown command %q", line)
	}
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %s", fault.CodeOf(err).Name(), fault.DetailOf(err))
	case !changed:
		return "as it is: " + m.show()
	}
	m.state = next
	m.checkRecord()
	return m.show()
}

// draw returns a producer id that nobody has, if the state needs one.
func (m *states) draw() int64 {
	if !m.state.NeedsProducer() {
		return -1
	}
	m.fresh++
	return m.fresh
}

func (m *states) show() string {
	s := m.state
	text := fmt.Sprintf("%s, producer %d epoch %d", s.Status, s.Producer, s.Epoch)
	if len(s.Places) > 0 {
		text += fmt.Sprintf(", since %d in", s.Started)
		for _, p := range s.Places {
			text += fmt.Sprintf(" %s%d", p.Topic, p.Partition)
		}
	}
	if s.Next >= 0 {
		text += fmt.Sprintf(", then producer %d", s.Next)
	}
	if s.Previous >= 0 {
		text += fmt.Sprintf(", before producer %d", s.Previous)
	}
	return text
}

// checkRecord holds the record of the state to what the definition of Kafka's format makes of it.
func (m *states) checkRecord() {
	m.t.Helper()
	value := m.state.AppendValue(nil)
	back, err := txn.ParseValue(value)
	if err != nil {
		m.t.Fatal(err)
	}
	if diff := cmp.Diff(m.state, back, cmpopts.IgnoreUnexported(txn.State{}), cmpopts.EquateEmpty()); diff != "" {
		m.t.Errorf("the state changes on its way through a record (-want +got):\n%s", diff)
	}
	var k kmsg.TxnMetadataValue
	if err := k.ReadFrom(value); err != nil {
		m.t.Fatalf("Kafka cannot read the record: %v", err)
	}
	want := m.state
	got := txn.State{Producer: k.ProducerID, Epoch: k.ProducerEpoch, Timeout: k.TimeoutMillis, Status: txn.Status(k.State), Updated: k.LastUpdateTimestamp,
		Started: k.StartTimestamp, Previous: k.PreviousProducerID, Next: k.NextProducerID, Version: k.ClientTransactionVersion}
	for _, topic := range k.Topics {
		for _, p := range topic.Partitions {
			got.Places = append(got.Places, txn.Place{Topic: topic.Topic, Partition: p})
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(txn.State{}), cmpopts.EquateEmpty()); diff != "" {
		m.t.Errorf("Kafka reads the record differently (-want +got):\n%s", diff)
	}
	k.Version = 0
	k.PreviousProducerID, k.NextProducerID, k.ClientTransactionVersion = -1, -1, 0
	old, err := txn.ParseValue(k.AppendTo(nil))
	if err != nil || old.Producer != want.Producer || len(old.Places) != len(want.Places) {
		m.t.Errorf("a value of version 0 is read as %+v, %v", old, err)
	}
}

func (m *states) scan(args string, into ...any) {
	m.t.Helper()
	if _, err := fmt.Sscan(args, into...); err != nil {
		m.t.Fatalf("arguments %q: %v", args, err)
	}
}

func TestKeysAreKafkas(t *testing.T) {
	k := kmsg.TxnMetadataKey{TransactionalID: "my-app"}
	id, ok, err := txn.ParseKey(k.AppendTo(nil))
	if id != "my-app" || !ok || err != nil {
		t.Errorf("Kafka's key is read as %q, %v, %v", id, ok, err)
	}
	if got, want := txn.AppendKey(nil, "my-app"), k.AppendTo(nil); !cmp.Equal(got, want) {
		t.Errorf("the key is %x, Kafka's is %x", got, want)
	}
	if _, ok, err := txn.ParseKey([]byte{0, 9, 1, 2}); ok || err != nil {
		t.Errorf("a key of another version: %v, %v", ok, err)
	}
	if _, _, err := txn.ParseKey([]byte{0, 0, 0, 5, 'x'}); err == nil {
		t.Error("a key that is cut short is read")
	}
}

func FuzzParseValue(f *testing.F) {
	s, _, err := txn.NewState(7).Add(txn.Add{Producer: 7, Epoch: -1, Places: []txn.Place{{Topic: "a", Partition: 1}, {Topic: "b", Partition: 0}}})
	if err != nil {
		f.Fatal(err)
	}
	s.Previous, s.Next, s.Version = 1, 2, 2
	f.Add(s.AppendValue(nil))
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 15})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 1, 0x7f, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := txn.ParseValue(b)
		if err != nil {
			return
		}
		again, err := txn.ParseValue(s.AppendValue(nil))
		if err != nil {
			t.Fatalf("own record refused: %v", err)
		}
		if diff := cmp.Diff(s.AppendValue(nil), again.AppendValue(nil)); diff != "" {
			t.Fatalf("a record changes when it is read: %s", diff)
		}
	})
}
