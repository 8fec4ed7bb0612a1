package subjects

import (
	"context"
	"fmt"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// lenient is the registry's word for the policy.
const lenient = "LENIENT"

// warn compares here with the versions that the registry compared with. Warnings are not worth a failure: where the registry
// does not tell what is needed, or compares with one group of versions only, there are none.
func (r *remote) warn(ctx context.Context, req openapi.SchemaRequest) []finding {
	cfg, err := r.client.Config(ctx, r.subject, client.InForce)
	if err != nil || cfg.CompatibilityGroup != "" {
		return nil
	}
	level, ok := compat.ParseLevel(cfg.CompatibilityLevel)
	if !ok || level == compat.None {
		return nil
	}
	next, err := r.parse(ctx, req)
	if err != nil {
		return nil
	}
	checker := compat.Checker{Warn: true}
	if cfg.CompatibilityPolicy == lenient {
		checker.Policy = schema.Lenient
	}
	v := checker.Check(level, next, r.history(ctx, level))
	return r.warnings(next, v, func(old compat.Version) finding {
		return finding{Against: fmt.Sprintf("version %d", old.Number), Version: old.Number}
	})
}

// history fetches the versions that a level compares with, as far as they can be had.
func (r *remote) history(ctx context.Context, level compat.Level) []compat.Version {
	numbers, err := r.client.Versions(ctx, r.subject, client.Live)
	if err != nil {
		return nil
	}
	if !level.Transitive() {
		numbers = numbers[max(0, len(numbers)-1):]
	}
	var out []compat.Version
	for _, number := range numbers {
		if s, err := r.version(ctx, place{r.subject, number}); err == nil {
			out = append(out, compat.Version{Number: number, Schema: s})
		}
	}
	return out
}
