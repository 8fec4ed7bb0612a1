package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/tests/history"
)

// player turns the lines of a script into calls.
type player struct {
	h            *history.History
	sends        map[string]*history.Send
	transactions map[string]*history.Transaction
	readers      map[string]*history.Reader
	commits      map[string]*history.Commit
	fetches      map[string]*history.Fetch
}

func newPlayer() *player {
	return &player{h: history.New(), sends: map[string]*history.Send{}, transactions: map[string]*history.Transaction{},
		readers: map[string]*history.Reader{}, commits: map[string]*history.Commit{}, fetches: map[string]*history.Fetch{}}
}

// option returns what follows a word, or nothing.
func option(words []string, name string) string {
	if i := slices.Index(words, name); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// play does what one line says. Its words are a client, what it does, and to what.
func (p *player) play(line string) error {
	w := strings.Fields(line)
	client, verb, rest := w[0], w[1], w[2:]
	switch verb {
	case "send", "ok", "refused":
		return p.send(client, verb, rest)
	case "begin":
		p.transactions[rest[0]] = p.h.Begin(client, rest[0])
	case "asks":
		p.transactions[rest[0]].Commit()
	case "committed":
		p.transactions[rest[0]].Committed()
	case "aborted":
		p.transactions[rest[0]].Aborted()
	case "gone":
		p.h.Gone(client)
	case "settle":
		p.h.Settle()
	case "compacts":
		p.h.Compacts(rest[0])
	case "trims":
		p.h.Trim(rest[0], number(rest[1]))
	case "assign", "poll", "done":
		return p.read(client, verb, rest)
	default:
		return p.offset(client, verb, rest)
	}
	return nil
}

// send plays "send VALUE PARTITION [in TRANSACTION] [key KEY] [tombstone yes] [from PARTITION@OFFSET]", "ok VALUE OFFSET" and
// "refused VALUE".
func (p *player) send(client, verb string, w []string) error {
	switch verb {
	case "ok":
		p.sends[w[0]].OK(number(w[1]))
	case "refused":
		p.sends[w[0]].Refused()
	default:
		r := history.Record{Value: w[0], Partition: w[1], Key: option(w, "key"), Tombstone: option(w, "tombstone") != ""}
		if partition, at, ok := strings.Cut(option(w, "from"), "@"); ok {
			r.Source = history.Source{Partition: partition, Offset: number(at)}
		}
		p.sends[w[0]] = p.h.Send(client, r, p.transactions[option(w, "in")])
	}
	return nil
}

// read plays "assign PARTITION OFFSET [committed]", "poll PARTITION OFFSET=VALUE..." and "done PARTITION".
func (p *player) read(client, verb string, w []string) error {
	switch verb {
	case "assign":
		if p.readers[client] == nil {
			isolation := history.Uncommitted
			if slices.Contains(w, "committed") {
				isolation = history.Committed
			}
			p.readers[client] = p.h.Reader(client, isolation)
		}
		p.readers[client].Assign(w[0], number(w[1]))
	case "poll":
		var all []history.Read
		for _, pair := range w[1:] {
			at, value, _ := strings.Cut(pair, "=")
			all = append(all, history.Read{Offset: number(at), Value: value})
		}
		p.readers[client].Poll(w[0], all...)
	default:
		p.readers[client].Done(w[0])
	}
	return nil
}

// offset plays "stores GROUP PARTITION OFFSET [in TRANSACTION]", "stored" and "unstored", which end the last of the client, and
// "asks-for GROUP PARTITION", "hears OFFSET", and "knows GROUP PARTITION OFFSET", which is both.
func (p *player) offset(client, verb string, w []string) error {
	switch verb {
	case "stores":
		p.commits[client] = p.h.CommitOffset(client, w[0], w[1], number(w[2]), p.transactions[option(w, "in")])
	case "stored":
		p.commits[client].OK()
	case "unstored":
		p.commits[client].Refused()
	case "asks-for":
		p.fetches[client] = p.h.FetchOffset(w[0], w[1])
	case "hears":
		p.fetches[client].OK(number(w[0]))
	case "knows":
		p.h.FetchOffset(w[0], w[1]).OK(number(w[2]))
	default:
		return fmt.Errorf("nobody can %q", verb)
	}
	return nil
}

// scripts returns the histories of a file: a line that says what it is about, what happened, dashes, and the kinds of anomalies.
func scripts(t *testing.T, file string) map[string][2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]string{}
	for part := range strings.SplitSeq(string(text), "\n\n") {
		title, body, ok := strings.Cut(strings.TrimSpace(part), "\n")
		events, want, dashes := strings.Cut(body+"\n", "----\n")
		name := strings.TrimPrefix(title, "# ")
		if _, twice := all[name]; !ok || !dashes || twice {
			t.Fatalf("%s: %q is no history, or there are two", file, title)
		}
		all[name] = [2]string{events, want}
	}
	return all
}

