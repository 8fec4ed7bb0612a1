package txn_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// A script is paragraphs of one command, a line of dashes, and what it prints. Commands:
//
//	append <producer> <epoch> <first sequence> <records> [<time>]
//	expire <time>
//	write <producer> <epoch> <first sequence> <records>     (append, in a transaction)
//	commit|abort <producer> <epoch>                          (its marker)
//	stable                                                   (where the first open transaction begins)
//	aborted <from> <to>
//	trim <start>
//	snapshot            (and restore into a fresh machine)
//	show
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { runScript(t, name) })
	}
}

func runScript(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, producers: txn.NewProducers(4)}
	var out strings.Builder
	for i, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		command, _, _ := strings.Cut(paragraph, "\n---\n")
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n---\n%s\n", command, s.run(command))
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

type script struct {
	t         *testing.T
	producers *txn.Producers
	end       batch.Offset
}

func (s *script) run(command string) string {
	var lines []string
	for line := range strings.Lines(command) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, s.line(line))
		}
	}
	return strings.Join(lines, "\n")
}

func (s *script) line(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "append":
		return s.append(rest)
	case "write":
		at := s.end
		text := s.append(rest)
		if s.end > at {
			var producer int64
			s.scan(rest, &producer)
			s.producers.Begin(producer, at)
		}
		return text
	case "commit", "abort":
		m := batch.Marker{Type: batch.Abort}
		if verb == "commit" {
			m.Type = batch.Commit
		}
		s.scan(rest, &m.ProducerID, &m.ProducerEpoch)
		s.producers.Mark(m, s.end, 0)
		s.end++
		return fmt.Sprintf("marker at %d", s.end-1)
	case "stable":
		return fmt.Sprintf("open from %d: %v; the first ever at %d", s.producers.FirstOpen(), s.producers.Open(), s.producers.Began())
	case "aborted":
		var from, to batch.Offset
		s.scan(rest, &from, &to)
		return fmt.Sprintf("%v", s.producers.Aborted(from, to))
	case "trim":
		var start batch.Offset
		s.scan(rest, &start)
		s.producers.Trim(start)
		return "trimmed"
	case "expire":
		var at int64
		s.scan(rest, &at)
		s.producers.Expire(at)
		return fmt.Sprintf("%d left", s.producers.Len())
	case "snapshot":
		fresh := txn.NewProducers(4)
		if err := fresh.Restore(s.producers.AppendSnapshot(nil)); err != nil {
			return err.Error()
		}
		s.producers = fresh
		return fmt.Sprintf("%d restored", s.producers.Len())
	case "show":
		var out []string
		for _, a := range s.producers.Active() {
			out = append(out, fmt.Sprintf("producer %d epoch %d last %d at %d", a.Producer, a.Epoch, a.Last, a.At))
		}
		return strings.Join(out, "\n")
	}
	s.t.Fatalf("unknown command %q", line)
	return ""
}

func (s *script) append(args string) string {
	var b txn.Batch
	var at int64
	if n := len(strings.Fields(args)); n == 5 {
		s.scan(args, &b.Producer, &b.Epoch, &b.First, &b.Count, &at)
	} else {
		s.scan(args, &b.Producer, &b.Epoch, &b.First, &b.Count)
	}
	v, err := s.producers.Judge(b)
	if err != nil {
		return fmt.Sprintf("%s: %s", fault.CodeOf(err).Name(), fault.DetailOf(err))
	}
	if v.Duplicate {
		return fmt.Sprintf("duplicate of %d", v.Base)
	}
	base := s.end
	s.producers.Record(b, base, at)
	s.end += batch.Offset(b.Count)
	return fmt.Sprintf("at %d", base)
}

func (s *script) scan(args string, into ...any) {
	if _, err := fmt.Sscan(args, into...); err != nil {
		s.t.Fatalf("arguments %q: %v", args, err)
	}
}

func FuzzRestore(f *testing.F) {
	ps := txn.NewProducers(4)
	ps.Record(txn.Batch{Producer: 7, Epoch: 1, First: 0, Count: 3}, 10, 99)
	f.Add(ps.AppendSnapshot(nil))
	f.Add([]byte{1, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		ps := txn.NewProducers(4)
		if ps.Restore(b) != nil {
			return
		}
		again := txn.NewProducers(4)
		once := ps.AppendSnapshot(nil)
		if err := again.Restore(once); err != nil {
			t.Fatalf("own snapshot refused: %v", err)
		}
		if !bytes.Equal(once, again.AppendSnapshot(nil)) {
			t.Fatal("a snapshot changes when it is restored")
		}
	})
}
