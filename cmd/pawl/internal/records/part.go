package records

import (
	"bytes"
	"context"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

// part is how the key or the value of produced records is encoded.
type part struct {
	subject string
	id      int32
	message string
	raw     bool
	encoder *serde.Encoder // nil sends the bytes as they are
}

func (p *part) flags(f *pflag.FlagSet, prefix string) {
	what := "value"
	if prefix != "" {
		what = "key"
	}
	f.StringVar(&p.subject, prefix+"subject", "", "encode the "+what+" with the latest schema of this subject")
	f.Int32Var(&p.id, prefix+"schema-id", 0, "encode the "+what+" with the schema of this id")
	f.StringVar(&p.message, prefix+"message", "", "full name of the message type of the "+what+", for schemas with several")
	f.BoolVar(&p.raw, prefix+"raw", false, "send the "+what+" as it is, without a schema")
}

// open finds the schema.
func (p *part) open(ctx context.Context, r *serde.Resolver, topic, suffix string) error {
	if p.raw {
		return nil
	}
	id := schema.ID(p.id)
	if id == 0 {
		subject := p.subject
		if subject == "" {
			subject = topic + "-" + suffix
		}
		latest, err := r.Latest(ctx, subject)
		if err != nil {
			return err
		}
		id = latest.ID
	}
	var err error
	p.encoder, err = serde.NewEncoder(r, serde.EncoderOptions{Mode: serde.UseID, ID: id, Message: p.message})
	return err
}

func (p *part) encode(ctx context.Context, topic string, text []byte) ([]byte, error) {
	if p.encoder == nil {
		return bytes.Clone(text), nil
	}
	return p.encoder.AppendJSON(ctx, nil, topic, text)
}

func split(line []byte, separator string) (key, value []byte, err error) {
	if separator == "" {
		return nil, line, nil
	}
	key, value, ok := bytes.Cut(line, []byte(separator))
	if !ok {
		return nil, nil, cli.Usagef("there is no separator %q between key and value", separator)
	}
	return key, value, nil
}

// resolver returns a resolver over the registry of the command line.
func resolver(a *cli.App, formats *schema.Formats) (*serde.Resolver, error) {
	c, err := a.Client()
	if err != nil {
		return nil, err
	}
	return serde.NewResolver(c, formats, serde.Options{Timeout: a.Timeout}), nil
}
