package records

import (
	"bufio"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

// consumer is one run of consume.
type consumer struct {
	app       *cli.App
	topic     string
	from      string
	group     string
	max       int
	toEnd     bool
	separator string

	client *kgo.Client
	ends   map[int32]int64 // with toEnd: where each partition ended at the start, while it is not reached
	next   map[int32]int64 // with toEnd: where each partition is read next
	lines  *printer
}

// Consume returns `pawl consume`.
func Consume(a *cli.App, formats *schema.Formats) *cobra.Command {
	k := &consumer{app: a}
	c := &cobra.Command{
		Use:   "consume TOPIC",
		Short: "Print the records of a topic as lines of JSON",
		Long: "Print the records of a topic, decoded with the schemas they name. In text form a line is the value; with -o json it is an object of\n" +
			"key, value, partition, offset, timestamp, subject and schema id. It runs until interrupted, --max or --to-end stops it.",
		Example: "  pawl consume orders --to-end\n" +
			"  pawl consume orders --from 2026-01-02T15:04:05Z --max 10 -o json",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			k.topic = args[0]
			return k.run(c.Context(), formats)
		},
	}
	f := c.Flags()
	f.StringVar(&k.from, "from", "earliest", "where to start: earliest, latest, an offset, or a time (RFC 3339)")
	f.StringVar(&k.group, "group", "", "consume as a member of this group, from its committed offsets on, and commit")
	f.IntVar(&k.max, "max", 0, "stop after so many records; 0 does not")
	f.BoolVar(&k.toEnd, "to-end", false, "stop at what is the end when the command starts")
	f.StringVar(&k.separator, "separator", "", "in text form, print KEY, this text, VALUE")
	return c
}

func (k *consumer) run(ctx context.Context, formats *schema.Formats) error {
	start, err := parseFrom(k.from)
	if err != nil {
		return err
	}
	opts := []kgo.Opt{kgo.ConsumeTopics(k.topic), kgo.ConsumeResetOffset(start), kgo.ConsumeStartOffset(start)}
	if k.group != "" {
		opts = append(opts, kgo.ConsumerGroup(k.group), kgo.DisableAutoCommit())
	}
	if k.client, err = k.app.Kafka(ctx, opts...); err != nil {
		return err
	}
	defer k.client.CloseAllowingRebalance()
	if err := k.mark(ctx); err != nil {
		return err
	}
	r, err := resolver(k.app, formats)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(k.app.Out, 64<<10)
	k.lines = &printer{
		app: k.app, out: out, separator: k.separator, withKey: k.separator != "",
		key: serde.NewDecoder(r, serde.DecoderOptions{Field: serde.Key}), value: serde.NewDecoder(r, serde.DecoderOptions{}),
	}
	err = k.poll(ctx)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return k.end(ctx, err)
}

// mark finds where each partition ends, if that is where to stop.
func (k *consumer) mark(ctx context.Context) error {
	if err := cli.Topic(ctx, k.client, k.topic); err != nil || !k.toEnd {
		return err
	}
	ends, err := kadm.NewClient(k.client).ListEndOffsets(ctx, k.topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return cli.Refused(err, "consume topic %q", k.topic)
	}
	starts, err := k.starts(ctx)
	if err != nil {
		return cli.Refused(err, "consume topic %q", k.topic)
	}
	k.ends, k.next = map[int32]int64{}, map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if start := starts[o.Partition]; o.Offset > start {
			k.ends[o.Partition], k.next[o.Partition] = o.Offset, start
		}
	})
	return nil
}