func found(t *testing.T, events string) []history.Anomaly {
	t.Helper()
	p := newPlayer()
	for line := range strings.Lines(events) {
		if err := p.play(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return p.h.Check()
}

func kinds(all []history.Anomaly) []string {
	var names []string
	for _, a := range all {
		names = append(names, string(a.Kind))
	}
	return names
}

func TestAnomaliesAreFound(t *testing.T) {
	covered := map[string]bool{}
	for name, s := range scripts(t, "anomalies.txt") {
		t.Run(name, func(t *testing.T) {
			all := found(t, s[0])
			if diff := cmp.Diff(strings.Fields(s[1]), kinds(all)); diff != "" {
				t.Errorf("anomalies (-want +got):\n%s\n%s", diff, history.Report(all))
			}
			for _, k := range kinds(all) {
				covered[k] = true
			}
		})
	}
	for _, k := range []history.Kind{history.LostWrite, history.Unseen, history.InconsistentOffsets, history.Duplicate, history.AbortedRead,
		history.DirtyRead, history.Phantom, history.TornTransaction, history.PollSkip, history.IntPollSkip, history.NonmonotonicPoll,
		history.IntNonmonotonicPoll, history.NonmonotonicSend, history.IntNonmonotonicSend, history.LostCommit, history.Reprocessed,
		history.Unprocessed} {
		if !covered[string(k)] {
			t.Errorf("no history shows %s", k)
		}
	}
}

func TestWhatIsLegalIsNoAnomaly(t *testing.T) {
	for name, s := range scripts(t, "legal.txt") {
		t.Run(name, func(t *testing.T) {
			if all := found(t, s[0]); len(all) > 0 || s[1] != "" {
				t.Errorf("found:\n%s", history.Report(all))
			}
		})
	}
}

// A pause in which everything was decided makes later readers answer for all that came before.
func TestSettledOutcomesStay(t *testing.T) {
	before := `w send a p
w begin t
w send b p in t
w ok b 1
w asks t
w send c p
w gone
r assign p 0
r poll p 0=a 1=b
r done p
rc assign p 0 committed
rc poll p 0=a 1=b
rc done p
w settle
`
	for _, tt := range []struct{ after, want string }{
		{"r2 assign p 0\nr2 poll p 0=a 1=b\nr2 done p", ""},
		{"r2 assign p 0\nr2 poll p 1=b\nr2 done p", "poll-skip"},
		{"r2 assign p 0\nr2 poll p 0=a\nr2 done p", "lost-write"},
		{"r2 assign p 0 committed\nr2 poll p 0=a\nr2 done p", "lost-write"},
		{"r2 assign p 0\nr2 poll p 0=a 1=b 2=c\nr2 done p", "aborted-read"},
	} {
		all := found(t, before+tt.after+"\n")
		if diff := cmp.Diff(strings.Fields(tt.want), append([]string{}, kinds(all)...)); diff != "" {
			t.Errorf("after %q (-want +got):\n%s\n%s", tt.after, diff, history.Report(all))
		}
	}
}

func TestCounts(t *testing.T) {
	p := newPlayer()
	for line := range strings.Lines("w send a p\nw ok a 0\nw send b p\nw send c p\nw refused c\nw begin t\nw aborted t\nw begin u\nw asks u\n" +
		"w committed u\nw begin v\ng stores g p 1\ng stored\ng stores g p 2\n") {
		if err := p.play(line); err != nil {
			t.Fatal(err)
		}
	}
	want := history.Counts{Sent: 3, Acknowledged: 1, Refused: 1, Unknown: 1, Committed: 1, Aborted: 1, Undecided: 1, Offsets: 1}
	if got := p.h.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
