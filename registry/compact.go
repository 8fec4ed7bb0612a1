package registry

import (
	"context"
	"errors"
)

// Compact replaces all changes by one snapshot, if the store can do that. It changes nothing that a reader sees.
func (r *Registry) Compact(ctx context.Context) error {
	const op = "registry.Compact"
	c, ok := r.opts.Store.(Compactor)
	if !ok {
		return nil
	}
	if err := r.takeTurn(ctx, op); err != nil {
		return err
	}
	defer r.passTurn()
	if err := r.catchUpInTurn(ctx); err != nil {
		return storeFault(op, err)
	}
	data, err := r.view.snapshot(r.opts.Clock().UnixMilli()).encode()
	if err != nil {
		return errors.Join(ErrCorrupt, err)
	}
	return storeFault(op, c.Compact(ctx, r.view.end(), data))
}
