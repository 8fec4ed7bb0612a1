package topics

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// description is what describe prints.
type description struct {
	Topic      string      `json:"topic"`
	ID         string      `json:"id,omitempty"`
	Size       int64       `json:"size"` // bytes on disk of all replicas; -1 if the broker does not tell
	Partitions []partition `json:"partitions"`
	Configs    []config    `json:"configs"`
}

type partition struct {
	Partition int32   `json:"partition"`
	Leader    int32   `json:"leader"`
	Replicas  []int32 `json:"replicas"`
	Start     int64   `json:"start"` // first offset
	End       int64   `json:"end"`   // one past the last offset
	Size      int64   `json:"size"`  // bytes on the disk of the leader; -1 if the broker does not tell
}

type config struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default bool   `json:"default"` // nobody set it on this topic
}

func describe(a *cli.App) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "describe TOPIC",
		Short: "Show the partitions, offsets, sizes and configuration of a topic",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			adm, err := admin(c.Context(), a)
			if err != nil {
				return err
			}
			defer adm.Close()
			d, err := look(c.Context(), adm, args[0])
			if err != nil {
				return err
			}
			if !all {
				d.Configs = changed(d.Configs)
			}
			return a.Print(d, d.write)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also show configurations that have their default")
	return c
}

func look(ctx context.Context, adm *kadm.Client, topic string) (description, error) {
	d := description{Topic: topic}
	found, err := adm.ListTopicsWithInternal(ctx, topic)
	if err == nil {
		err = found[topic].Err
	}
	if err != nil {
		return d, cli.Refused(err, "describe topic %q", topic)
	}
	starts, err := adm.ListStartOffsets(ctx, topic)
	if err != nil {
		return d, cli.Refused(err, "offsets of topic %q", topic)
	}
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err != nil {
		return d, cli.Refused(err, "offsets of topic %q", topic)
	}
	if id := found[topic].ID; id != (kadm.TopicID{}) {
		d.ID = id.String()
	}
	for _, p := range found[topic].Partitions.Sorted() {
		start, _ := starts.Lookup(topic, p.Partition)
		end, _ := ends.Lookup(topic, p.Partition)
		d.Partitions = append(d.Partitions, partition{p.Partition, p.Leader, p.Replicas, start.Offset, end.Offset, -1})
	}
	d.addSizes(ctx, adm)
	return d, d.addConfigs(ctx, adm)
}

// addSizes asks for sizes, which takes a right over the cluster that a reader of the topic may lack: then they stay unknown.
func (d *description) addSizes(ctx context.Context, adm *kadm.Client) {
	d.Size = -1
	places := kadm.TopicsSet{}
	for _, p := range d.Partitions {
		places.Add(d.Topic, p.Partition)
	}
	found, _ := adm.DescribeAllLogDirs(ctx, places) // whatever cannot be told is left out
	found.Each(func(dir kadm.DescribedLogDir) {
		for i := range d.Partitions {
			p := &d.Partitions[i]
			one, ok := dir.Topics.Lookup(d.Topic, p.Partition)
			if !ok || dir.Err != nil {
				continue
			}
			d.Size = max(d.Size, 0) + one.Size
			if dir.Broker == p.Leader {
				p.Size = one.Size
			}
		}
	})
}

func (d *description) addConfigs(ctx context.Context, adm *kadm.Client) error {
	found, err := adm.DescribeTopicConfigs(ctx, d.Topic)
	if err != nil {
		return cli.Refused(err, "configuration of topic %q", d.Topic)
	}
	res, err := found.On(d.Topic, nil)
	if err == nil {
		err = res.Err
	}
	if err != nil {
		return cli.Refused(err, "configuration of topic %q", d.Topic)
	}
	for _, c := range res.Configs {
		d.Configs = append(d.Configs, config{c.Key, c.MaybeValue(), c.Source.String() != "DYNAMIC_TOPIC_CONFIG"})
	}
	return nil
}

func changed(all []config) []config {
	set := []config{}
	for _, c := range all {
		if !c.Default {
			set = append(set, c)
		}
	}
	return set
}

func (d description) write(w *strings.Builder) {
	fmt.Fprintf(w, "topic %s  %d partitions", d.Topic, len(d.Partitions))
	if d.ID != "" {
		fmt.Fprintf(w, "  id %s", d.ID)
	}
	if d.Size >= 0 {
		fmt.Fprintf(w, "  %d bytes", d.Size)
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, p := range d.Partitions {
		rows = append(rows, []string{fmt.Sprint(p.Partition), fmt.Sprint(p.Leader), fmt.Sprint(p.Start), fmt.Sprint(p.End), size(p.Size)})
	}
	cli.Table(w, []string{"PARTITION", "LEADER", "START", "END", "SIZE"}, rows)
	for _, c := range d.Configs {
		fmt.Fprintf(w, "%s=%s\n", c.Name, c.Value)
	}
}

func size(bytes int64) string {
	if bytes < 0 {
		return "-"
	}
	return fmt.Sprint(bytes)
}
