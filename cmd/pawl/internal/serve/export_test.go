package serve

import "log/slog"

// Warn is warn.
func Warn(c *Config, logger *slog.Logger) { c.warn(logger) }
