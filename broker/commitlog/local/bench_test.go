package local_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// kibibytes is a batch of records of 1 KiB each.
func kibibytes(b *testing.B, n int) batch.Batch {
	b.Helper()
	rs := make([]batch.Record, n)
	for i := range rs {
		rs[i].Value = make([]byte, 1<<10)
	}
	made, err := batch.Build(nil, batch.Spec{}, rs)
	if err != nil {
		b.Fatal(err)
	}
	return made
}

// BenchmarkAppend appends batches of 64 records of 1 KiB: one writer a partition, one batch in flight each.
func BenchmarkAppend(b *testing.B) {
	for _, d := range []struct {
		name       string
		durability commitlog.Durability
	}{{"fsync", commitlog.Fsync}, {"os", commitlog.OS}} {
		for _, partitions := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/partitions=%d", d.name, partitions), func(b *testing.B) {
				e := openEngine(b, vfs.OS(b.TempDir()), local.Options{})
				appendAll(b, e, partitions, d.durability)
			})
		}
	}
}

func appendAll(b *testing.B, e *local.Engine, partitions int, d commitlog.Durability) {
	b.Helper()
	var logs []commitlog.Log
	for i := range partitions {
		logs = append(logs, openLog(b, e, fmt.Sprintf("bench-%d", i)))
	}
	proto := kibibytes(b, 64)
	b.SetBytes(int64(len(proto)))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, l := range logs {
		wg.Go(func() {
			mine := append(batch.Batch(nil), proto...)
			for n := i; n < b.N; n += partitions {
				if _, err := l.Append(b.Context(), mine, d); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkRead reads 256 MiB from the page cache, 1 MiB at a time.
func BenchmarkRead(b *testing.B) {
	e := openEngine(b, vfs.OS(b.TempDir()), local.Options{})
	l := openLog(b, e, "bench-0")
	proto := kibibytes(b, 64)
	for range 4096 {
		if _, err := l.Append(b.Context(), proto, commitlog.OS); err != nil {
			b.Fatal(err)
		}
	}
	end := l.Bounds().HighWatermark
	for _, maxBytes := range []int{64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("max=%d", maxBytes), func(b *testing.B) {
			var buf []byte
			var total int64
			var at batch.Offset
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if buf, err = l.Read(b.Context(), buf[:0], at, maxBytes); err != nil {
					b.Fatal(err)
				}
				total += int64(len(buf))
				if at += batch.Offset(len(buf) / len(proto) * 64); len(buf) < len(proto) {
					at += 64
				}
				if at >= end {
					at = 0
				}
			}
			b.SetBytes(total / int64(b.N))
		})
	}
}
