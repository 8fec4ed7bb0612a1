package records

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/serde"
	"github.com/pawl-registry/pawl/serde/frame"
)

// printer writes records as lines.
type printer struct {
	app           *cli.App
	out           *bufio.Writer
	key, value    *serde.Decoder
	separator     string
	withKey       bool
	count, failed int
	done          map[int32]*kgo.Record // the last record printed of each partition
}

// line is one record in JSON form.
type line struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Timestamp string            `json:"timestamp"`
	Key       json.RawMessage   `json:"key"`
	Value     json.RawMessage   `json:"value"`
	Headers   map[string]string `json:"headers,omitempty"`
	KeyFrom   *origin           `json:"keySchema,omitempty"`
	ValueFrom *origin           `json:"valueSchema,omitempty"`
	Error     string            `json:"error,omitempty"` // why the key or the value is shown as text or bytes
}

// origin is the schema that a key or value was written with.
type origin struct {
	ID      int32  `json:"id"`
	Subject string `json:"subject,omitempty"`
	Version int    `json:"version,omitempty"`
	Message string `json:"message,omitempty"`
}

func (p *printer) print(ctx context.Context, r *kgo.Record) error {
	p.count++
	l := line{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp.UTC().Format(time.RFC3339Nano), Headers: headers(r),
	}
	var keyErr, valueErr error
	if p.app.JSON() || p.withKey {
		l.Key, l.KeyFrom, keyErr = show(ctx, p.key, serde.Key, r, r.Key)
	}
	l.Value, l.ValueFrom, valueErr = show(ctx, p.value, serde.Value, r, r.Value)
	if err := errors.Join(keyErr, valueErr); err != nil {
		p.failed++
		l.Error = err.Error()
		if !p.app.JSON() {
			p.app.Say("partition %d, offset %d: %v", r.Partition, r.Offset, err)
		}
	}
	return p.write(l)
}

func (p *printer) write(l line) error {
	if p.app.JSON() {
		e := json.NewEncoder(p.out)
		e.SetEscapeHTML(false)
		return e.Encode(l)
	}
	text := make([]byte, 0, 1024)
	if p.withKey {
		text = append(append(text, l.Key...), p.separator...)
	}
	text = append(append(text, l.Value...), '\n')
	_, err := p.out.Write(text)
	return err
}

// show returns a key or value as JSON. What was not written with a schema is shown as a string, or base64 if it is no text;
// so is what cannot be decoded, beside the reason.
func show(ctx context.Context, d *serde.Decoder, f serde.Field, r *kgo.Record, data []byte) (json.RawMessage, *origin, error) {
	if data == nil {
		return json.RawMessage("null"), nil, nil
	}
	o, err := d.Open(ctx, r.Topic, header(r, f.Header()), data)
	if err != nil {
		if errors.Is(err, frame.ErrMagic) || errors.Is(err, frame.ErrEmpty) {
			err = nil
		}
		return plain(data), nil, err
	}
	from := &origin{ID: int32(o.Resolved.ID), Subject: o.Resolved.Subject, Version: o.Resolved.Version, Message: o.Message.Name()}
	text, err := o.AppendJSON(nil)
	if err != nil {
		return plain(data), from, err
	}
	return text, from, nil
}

func plain(data []byte) json.RawMessage {
	var v any = data // base64
	if utf8.Valid(data) {
		v = string(data)
	}
	text, _ := json.Marshal(v) // strings and bytes never fail
	return text
}

// header returns the value of the last header of a name, or nil.
func header(r *kgo.Record, name string) []byte {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == name {
			return r.Headers[i].Value
		}
	}
	return nil
}

func headers(r *kgo.Record) map[string]string {
	if len(r.Headers) == 0 {
		return nil
	}
	m := make(map[string]string, len(r.Headers))
	for _, h := range r.Headers {
		m[h.Key] = string(h.Value)
	}
	return m
}
