// Package groups is `pawl group`: list, describe, reset-offsets and delete.
package groups

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
)

// Command returns `pawl group`.
func Command(a *cli.App) *cobra.Command {
	return cli.Group("group", "List, describe, move and delete consumer groups", list(a), describe(a), resetOffsets(a), remove(a))
}

// entry is a group in a list.
type entry struct {
	Group    string `json:"group"`
	State    string `json:"state"`
	Protocol string `json:"protocol,omitempty"`
}

func list(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List consumer groups",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			kc, err := a.Kafka(c.Context())
			if err != nil {
				return err
			}
			defer kc.Close()
			found, err := kadm.NewClient(kc).ListGroups(c.Context())
			if err != nil {
				return cli.Refused(err, "list groups")
			}
			all := []entry{}
			for _, g := range found.Sorted() {
				all = append(all, entry{g.Group, g.State, g.ProtocolType})
			}
			return a.Print(all, func(w *strings.Builder) { writeList(w, all) })
		},
	}
}

func writeList(w *strings.Builder, all []entry) {
	rows := make([][]string, 0, len(all))
	for _, e := range all {
		rows = append(rows, []string{e.Group, e.State, e.Protocol})
	}
	cli.Table(w, []string{"GROUP", "STATE", "PROTOCOL"}, rows)
}

// description is what describe prints.
type description struct {
	Group       string      `json:"group"`
	State       string      `json:"state"`
	Coordinator int32       `json:"coordinator"`
	Members     []member    `json:"members"`
	Offsets     []committed `json:"offsets"`
}

type member struct {
	ID     string `json:"id"`
	Client string `json:"client"`
	Host   string `json:"host"`
}

type committed struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"` // committed; -1 if none
	End       int64  `json:"end"`
	Lag       int64  `json:"lag"`
	Member    string `json:"member,omitempty"`
}

func describe(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "describe GROUP",
		Short: "Show the members, offsets and lag of a group",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			kc, err := a.Kafka(c.Context())
			if err != nil {
				return err
			}
			defer kc.Close()
			d, err := look(c.Context(), kadm.NewClient(kc), args[0])
			if err != nil {
				return err
			}
			return a.Print(d, d.write)
		},
	}
}

func look(ctx context.Context, adm *kadm.Client, group string) (description, error) {
	d := description{Group: group, Members: []member{}, Offsets: []committed{}}
	lags, err := adm.Lag(ctx, group)
	l := lags[group]
	if err == nil && errors.Is(l.DescribeErr, kerr.GroupIDNotFound) {
		return lookConsumers(ctx, adm, group)
	}
	if err == nil {
		err = l.Error()
	}
	if err != nil {
		return d, cli.Refused(err, "describe group %q", group)
	}
	if l.State == "Dead" && len(l.Lag) == 0 {
		return d, unknown(group)
	}
	d.State, d.Coordinator = l.State, l.Coordinator.NodeID
	for _, m := range l.Members {
		d.Members = append(d.Members, member{m.MemberID, m.ClientID, m.ClientHost})
	}
	for _, p := range l.Lag.Sorted() {
		c := committed{Topic: p.Topic, Partition: p.Partition, Offset: p.Commit.At, End: p.End.Offset, Lag: p.Lag}
		if p.Member != nil {
			c.Member = p.Member.MemberID
		}
		d.Offsets = append(d.Offsets, c)
	}
	return d, nil
}

func unknown(group string) error {
	return fault.New(cli.ErrBroker, "pawl group describe", "there is no group %q; see pawl group list", group)
}

func (d description) write(w *strings.Builder) {
	fmt.Fprintf(w, "group %s  %s  %d members\n", d.Group, d.State, len(d.Members))
	var rows [][]string
	for _, o := range d.Offsets {
		rows = append(rows, []string{o.Topic, fmt.Sprint(o.Partition), fmt.Sprint(o.Offset), fmt.Sprint(o.End), fmt.Sprint(o.Lag), o.Member})
	}
	cli.Table(w, []string{"TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"}, rows)
}
