package serve

import (
	"context"
	"log/slog"

	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
	"github.com/pawl-registry/pawl/registry/postgres"
)

// openStore opens the store that the configuration names.
func openStore(ctx context.Context, cfg Config, logger *slog.Logger) (registry.Store, error) {
	if cfg.Store == "postgres" {
		return postgres.Open(ctx, cfg.Postgres, postgres.Options{Logger: logger})
	}
	return embedded.Open(ctx, vfs.OS(cfg.Data), "registry", embedded.Options{Logger: logger})
}
