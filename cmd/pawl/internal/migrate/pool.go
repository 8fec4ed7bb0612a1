package migrate

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// each calls do for 0 to n-1, at most width at a time, until one fails, and returns the first failure.
func each(ctx context.Context, width, n int, do func(ctx context.Context, i int) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(width)
	for i := range n {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error { return do(inner, i) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
