// Package mutants_test breaks the product on purpose, one promise at a time, and demands that the tests which watch over these
// promises notice. The compiler is given a changed copy of a file in place of the file (go build -overlay), so nothing of this
// is in the product.
package mutants_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/tests/history"
)

// mutant is one change of the product, and what must be said of it.
type mutant struct {
	name     string
	file     string
	from, to string
	found    []history.Kind // one of them at least; or other words that are as clear
}

// lost are the ways in which something acknowledged can be missed.
var lost = []history.Kind{history.LostWrite, history.LostCommit, history.Unseen, history.TornTransaction}

// The broker on a disk that loses what was not synced.
var underPowerLoss = []mutant{
	{"the write-ahead log is not synced", "internal/seglog/log.go",
		"s := l.last()\n\tif err := s.f.Sync(); err != nil {", "s := l.last()\n\tif err := l.usable(op); err != nil {", lost},
	{"the names of new files of the write-ahead log are not synced", "internal/seglog/recover.go",
		"\treturn l.fs.SyncDir(l.dir)\n}", "\treturn nil\n}", lost},
	{"segments are not synced before the write-ahead log is let go", "broker/commitlog/local/files.go",
		"if err := h.Sync(); err != nil {", "if h == nil {", append([]history.Kind{"the broker does not open"}, lost...)},
	{"records are acknowledged before they are durable", "broker/produce.go",
		"if a.wait == nil {", "if a.wait != nil {", lost},
	{"committed offsets are acknowledged before they are durable", "broker/offsetlog.go",
		"o.Offset)\n\t}\n\treturn pending.Wait, nil", "o.Offset)\n\t}\n\treturn nil, nil", lost},
	{"batches that are sent again are appended again", "broker/txn/producers.go",
		"return Verdict{Duplicate: true, Base: a.base}, nil", "return Verdict{Base: a.base}, nil", []history.Kind{history.Duplicate}},
	{"the state of producers is not read from the log at a start", "broker/producers.go",
		"scan(ctx, p.log, from, func(", "scan(ctx, p.log, max(from, p.log.Bounds().HighWatermark), func(",
		[]history.Kind{history.Duplicate, history.AbortedRead, history.DirtyRead}},
	{"abort markers do not abort", "broker/txn/open.go",
		"if end == batch.Abort {", "if end == batch.Abort && ts == nil {", []history.Kind{history.AbortedRead, history.DirtyRead}},
	{"the last stable offset is the high watermark", "broker/stable.go",
		"if first := p.producers.FirstOpen(); first >= 0 {", "if first := p.producers.FirstOpen(); first >= 0 && p == nil {",
		[]history.Kind{history.AbortedRead, history.DirtyRead}},
	{"a transaction is marked in its first partition alone", "broker/transactions.go",
		"range s.Places {", "range s.Places[:1] {", append([]history.Kind{history.AbortedRead, history.DirtyRead}, lost...)},
	{"offsets of aborted transactions count", "broker/transactionoffsets.go",
		"if m.Type == batch.Commit {", "if m.Type == batch.Commit || m.Type == batch.Abort {",
		[]history.Kind{history.LostCommit, history.Unprocessed}},
}

// The whole server, whose connections are cut.
var underLostAnswers = []mutant{
	{"batches that are sent again are appended again", "broker/txn/producers.go",
		"return Verdict{Duplicate: true, Base: a.base}, nil", "return Verdict{Base: a.base}, nil", []history.Kind{history.Duplicate}},
	{"fetches of what is committed go to the high watermark", "broker/kafka/gathering.go",
		"if !g.committed {\n", "if !g.committed || f != nil {\n", []history.Kind{history.DirtyRead, history.AbortedRead}},
}

func TestTheCheckerFindsWhatThePowerTakes(t *testing.T) {
	for _, m := range underPowerLoss {
		t.Run(m.name, func(t *testing.T) {
			m.mustBeFound(t, []string{"PAWL_HISTORIES=400", "PAWL_SEED=1"}, "./tests/powerloss", "TestALossOfPowerUnderLoadBreaksNoPromise")
		})
	}
}

func TestTheCheckerFindsWhatLostAnswersLeave(t *testing.T) {
	for _, m := range underLostAnswers {
		t.Run(m.name, func(t *testing.T) {
			m.mustBeFound(t, []string{"PAWL_SEED=1"}, "./tests/crash", "TestLostAnswersChangeNothing")
		})
	}
}

const root = "../.."

// mustBeFound runs a test on the broken product. That it fails is not enough: it must name what is wrong.
func (m mutant) mustBeFound(t *testing.T, env []string, pkg, test string) {
	t.Helper()
	cmd := exec.Command("go", "test", "-count=1", "-timeout", "5m", "-run", "^"+test+"$", pkg)
	cmd.Dir = root
	cmd.Env = append(append(os.Environ(), env...), "GOFLAGS=-overlay="+m.overlay(t)) // the test may build the server: that too is broken
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("%s found nothing wrong", test)
	}
	named := slices.ContainsFunc(m.found, func(k history.Kind) bool { return strings.Contains(string(out), string(k)+": ") })
	if !named || strings.Contains(string(out), "[build failed]") {
		t.Fatalf("%s failed, and named none of %v:\n%.5000s", test, m.found, out)
	}
}

// overlay writes the changed file, and what tells the compiler of it. The text to change must be there, once.
func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.from); n != 1 {
		t.Fatalf("%s has %q %d times: the test must be taught what the code looks like now", m.file, m.from, n)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.from, m.to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
