package records

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/refusal"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// maxLine bounds one line of input, in bytes.
const maxLine = 64 << 20

// producer is one run of produce.
type producer struct {
	app        *cli.App
	topic      string
	key, value part
	separator  string
	null       string
	codec      string
	partition  int32

	client *kgo.Client
	mu     sync.Mutex
	first  *refused // the first record that was not taken
	acked  int
}

// refused is a record that was not taken.
type refused struct {
	line   int
	record *kgo.Record
	err    error
}

// Produce returns `pawl produce`.
func Produce(a *cli.App, formats *schema.Formats) *cobra.Command {
	p := &producer{app: a}
	c := &cobra.Command{
		Use:   "produce TOPIC",
		Short: "Write the lines of standard input as records",
		Long: "Write the lines of standard input as records. Each line is one value in the JSON form of its schema, which is the latest of the\n" +
			"subject TOPIC-value unless --subject, --schema-id or --raw says otherwise. With --separator a line is KEY, separator, VALUE.",
		Example: "  pawl produce orders < orders.jsonl\n" +
			"  pawl produce orders --separator : --key-raw < keyed.txt",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p.topic = args[0]
			return p.run(c.Context(), formats)
		},
	}
	f := c.Flags()
	p.value.flags(f, "")
	p.key.flags(f, "key-")
	f.StringVar(&p.separator, "separator", "", "text between key and value; without it there are no keys")
	f.StringVar(&p.null, "null", "", "a value equal to this text is the null record")
	f.StringVar(&p.codec, "compression", "none", "none, gzip, snappy, lz4 or zstd")
	f.Int32Var(&p.partition, "partition", -1, "the partition to write to; -1 lets the key decide")
	return c
}

func (p *producer) run(ctx context.Context, formats *schema.Formats) error {
	codec, err := codecOf(p.codec)
	if err != nil {
		return err
	}
	opts := []kgo.Opt{
		kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(p.topic),
		// A broker that goes away is reported in time, even if it may have taken the records under way.
		kgo.RecordDeliveryTimeout(p.app.Timeout), kgo.AllowIdempotentProduceCancellation(),
	}
	if p.partition >= 0 {
		opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	if p.client, err = p.app.Kafka(ctx, opts...); err != nil {
		return err
	}
	defer p.client.Close()
	if err := cli.Topic(ctx, p.client, p.topic); err != nil {
		return err
	}
	if err := p.open(ctx, formats); err != nil {
		return err
	}
	progress := p.app.Progress("records")
	err = p.lines(ctx, progress)
	flushed := p.client.Flush(ctx)
	progress.End()
	return p.report(ctx, errors.Join(err, flushed))
}

func (p *producer) open(ctx context.Context, formats *schema.Formats) error {
	r, err := resolver(p.app, formats)
	if err != nil {
		return err
	}
	if err := p.value.open(ctx, r, p.topic, "value"); err != nil {
		return err
	}
	if p.separator == "" {
		return nil
	}
	return p.key.open(ctx, r, p.topic, "key")
}

func codecOf(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.NoCompression(), cli.Usagef("unknown compression %q: use none, gzip, snappy, lz4 or zstd", name)
}

// lines sends every line until one does not fit its schema, or a record is refused.
func (p *producer) lines(ctx context.Context, progress *cli.Progress) error {
	in := bufio.NewScanner(p.app.In)
	in.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for in.Scan() && p.notTaken() == nil && ctx.Err() == nil {
		n++
		line := in.Bytes()
		if len(line) == 0 {
			continue
		}
		r, err := p.record(ctx, line)
		if err != nil {
			return fault.Wrap(cli.ErrFindings, "pawl produce", err, "line %d: %s", n, cli.Message(err))
		}
		sent := n // the callback runs when n has moved on
		p.client.Produce(ctx, r, func(r *kgo.Record, err error) { p.done(sent, r, err) })
		progress.Count(n)
	}
	if err := in.Err(); err != nil {
		return cli.Usagef("line %d: %v", n+1, err)
	}
	return ctx.Err()
}

func (p *producer) record(ctx context.Context, line []byte) (*kgo.Record, error) {
	key, value, err := split(line, p.separator)
	if err != nil {
		return nil, err
	}
	r := &kgo.Record{Partition: p.partition}
	if p.separator != "" {
		if r.Key, err = p.key.encode(ctx, p.topic, key); err != nil {
			return nil, err
		}
	}
	if p.null != "" && string(value) == p.null {
		return r, nil
	}
	r.Value, err = p.value.encode(ctx, p.topic, value)
	return r, err
}

func (p *producer) done(line int, r *kgo.Record, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.acked++
	} else if p.first == nil || line < p.first.line {
		p.first = &refused{line, r, err}
	}
}

func (p *producer) notTaken() *refused {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.first
}

func (p *producer) report(ctx context.Context, err error) error {
	if r := p.notTaken(); r != nil {
		err = p.explain(ctx, r)
	}
	written := map[string]any{"topic": p.topic, "records": p.acked}
	if printed := p.app.Print(written, func(*strings.Builder) { p.app.Say("%d records written to %s", p.acked, p.topic) }); err == nil {
		return printed
	}
	return err
}

// explain tells a record that the broker judged from a broker that did not answer. The whole batch of a bad record is refused,
// so the line is where to begin to look.
func (p *producer) explain(ctx context.Context, r *refused) error {
	if !errors.Is(r.err, kerr.InvalidRecord) {
		return cli.Refused(r.err, "line %d", r.line)
	}
	why, err := refusal.Ask(ctx, p.client, r.record)
	if err != nil || why == "" {
		why = "a record of the same batch is invalid"
	}
	return fault.Wrap(cli.ErrFindings, "pawl produce", r.err, "line %d: refused by the broker: %s", r.line, why)
}
