package groups

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
)

// reset is a change of the offsets of a group, and what is printed of it.
type reset struct {
	Group    string `json:"group"`
	Executed bool   `json:"executed"` // false: this is what would be done
	Offsets  []move `json:"offsets"`
}

// move is the change of one partition's offset.
type move struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"` // committed before; -1: none
	To        int64  `json:"to"`
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
	Lag       int64  `json:"lag"` // after the change
}

func resetOffsets(a *cli.App) *cobra.Command {
	var to string
	var topics []string
	var execute bool
	c := &cobra.Command{
		Use:   "reset-offsets GROUP --to WHERE",
		Short: "Move the committed offsets of a group that has no members",
		Long: "Move the committed offsets of a group that has no members. Without --execute it shows what would be done and changes nothing.\n" +
			"Offsets before the start or beyond the end of a partition become its start or its end.",
		Example: "  pawl group reset-offsets readers --to earliest\n" +
			"  pawl group reset-offsets readers --to 2026-01-02T15:04:05Z --topic orders --execute\n" +
			"  pawl group reset-offsets readers --to=-100 --topic orders:0,3 --execute",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			target, err := parseTarget(to)
			if err != nil {
				return err
			}
			asked, err := parsePlaces(topics)
			if err != nil {
				return err
			}
			kc, err := a.Kafka(c.Context())
			if err != nil {
				return err
			}
			defer kc.Close()
			p := planner{ctx: c.Context(), adm: kadm.NewClient(kc), group: args[0]}
			r, err := p.plan(asked, target)
			if err == nil && execute {
				err = p.execute(&r)
			}
			if err != nil {
				return err
			}
			if !execute {
				a.Say("nothing is changed yet: give --execute to do it")
			}
			return a.Print(r, r.write)
		},
	}
	f := c.Flags()
	f.StringVar(&to, "to", "", "where to: earliest, latest, an offset, a time (RFC 3339), a time ago (-90m), or a shift (+10, -10)")
	f.StringArrayVar(&topics, "topic", nil, "topic, or TOPIC:PARTITION,PARTITION, to move; once for each; by default all that the group committed")
	f.BoolVar(&execute, "execute", false, "do it, rather than show it")
	return c
}

// parsePlaces reads topics and partitions; a topic with no partitions means all of them.
func parsePlaces(texts []string) (map[string][]int32, error) {
	asked := map[string][]int32{}
	for _, text := range texts {
		topic, list, some := strings.Cut(text, ":")
		if _, twice := asked[topic]; twice || topic == "" {
			return nil, cli.Usagef("--topic %q: name each topic once", text)
		}
		asked[topic] = nil
		for number := range strings.SplitSeq(list, ",") {
			if !some {
				break
			}
			n, err := strconv.ParseInt(number, 10, 32)
			if err != nil || n < 0 {
				return nil, cli.Usagef("--topic %q: %q is no partition", text, number)
			}
			asked[topic] = append(asked[topic], int32(n))
		}
	}
	return asked, nil
}

// planner finds out what a reset means for a group.
type planner struct {
	ctx   context.Context
	adm   *kadm.Client
	group string

	committed    kadm.OffsetResponses
	starts, ends kadm.ListedOffsets
}

func (p *planner) plan(asked map[string][]int32, to target) (reset, error) {
	r := reset{Group: p.group, Offsets: []move{}}
	state, err := p.state()
	if err != nil {
		return r, err
	}
	if state != "Empty" && state != "Dead" {
		return r, fault.New(cli.ErrBroker, "pawl group", "group %q is %s: stop its members first", p.group, state)
	}
	if p.committed, err = p.adm.FetchOffsets(p.ctx, p.group); err == nil {
		err = p.committed.Error()
	}
	if err != nil {
		return r, cli.Refused(err, "offsets of group %q", p.group)
	}
	places, err := p.places(asked)
	if err != nil {
		return r, err
	}
	if len(places) == 0 {
		return r, fault.New(cli.ErrBroker, "pawl group", "group %q has no committed offsets; name the topics with --topic", p.group)
	}
	if err := p.bounds(places.Topics()); err != nil {
		return r, err
	}
	found, err := to.find(p, places.Topics())
	if err != nil {
		return r, err
	}
	for _, t := range places.Sorted() {
		for _, n := range t.Partitions {
			m, err := p.move(t.Topic, n, found)
			if err != nil {
				return r, err
			}
			r.Offsets = append(r.Offsets, m)
		}
	}
	return r, nil
}