// starts returns where each partition is read first.
func (k *consumer) starts(ctx context.Context) (map[int32]int64, error) {
	adm := kadm.NewClient(k.client)
	list := adm.ListStartOffsets
	at := int64(0)
	if strings.EqualFold(k.from, "latest") {
		list = adm.ListEndOffsets
	} else if n, err := strconv.ParseInt(k.from, 10, 64); err == nil {
		at = n
	} else if t, err := time.Parse(time.RFC3339Nano, k.from); err == nil {
		list = func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
			return adm.ListOffsetsAfterMilli(ctx, t.UnixMilli(), topics...)
		}
	}
	found, err := list(ctx, k.topic)
	if err == nil {
		err = found.Error()
	}
	if err != nil {
		return nil, err
	}
	starts := map[int32]int64{}
	found.Each(func(o kadm.ListedOffset) { starts[o.Partition] = max(o.Offset, at) })
	if k.group == "" {
		return starts, nil
	}
	committed, err := adm.FetchOffsets(ctx, k.group)
	committed.Each(func(o kadm.OffsetResponse) {
		if o.Topic == k.topic && o.At >= 0 {
			starts[o.Partition] = o.At
		}
	})
	return starts, err
}

// parseFrom reads earliest, latest, an offset or a time.
func parseFrom(text string) (kgo.Offset, error) {
	switch strings.ToLower(text) {
	case "earliest":
		return kgo.NewOffset().AtStart(), nil
	case "latest":
		return kgo.NewOffset().AtEnd(), nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return kgo.NewOffset().At(n), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return kgo.NewOffset().AfterMilli(t.UnixMilli()), nil
	}
	return kgo.NewOffset(), cli.Usagef("--from %q: use earliest, latest, an offset from 0, or a time such as 2026-01-02T15:04:05Z", text)
}

func (k *consumer) poll(ctx context.Context) error {
	for !k.over() {
		fetched := k.wait(ctx)
		if k.ends != nil && fetched.NumRecords() == 0 && ctx.Err() == nil {
			if err := k.skip(ctx); err != nil {
				return err
			}
		}
		for _, e := range fetched.Errors() {
			if errors.Is(e.Err, context.DeadlineExceeded) && k.ends != nil {
				continue // it is quiet
			}
			if errors.Is(e.Err, context.Canceled) {
				return nil // interrupted: what was read is printed
			}
			return cli.Refused(e.Err, "consume partition %d of topic %q", e.Partition, k.topic)
		}
		for it := fetched.RecordIter(); !it.Done() && !k.over(); {
			r := it.Next()
			if err := k.lines.print(ctx, r); err != nil {
				return err
			}
			k.passed(r)
		}
		if err := k.lines.out.Flush(); err != nil {
			return err
		}
		if err := k.commit(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait returns what comes next; with --to-end nothing, if it is quiet.
func (k *consumer) wait(ctx context.Context) kgo.Fetches {
	if k.ends != nil {
		short, cancel := context.WithTimeout(ctx, quiet)
		defer cancel()
		ctx = short
	}
	return k.client.PollRecords(ctx, 1000)
}

func (k *consumer) over() bool {
	return k.max > 0 && k.lines.count >= k.max || k.ends != nil && len(k.ends) == 0
}

func (k *consumer) passed(r *kgo.Record) {
	k.client.MarkCommitRecords(r)
	if k.lines.done == nil {
		k.lines.done = map[int32]*kgo.Record{}
	}
	k.lines.done[r.Partition] = r
	if k.next != nil {
		k.next[r.Partition] = r.Offset + 1
	}
	if end, ok := k.ends[r.Partition]; ok && r.Offset+1 >= end {
		delete(k.ends, r.Partition)
	}
}

// commit keeps the offsets of what was printed, and of nothing else that was fetched.
func (k *consumer) commit(ctx context.Context) error {
	if k.group == "" || len(k.lines.done) == 0 {
		return nil
	}
	var printed []*kgo.Record
	for _, r := range k.lines.done {
		printed = append(printed, r)
	}
	clear(k.lines.done)
	if err := k.client.CommitRecords(ctx, printed...); err != nil {
		return cli.Refused(err, "commit offsets of group %q", k.group)
	}
	return nil
}

func (k *consumer) end(ctx context.Context, err error) error {
	if err == nil && k.lines.failed > 0 {
		return fault.New(cli.ErrFindings, "pawl consume", "%d of %d records could not be decoded", k.lines.failed, k.lines.count)
	}
	return err
}
