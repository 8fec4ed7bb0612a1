package topics

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// alteration is what alter is asked for, and what it prints.
type alteration struct {
	Topic      string             `json:"topic"`
	Partitions int                `json:"partitions,omitempty"` // all together; 0: as many as there are
	Set        map[string]*string `json:"set"`
	Unset      []string           `json:"unset"`
	Done       bool               `json:"done"` // false: only checked
}

func alter(a *cli.App) *cobra.Command {
	var given settings
	var check bool
	x := alteration{}
	c := &cobra.Command{
		Use:   "alter TOPIC",
		Short: "Change configurations of a topic, or give it more partitions",
		Long: "Change configurations of a topic, or give it more partitions. What is not named stays as it is. More partitions change which of them\n" +
			"a key belongs to.",
		Example: "  pawl topic alter orders --config retention.ms=86400000 --unset max.message.bytes\n" +
			"  pawl topic alter orders --schema-validation payload --schema-validation-action dlq\n" +
			"  pawl topic alter orders --partitions 8 --dry-run",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			x.Topic, x.Done = args[0], !check
			if x.Set, err = given.parse(); err != nil {
				return err
			}
			if err := x.check(c.Flags().Changed("partitions")); err != nil {
				return err
			}
			adm, err := admin(c.Context(), a)
			if err != nil {
				return err
			}
			defer adm.Close()
			if err := x.apply(c.Context(), adm); err != nil {
				return err
			}
			return a.Print(x, x.write)
		},
	}
	given.flags(c.Flags())
	c.Flags().IntVar(&x.Partitions, "partitions", 0, "number of partitions all together, more than there are")
	c.Flags().StringSliceVar(&x.Unset, "unset", nil, "names of configurations that go back to their defaults")
	c.Flags().BoolVar(&check, "dry-run", false, "only check whether the broker would do it")
	return c
}

func (x *alteration) check(partitions bool) error {
	switch {
	case len(x.Set) == 0 && len(x.Unset) == 0 && !partitions:
		return cli.Usagef("nothing to change: give --config, --unset, --schema-validation or --partitions")
	case partitions && x.Partitions < 1:
		return cli.Usagef("--partitions %d: a topic has at least one", x.Partitions)
	}
	for _, name := range x.Unset {
		if _, both := x.Set[name]; both {
			return cli.Usagef("the configuration %s is both given and unset", name)
		}
	}
	if x.Unset == nil {
		x.Unset = []string{}
	}
	return nil
}

// apply makes two requests of two changes. What cannot be done is found before anything is.
func (x *alteration) apply(ctx context.Context, adm *kadm.Client) error {
	configure, grow := adm.AlterTopicConfigs, adm.UpdatePartitions
	if !x.Done {
		configure, grow = adm.ValidateAlterTopicConfigs, adm.ValidateUpdatePartitions
	}
	if x.Partitions > 0 && x.Done {
		if err := x.grow(ctx, adm.ValidateUpdatePartitions); err != nil {
			return err
		}
	}
	if err := x.configure(ctx, configure); err != nil || x.Partitions == 0 {
		return err
	}
	return x.grow(ctx, grow)
}

func (x *alteration) configure(ctx context.Context, do func(context.Context, []kadm.AlterConfig, ...string) (kadm.AlterConfigsResponses, error)) error {
	var changes []kadm.AlterConfig
	for name, value := range x.Set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: value})
	}
	for _, name := range x.Unset {
		changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
	}
	if len(changes) == 0 {
		return nil
	}
	res, err := do(ctx, changes, x.Topic)
	if err != nil {
		return cli.Refused(err, "alter topic %q", x.Topic)
	}
	for _, r := range res {
		if r.Err != nil {
			return refused(r.Err, r.ErrMessage, x.Topic)
		}
	}
	return nil
}

func (x *alteration) grow(ctx context.Context, do func(context.Context, int, ...string) (kadm.CreatePartitionsResponses, error)) error {
	res, err := do(ctx, x.Partitions, x.Topic)
	if err != nil {
		return cli.Refused(err, "partitions of topic %q", x.Topic)
	}
	for _, r := range res.Sorted() {
		if r.Err != nil {
			return refused(r.Err, r.ErrMessage, x.Topic)
		}
	}
	return nil
}

func refused(err error, message, topic string) error {
	if message == "" {
		return cli.Refused(err, "alter topic %q", topic)
	}
	return cli.Refused(err, "alter topic %q: %s", topic, message)
}

func (x *alteration) write(w *strings.Builder) {
	if !x.Done {
		fmt.Fprintf(w, "topic %s could be changed:\n", x.Topic)
	}
	for _, name := range slices.Sorted(maps.Keys(x.Set)) {
		fmt.Fprintf(w, "%s=%s\n", name, *x.Set[name])
	}
	for _, name := range x.Unset {
		fmt.Fprintf(w, "%s unset\n", name)
	}
	if x.Partitions > 0 {
		fmt.Fprintf(w, "%d partitions\n", x.Partitions)
	}
}
