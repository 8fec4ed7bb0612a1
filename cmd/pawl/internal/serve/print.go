package serve

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// ConfigCommand returns `pawl config`.
func ConfigCommand(a *cli.App) *cobra.Command {
	s, all := &Settings{}, false
	c := &cobra.Command{
		Use:   "print",
		Short: "Print what a server would be started with, and where each value comes from",
		Long: "Print the settings that `pawl serve` would have with the same flags, variables and files, and where each value comes from.\n" +
			"Passwords are masked. Without --effective, only what somebody set. What has no effect is named on standard error.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.load(a, c.Flags()); err != nil {
				return err
			}
			for _, w := range s.warnings {
				a.Say("pawl: %s", w)
			}
			shown := s.show(c.Flags(), all)
			return a.Print(shown, func(w *strings.Builder) {
				var rows [][]string
				for _, one := range shown {
					rows = append(rows, []string{one.Name, one.Value, one.Origin})
				}
				cli.Table(w, []string{"SETTING", "VALUE", "FROM"}, rows)
			})
		},
	}
	s.flags(c.Flags())
	c.Flags().BoolVar(&all, "effective", false, "also print the defaults")
	return cli.Group("config", "See the configuration of a server", c)
}
