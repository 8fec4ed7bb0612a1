package registry_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// A refusal is no larger than its reasons are worth: of very many differences it tells some, and says how many there are; a check
// tells all.
func TestRefusalsAreBounded(t *testing.T) {
	const words = 3000
	ctx, reg := context.Background(), open(t, storetest.NewMemory(), registry.Local)
	many := func(prefix string) string {
		var b strings.Builder
		for i := range words {
			b.WriteString(prefix + letters(i) + " ")
		}
		return b.String()
	}
	if _, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: many("old")}); err != nil {
		t.Fatal(err)
	}
	next := registry.Submission{Subject: "s", Text: many("new")}
	_, err := reg.Register(ctx, next)
	detail := fault.DetailOf(err)
	if !errors.Is(err, registry.ErrIncompatible) || len(detail) > 64<<10 {
		t.Fatalf("%d bytes, %.200s", len(detail), detail)
	}
	for _, want := range []string{"errorType:", "more differences'}", "oldSchemaVersion: 1", "oldSchema: ", "compatibility: 'BACKWARD'"} {
		if !strings.Contains(detail, want) {
			t.Errorf("the refusal does not say %q", want)
		}
	}
	check, err := reg.CompatibilityAll(ctx, next)
	if err != nil || len(check.Messages()) < words {
		t.Errorf("a check tells %d things, %v", len(check.Messages()), err)
	}
}
