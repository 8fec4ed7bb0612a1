// Package topics is `pawl topic`: create, list, describe, alter and delete.
package topics

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// Command returns `pawl topic`.
func Command(a *cli.App) *cobra.Command {
	return cli.Group("topic", "Create, list, describe, alter and delete topics", create(a), list(a), describe(a), alter(a), remove(a))
}

func admin(ctx context.Context, a *cli.App) (*kadm.Client, error) {
	c, err := a.Kafka(ctx)
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(c), nil
}

func create(a *cli.App) *cobra.Command {
	var partitions int32
	var replicas int16
	var given settings
	c := &cobra.Command{
		Use:   "create TOPIC",
		Short: "Create a topic",
		Example: "  pawl topic create orders --partitions 4\n" +
			"  pawl topic create orders --schema-validation payload --schema-validation-action dlq\n" +
			"  pawl topic create orders --config confluent.value.schema.validation=true",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := given.parse()
			if err != nil {
				return err
			}
			adm, err := admin(c.Context(), a)
			if err != nil {
				return err
			}
			defer adm.Close()
			res, err := adm.CreateTopic(c.Context(), partitions, replicas, set, args[0])
			if err != nil {
				if res.ErrMessage != "" {
					return cli.Refused(err, "create topic %q: %s", args[0], res.ErrMessage)
				}
				return cli.Refused(err, "create topic %q", args[0])
			}
			return a.Print(map[string]any{"topic": args[0]}, func(w *strings.Builder) { fmt.Fprintln(w, args[0]) })
		},
	}
	c.Flags().Int32Var(&partitions, "partitions", -1, "number of partitions; -1 is the broker's default")
	c.Flags().Int16Var(&replicas, "replication-factor", -1, "number of copies; -1 is the broker's default")
	given.flags(c.Flags())
	return c
}

// entry is a topic in a list.
type entry struct {
	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
}

func list(a *cli.App) *cobra.Command {
	var internal bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List topics",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			adm, err := admin(c.Context(), a)
			if err != nil {
				return err
			}
			defer adm.Close()
			found, err := adm.ListTopicsWithInternal(c.Context())
			if err != nil {
				return cli.Refused(err, "list topics")
			}
			all := []entry{}
			for _, t := range found.Sorted() {
				if internal || !t.IsInternal {
					all = append(all, entry{t.Topic, len(t.Partitions)})
				}
			}
			return a.Print(all, func(w *strings.Builder) { writeList(w, all) })
		},
	}
	c.Flags().BoolVar(&internal, "internal", false, "also list the broker's own topics")
	return c
}

func writeList(w *strings.Builder, all []entry) {
	rows := make([][]string, 0, len(all))
	for _, e := range all {
		rows = append(rows, []string{e.Topic, fmt.Sprint(e.Partitions)})
	}
	cli.Table(w, []string{"TOPIC", "PARTITIONS"}, rows)
}

func remove(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "delete TOPIC...",
		Short: "Delete topics with all their records",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			adm, err := admin(c.Context(), a)
			if err != nil {
				return err
			}
			defer adm.Close()
			res, err := adm.DeleteTopics(c.Context(), args...)
			if err != nil {
				return cli.Refused(err, "delete topics")
			}
			for _, r := range res.Sorted() {
				if r.Err != nil {
					return cli.Refused(r.Err, "delete topic %q", r.Topic)
				}
			}
			slices.Sort(args)
			return a.Print(args, func(w *strings.Builder) { fmt.Fprintln(w, strings.Join(args, "\n")) })
		},
	}
}
