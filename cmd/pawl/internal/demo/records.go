package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/serde"
)

// amount is how much was moved in what time.
type amount struct {
	records int
	bytes   int64
	took    time.Duration
}

func (a amount) String() string {
	s := max(a.took.Seconds(), 1e-9)
	return fmt.Sprintf("%d records, %.1f kB, %.0f records/s, %.1f MB/s", a.records, float64(a.bytes)/1e3, float64(a.records)/s, float64(a.bytes)/1e6/s)
}

// produce writes every package, keyed by its import path, and waits for the acknowledgements.
func (d *demo) produce(ctx context.Context, c contract) (amount, error) {
	e, err := serde.NewEncoder(d.resolver, serde.EncoderOptions{
		Mode: serde.Lookup, Schema: serde.Unregistered{Format: c.format, Text: c.first},
	})
	if err != nil {
		return amount{}, err
	}
	packages := serde.NewSerde[Package](e, nil)
	began := time.Now()
	a := amount{}
	all := make([]*kgo.Record, 0, len(d.packages))
	for _, p := range d.packages {
		value, err := packages.Encode(ctx, nil, c.topic, p)
		if err != nil {
			return a, err
		}
		a.records++
		a.bytes += int64(len(value))
		all = append(all, &kgo.Record{Topic: c.topic, Key: []byte(p.ImportPath), Value: value})
	}
	if err := d.kafka.ProduceSync(ctx, all...).FirstErr(); err != nil {
		return a, cli.Refused(err, "produce to topic %q", c.topic)
	}
	a.took = time.Since(began)
	return a, nil
}

// newer is a package as version 2 of the schemas describes it.
type newer struct {
	Package
	License string `json:"license" avro:"license"`
}

// compare reads the topic with version 2 as the reader's schema and compares each record with the package it was made from.
func (d *demo) compare(ctx context.Context, c contract) (amount, error) {
	source := make(map[string]Package, len(d.packages))
	for _, p := range d.packages {
		source[p.ImportPath] = p
	}
	dec := serde.NewDecoder(d.resolver, serde.DecoderOptions{Reader: serde.Unregistered{Format: c.format, Text: c.next}})
	packages := serde.NewSerde[newer](nil, dec)
	began := time.Now()
	a := amount{}
	err := d.consume(ctx, c.topic, func(r *kgo.Record) error {
		got, err := packages.Decode(ctx, c.topic, r.Value)
		if err != nil {
			return err
		}
		want, ok := source[string(r.Key)]
		if !ok {
			return wrong("%s: package %q was read twice or never written", c.format, r.Key)
		}
		delete(source, string(r.Key))
		a.records++
		a.bytes += int64(len(r.Value))
		if got.License != c.license {
			return wrong("%s: package %s has the license %q, want %q", c.format, r.Key, got.License, c.license)
		}
		return equal(c, got.Package, want)
	})
	if err == nil && len(source) > 0 {
		err = wrong("%s: %d packages were written and not read", c.format, len(source))
	}
	a.took = time.Since(began)
	return a, err
}

func equal(c contract, got, want Package) error {
	g, err := got.text()
	if err != nil {
		return err
	}
	w, err := want.text()
	if err != nil {
		return err
	}
	if !bytes.Equal(g, w) {
		return wrong("%s: package %s differs from its source:\n  source %s\n  read   %s", c.format, want.ImportPath, w, g)
	}
	return nil
}

// consume calls each for every record of a topic, up to its present end.
func (d *demo) consume(ctx context.Context, topic string, each func(*kgo.Record) error) error {
	ends, err := kadm.NewClient(d.kafka).ListEndOffsets(ctx, topic)
	if err != nil {
		return cli.Refused(err, "consume topic %q", topic)
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	d.kafka.AddConsumeTopics(topic)
	defer d.kafka.PurgeTopicsFromConsuming(topic)
	for left > 0 {
		fetched := d.kafka.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			return cli.Refused(err, "consume topic %q", topic)
		}
		for it := fetched.RecordIter(); !it.Done(); left-- {
			if err := each(it.Next()); err != nil {
				return err
			}
		}
	}
	return nil
}
