package local_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/internal/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openEngine(t testing.TB, fsys vfs.FS, o local.Options) *local.Engine {
	t.Helper()
	e, err := local.Open(t.Context(), fsys, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func openLog(t testing.TB, e commitlog.Engine, name string) commitlog.Log {
	t.Helper()
	l, err := e.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("Open %s: %v", name, err)
	}
	return l
}

func TestExam(t *testing.T) {
	systems := map[string]func(t *testing.T) vfs.FS{
		"os":     func(t *testing.T) vfs.FS { return vfs.OS(t.TempDir()) },
		"memory": func(*testing.T) vfs.FS { return vfs.NewMemory() },
	}
	small := local.Options{SegmentBytes: 300, WALSegmentBytes: 2000, CheckpointBytes: 1500, OpenFiles: 2}
	for name, system := range systems {
		for _, o := range []local.Options{{WALSegmentBytes: 1 << 20}, small} {
			t.Run(fmt.Sprintf("%s segments of %d", name, o.SegmentBytes), func(t *testing.T) {
				logtest.Run(t, func(t *testing.T) logtest.Fixture {
					fsys := system(t)
					return logtest.Fixture{
						Engine: openEngine(t, fsys, o),
						Reopen: func(t *testing.T) commitlog.Engine { return openEngine(t, fsys, o) },
					}
				})
			})
		}
	}
}

// tagged is a batch of n records that carry a number.
func tagged(t testing.TB, tag, n int) batch.Batch {
	t.Helper()
	var rs []batch.Record
	for range n {
		rs = append(rs, batch.Record{Timestamp: int64(tag), Value: fmt.Appendf(nil, "batch %d", tag)})
	}
	b, err := batch.Build(nil, batch.Spec{}, rs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
