package registry_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// A list that is longer than a page is in order, names nobody twice and holds whoever stays, whatever comes and goes meanwhile.
func TestListsGoOnWhileSubjectsComeAndGo(t *testing.T) {
	ctx := context.Background()
	reg := open(t, storetest.NewMemory(), registry.Local)
	register := func(name string) {
		if _, err := reg.Register(ctx, registry.Submission{Subject: name, Text: "x"}); err != nil {
			t.Error(err)
		}
	}
	const staying = 1500 // several pages
	for i := range staying {
		register(fmt.Sprintf("%04d-stays", i))
	}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			name := fmt.Sprintf("%04d-goes", i*37%staying)
			register(name)
			for _, d := range []registry.Deletion{registry.Soft, registry.Permanent} {
				if _, err := reg.DeleteSubject(ctx, name, d); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range 100 {
		names, err := reg.EachSubject(ctx, "", registry.All)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		stay := 0
		for name := range names {
			all = append(all, name)
			if strings.HasSuffix(name, "stays") {
				stay++
			}
		}
		if stay != staying || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("%d of %d stay, in order: %v", stay, staying, slices.IsSorted(all))
		}
	}
	close(stop)
	busy.Wait()
	names, err := reg.EachSubject(ctx, "", registry.Live)
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if name != "0000-stays" {
			t.Errorf("the first is %s", name)
		}
		break // the rest is not wanted
	}
}
