package serve

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/schema"
)

// stopTime is how long requests under way may take after a signal.
const stopTime = 10 * time.Second

// Command returns `pawl serve`.
func Command(a *cli.App, formats *schema.Formats) *cobra.Command {
	cfg := &Settings{Config: Config{Version: a.Version}}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the registry and the broker",
		Long: "Run the registry and the broker in one process until SIGINT or SIGTERM. When both are ready, one log line on standard error says where.\n" +
			"A second signal ends the process at once; nothing acknowledged is lost by that.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cfg.load(a, c.Flags()); err != nil {
				return err
			}
			logger, err := cfg.Logger(a.Err)
			if err != nil {
				return err
			}
			for _, w := range cfg.warnings {
				logger.Warn(w)
			}
			return run(c.Context(), cfg.Config, formats, logger)
		},
	}
	cfg.flags(c.Flags())
	return c
}

func run(ctx context.Context, cfg Config, formats *schema.Formats, logger *slog.Logger) error {
	began := time.Now()
	cfg.warn(logger)
	defer keepLean()()
	s, err := Start(ctx, cfg, formats, logger)
	if err != nil {
		return err
	}
	logger.Info("ready", "registry", s.URL, "kafka", s.Kafka, "data", cfg.Data, "store", cfg.Store, "flush", cfg.Flush,
		"version", cfg.Version, "took", time.Since(began).Round(time.Millisecond))
	failed := s.Wait(ctx)
	logger.Info("stopping", "within", stopTime)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := s.Close(limit); failed == nil {
		failed = err
	}
	logger.Info("stopped")
	return failed
}
