package logfiles_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/logfiles"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// data is a folder with one log of three batches: an idempotent one, a marker, and one with bytes that are no text.
func data(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	e, err := local.Open(t.Context(), vfs.OS(dir), local.Options{WALSegmentBytes: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	l, err := e.Open(t.Context(), "t-0")
	if err != nil {
		t.Fatal(err)
	}
	first, err := batch.Build(nil, batch.Spec{Transactional: true, Producer: &batch.Producer{ID: 4, Epoch: 1, BaseSequence: 9}}, []batch.Record{
		{Timestamp: 1, Key: []byte("k"), Value: []byte("v"), Headers: []batch.Header{{Key: "h", Value: []byte("x")}}},
		{Timestamp: 2, Key: []byte("k")},
	})
	if err != nil {
		t.Fatal(err)
	}
	last, err := batch.Build(nil, batch.Spec{}, []batch.Record{{Timestamp: 3, Value: []byte{0xff}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []batch.Batch{first, batch.BuildMarker(batch.Marker{Type: batch.Commit, ProducerID: 4, ProducerEpoch: 1, Timestamp: 2}), last} {
		if _, err := l.Append(t.Context(), b, commitlog.Fsync); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func run(t *testing.T, output string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, talk bytes.Buffer
	a := &cli.App{Out: &out, Err: &talk, Lookup: func(string) (string, bool) { return "", false }, Output: output}
	c := logfiles.Command(a)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err = c.ExecuteContext(t.Context())
	return out.String(), talk.String(), err
}

func TestRecordsAreDumpedAsTheyAre(t *testing.T) {
	dir := data(t)
	out, _, err := run(t, "json", "dump", "t-0", "--records", "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"log":"t-0","offset":0,"timestamp":"1970-01-01T00:00:00.001Z","key":"k","value":"v","headers":[{"key":"h","value":"x"}]}
{"log":"t-0","offset":1,"timestamp":"1970-01-01T00:00:00.002Z","key":"k","value":null}
{"log":"t-0","offset":2,"timestamp":"1970-01-01T00:00:00.002Z","marker":"commit","key":"\u0000\u0000\u0000\u0001","value":"\u0000\u0000\u0000\u0000\u0000\u0000"}
{"log":"t-0","offset":3,"timestamp":"1970-01-01T00:00:00.003Z","key":null,"value":{"base64":"/w=="}}
`
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	out, _, err = run(t, "text", "dump", "t-0", "--records", "--data", dir)
	want = `t-0  0  1970-01-01T00:00:00.001Z  "k" = "v"  h: "x"
t-0  1  1970-01-01T00:00:00.002Z  "k" = null
t-0  2  1970-01-01T00:00:00.002Z  commit
t-0  3  1970-01-01T00:00:00.003Z  null = "\xff"
`
	if err != nil || out != want {
		t.Errorf("got %v\n%swant\n%s", err, out, want)
	}
}

func TestBatchesAreDumpedWithTheirPlace(t *testing.T) {
	dir := data(t)
	out, _, err := run(t, "json", "dump", "t-0", "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines: %s", len(lines), out)
	}
	var first, second map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(lines[1]), &second); err != nil {
		t.Fatal(err)
	}
	if first["producerId"] != 4.0 || first["baseSequence"] != 9.0 || first["lastOffset"] != 1.0 || second["control"] != true || second["at"] != first["bytes"] {
		t.Errorf("got %s", out)
	}
}

func TestDamageIsNamedAndExitsWithFindings(t *testing.T) {
	dir := data(t)
	if out, _, err := run(t, "text", "verify", "--data", dir); err != nil || !strings.Contains(out, "t-0: 1 segments") || !strings.Contains(out, "sound") {
		t.Fatalf("before: %s, %v", out, err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "logs", "*", "*.log"))
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	b, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	b[batch.HeaderSize+2] ^= 1
	if err := os.WriteFile(all[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err := run(t, "text", "verify", "--data", dir)
	if cli.Status(err) != cli.Findings || !strings.Contains(out, "damage: logs/0000000001-t-0/00000000000000000000.log, byte 0: ") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	out, talk, err := run(t, "text", "dump", "t-0", "--records", "--data", dir)
	if cli.Status(err) != cli.Findings || !strings.Contains(talk, "byte 0") || !strings.Contains(out, "commit") {
		t.Errorf("dump: %v\n%s\n%s", err, out, talk)
	}
}

func TestARunningServerKeepsReadersAway(t *testing.T) {
	dir := data(t)
	held, err := vfs.Lock(vfs.OS(dir), "LOCK")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, _, err := run(t, "text", "verify", "--data", dir); cli.Status(err) != cli.Unavailable || !strings.Contains(cli.Message(err), "--force-read") {
		t.Errorf("got %v", err)
	}
	if _, _, err := run(t, "text", "verify", "--data", dir, "--force-read"); err != nil {
		t.Errorf("forced: %v", err)
	}
}
