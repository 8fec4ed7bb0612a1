package registry_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// filled returns a registry of n subjects with one version each, all of different content. It is made once per size.
func filled(b *testing.B, n int) *registry.Registry {
	b.Helper()
	benches.Lock()
	defer benches.Unlock()
	if reg := benches.regs[n]; reg != nil {
		return reg
	}
	store := storetest.NewMemory()
	for i := range n {
		data := fmt.Sprintf(`{"format":1,"time":1,"put":[{"subject":"subject-%06d-value","version":1,"id":%d,"type":"WORDS","schema":"%s"}]}`, i, i+1, wide(i))
		if err := store.Append(context.Background(), registry.Seq(i), []byte(data)); err != nil {
			b.Fatal(err)
		}
	}
	reg, err := registry.New(context.Background(), registry.Options{Store: store, Formats: testFormats, Reads: registry.Local})
	if err != nil {
		b.Fatal(err)
	}
	benches.regs[n] = reg
	return reg
}

var benches = struct {
	sync.Mutex
	regs map[int]*registry.Registry
}{regs: map[int]*registry.Registry{}}

// wide is a schema of twenty optional fields.
func wide(i int) string {
	return fmt.Sprintf("own%s? ", letters(i)) + strings.TrimSpace(strings.Repeat("field? ", 19))
}

var sizes = []int{0, 10_000, 100_000}

func each(b *testing.B, run func(*testing.B, *registry.Registry)) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("subjects=%d", n), func(b *testing.B) {
			reg := filled(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			run(b, reg)
		})
	}
}

func BenchmarkReregister(b *testing.B) {
	ctx := context.Background()
	each(b, func(b *testing.B, reg *registry.Registry) {
		s := registry.Submission{Subject: "again", Text: wide(1 << 30)}
		for b.Loop() {
			if _, err := reg.Register(ctx, s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRegisterNew(b *testing.B) {
	ctx, n := context.Background(), 1<<31
	each(b, func(b *testing.B, reg *registry.Registry) {
		for b.Loop() {
			n++
			if _, err := reg.Register(ctx, registry.Submission{Subject: fmt.Sprint("new-", n), Text: wide(n)}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	ctx := context.Background()
	each(b, func(b *testing.B, reg *registry.Registry) {
		s := registry.Submission{Subject: "again", Text: wide(1 << 30)}
		if _, err := reg.Register(ctx, s); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := reg.Lookup(ctx, s, registry.Live); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkByID(b *testing.B) {
	ctx := context.Background()
	each(b, func(b *testing.B, reg *registry.Registry) {
		if _, err := reg.Register(ctx, registry.Submission{Subject: "again", Text: wide(1 << 30)}); err != nil {
			b.Fatal(err)
		}
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := reg.ByID(ctx, "", 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

func BenchmarkLatest(b *testing.B) {
	ctx := context.Background()
	each(b, func(b *testing.B, reg *registry.Registry) {
		if _, err := reg.Register(ctx, registry.Submission{Subject: "again", Text: wide(1 << 30)}); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := reg.Version(ctx, "again", registry.Latest, registry.Live); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSubjectsByPrefix lists ten subjects among many.
func BenchmarkSubjectsByPrefix(b *testing.B) {
	ctx := context.Background()
	each(b, func(b *testing.B, reg *registry.Registry) {
		for b.Loop() {
			if _, err := reg.Subjects(ctx, "subject-00001", registry.Live); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTransitiveCheck compares one schema with 200 versions, all compatible.
func BenchmarkTransitiveCheck(b *testing.B) {
	ctx := context.Background()
	reg := open(b, storetest.NewMemory(), registry.Local)
	if _, err := reg.SetConfig(ctx, "s", registry.ConfigUpdate{Level: registry.Set("FULL_TRANSITIVE")}); err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		if _, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: wide(i)}); err != nil {
			b.Fatal(err)
		}
	}
	next := registry.Submission{Subject: "s", Text: wide(1 << 20)}
	b.Run("warm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c, err := reg.CompatibilityAll(ctx, next); err != nil || !c.Compatible() {
				b.Fatal(c, err)
			}
		}
	})
	b.Run("new text", func(b *testing.B) {
		for i := 1 << 21; b.Loop(); i++ {
			next.Text = wide(i)
			if c, err := reg.CompatibilityAll(ctx, next); err != nil || !c.Compatible() {
				b.Fatal(c, err)
			}
		}
	})
}

// BenchmarkReplay starts a registry over 10,000 changes.
func BenchmarkReplay(b *testing.B) {
	const n = 10_000
	store := storetest.NewMemory()
	for i := range n {
		data := fmt.Sprintf(`{"format":1,"time":1,"put":[{"subject":"s%d","version":1,"id":%d,"type":"WORDS","schema":"%s"}]}`, i, i+1, wide(i))
		if err := store.Append(context.Background(), registry.Seq(i), []byte(data)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		reg, err := registry.New(context.Background(), registry.Options{Store: store, Formats: testFormats})
		if err != nil {
			b.Fatal(err)
		}
		reg.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/change")
}

// BenchmarkRegisterContended registers from many callers at once.
func BenchmarkRegisterContended(b *testing.B) {
	ctx := context.Background()
	reg := open(b, storetest.NewMemory(), registry.Local)
	var mu sync.Mutex
	n := 0
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			i := n
			mu.Unlock()
			if _, err := reg.Register(ctx, registry.Submission{Subject: fmt.Sprint("s", i%100), Text: wide(i)}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
