package demo

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/refusal"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/subjects"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/serde/frame"
)

func (d *demo) register(ctx context.Context, c contract, text string) (int, error) {
	res, err := d.client.RegisterSchema(ctx, c.subject(), openapi.SchemaRequest{SchemaType: c.format, Schema: text}, client.WriteOptions{})
	return res.ID, err
}

// evolve offers a version that breaks readers, which must be refused, and one that does not, which must be taken.
func (d *demo) evolve(ctx context.Context, c contract) error {
	_, err := d.register(ctx, c, c.forbidden)
	if !errors.Is(err, client.ErrIncompatible) {
		return wrong("%s: a version that breaks readers was not refused: %v", c.format, err)
	}
	rule, detail, ok := subjects.Reason(cli.Message(err))
	if !ok {
		return wrong("%s: the refusal gives no reason: %s", c.format, detail)
	}
	d.step("         incompatible version 2 refused: %s: %s", rule, detail)
	id, err := d.register(ctx, c, c.next)
	if err != nil {
		return wrong("%s: a compatible version was refused: %s", c.format, cli.Message(err))
	}
	d.step("         compatible version 2 taken as schema %d", id)
	return nil
}

// refuseRecord sends a record of a schema that nobody registered, which the broker must refuse.
func (d *demo) refuseRecord(ctx context.Context, c contract) error {
	r := &kgo.Record{Topic: c.topic, Value: append(frame.AppendID(nil, 999_999), "no such schema"...)}
	err := d.kafka.ProduceSync(ctx, r).FirstErr()
	if !errors.Is(err, kerr.InvalidRecord) {
		return wrong("%s: a record of an unknown schema was not refused: %v", c.format, err)
	}
	why, err := refusal.Ask(ctx, d.kafka, r)
	if err != nil || why == "" {
		return wrong("%s: the broker gave no reason for a record it refused: %v", c.format, err)
	}
	d.step("         record of an unknown schema refused: %s", why)
	return nil
}
