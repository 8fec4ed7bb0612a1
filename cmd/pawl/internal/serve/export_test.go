package serve

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// Warn is warn.
func Warn(c *Config, logger *slog.Logger) { c.warn(logger) }

// Properties is parseProperties.
var Properties = parseProperties

// Before is what the root command does before every command.
func Before(a *cli.App) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error { return a.FromEnvironment(c) }
}