// state asks both protocols; a group that there is not is Dead.
func (p *planner) state() (string, error) {
	found, err := p.adm.DescribeGroups(p.ctx, p.group)
	if err != nil {
		return "", cli.Refused(err, "group %q", p.group)
	}
	g := found[p.group]
	if g.Err == nil && g.State != "Dead" {
		return g.State, nil
	}
	if g.Err != nil && !isNoGroup(g.Err) {
		return "", cli.Refused(g.Err, "group %q", p.group)
	}
	consumers, err := p.adm.DescribeConsumerGroups(p.ctx, p.group)
	if c, ok := consumers[p.group]; err == nil && ok && c.Err == nil {
		return c.State, nil
	}
	return "Dead", nil
}

// places returns the partitions to move.
func (p *planner) places(asked map[string][]int32) (kadm.TopicsSet, error) {
	places := kadm.TopicsSet{}
	if len(asked) == 0 {
		p.committed.Each(func(o kadm.OffsetResponse) { places.Add(o.Topic, o.Partition) })
		return places, nil
	}
	for topic, some := range asked {
		found, err := p.adm.ListTopicsWithInternal(p.ctx, topic)
		if err == nil {
			err = found[topic].Err
		}
		if err != nil {
			return nil, cli.Refused(err, "topic %q", topic)
		}
		if some == nil {
			some = found[topic].Partitions.Numbers()
		}
		for _, n := range some {
			if _, ok := found[topic].Partitions[n]; !ok {
				return nil, cli.Usagef("--topic: topic %q has no partition %d", topic, n)
			}
			places.Add(topic, n)
		}
	}
	return places, nil
}

func (p *planner) bounds(topics []string) (err error) {
	if p.starts, err = p.adm.ListStartOffsets(p.ctx, topics...); err == nil {
		err = p.starts.Error()
	}
	if err != nil {
		return cli.Refused(err, "offsets of the topics")
	}
	if p.ends, err = p.adm.ListEndOffsets(p.ctx, topics...); err == nil {
		err = p.ends.Error()
	}
	if err != nil {
		return cli.Refused(err, "offsets of the topics")
	}
	return nil
}

func (p *planner) move(topic string, partition int32, found where) (move, error) {
	m := move{Topic: topic, Partition: partition, From: -1}
	if o, ok := p.committed.Lookup(topic, partition); ok {
		m.From = o.At
	}
	start, _ := p.starts.Lookup(topic, partition)
	end, ok := p.ends.Lookup(topic, partition)
	if !ok {
		return m, cli.Usagef("topic %q has no partition %d any more; name the topics to move with --topic", topic, partition)
	}
	to, err := found(m, start.Offset, end.Offset)
	if err != nil {
		return m, err
	}
	m.Start, m.End = start.Offset, end.Offset
	m.To = min(max(to, m.Start), m.End)
	m.Lag = m.End - m.To
	return m, nil
}

// execute commits as somebody who is no member, which a broker refuses while there are members.
func (p *planner) execute(r *reset) error {
	offsets := kadm.Offsets{}
	for _, m := range r.Offsets {
		offsets.Add(kadm.Offset{Topic: m.Topic, Partition: m.Partition, At: m.To, LeaderEpoch: -1})
	}
	res, err := p.adm.CommitOffsets(p.ctx, p.group, offsets)
	if err == nil {
		err = res.Error()
	}
	if err != nil {
		return cli.Refused(err, "reset the offsets of group %q", p.group)
	}
	r.Executed = true
	return nil
}

func (r reset) write(w *strings.Builder) {
	var rows [][]string
	for _, m := range r.Offsets {
		from := "-"
		if m.From >= 0 {
			from = fmt.Sprint(m.From)
		}
		rows = append(rows, []string{m.Topic, fmt.Sprint(m.Partition), from, fmt.Sprint(m.To), fmt.Sprint(m.End), fmt.Sprint(m.Lag)})
	}
	cli.Table(w, []string{"TOPIC", "PARTITION", "FROM", "TO", "END", "LAG"}, rows)
}

func remove(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "delete GROUP...",
		Short: "Delete groups that have no members, with their offsets",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			kc, err := a.Kafka(c.Context())
			if err != nil {
				return err
			}
			defer kc.Close()
			res, err := kadm.NewClient(kc).DeleteGroups(c.Context(), args...)
			if err != nil {
				return cli.Refused(err, "delete groups")
			}
			for _, r := range res.Sorted() {
				if isNoGroup(r.Err) {
					return unknown(r.Group)
				}
				if r.Err != nil {
					return cli.Refused(r.Err, "delete group %q", r.Group)
				}
			}
			return a.Print(args, func(w *strings.Builder) { fmt.Fprintln(w, strings.Join(args, "\n")) })
		},
	}
}
