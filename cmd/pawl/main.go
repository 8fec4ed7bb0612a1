// Command pawl is a schema registry and a Kafka-protocol broker in one process, and the tools to work with both.
package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/demo"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/groups"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/logfiles"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/migrate"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/records"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/subjects"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/topics"
)

var version = "devel" // set by the linker

func main() { os.Exit(run(cli.New(version), os.Args[1:])) }

// run executes one command line and returns the exit status.
func run(a *cli.App, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := command(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if text := message(err); text != "" {
		a.Say("pawl: %s", text)
	}
	return cli.Status(err)
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return cli.Message(err)
}

func command(a *cli.App) *cobra.Command {
	all := formats.All()
	root := cli.Group("pawl", "A schema registry and a Kafka-protocol broker in one process",
		serve.Command(a, all), serve.ConfigCommand(a), subjects.Command(a, all), topics.Command(a), records.Produce(a, all), records.Consume(a, all),
		migrate.Export(a), migrate.Import(a, all), migrate.Command(a, all), groups.Command(a), logfiles.Command(a), demo.Command(a, all), versionCommand(a))
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	a.Globals(root)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.FromEnvironment(c) }
	cli.Document(root)
	return root
}

func versionCommand(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.Print(map[string]string{"version": a.Version}, func(w *strings.Builder) { w.WriteString(a.Version + "\n") })
		},
	}
}
