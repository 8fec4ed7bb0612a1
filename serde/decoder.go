package serde

import (
	"context"
	"encoding/binary"
	"reflect"
	"sync/atomic"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

// DecoderOptions says how a Decoder reads. The zero value reads values with their writers' schemas.
type DecoderOptions struct {
	Field Field
	// Reader, if its Text is set, is the schema through which every record is read, whatever schema wrote it: fields that the
	// writer did not know get their defaults, others are left out. Its References must be registered.
	Reader Unregistered
	// Message is the full name of the reader's message type; empty is the type of the writer's name, or else the root.
	Message string
	// Context is the registry context that IDs belong to, such as ".prod"; empty is the default context.
	Context string
}

// Decoder turns framed bytes into values.
type Decoder struct {
	resolver *Resolver
	options  DecoderOptions
	memo     [memoIDs]atomic.Pointer[readPlan]
	ids      *table[schema.ID, *readPlan]
	guids    *table[schema.GUID, *readPlan]
	reader   *cache[struct{}, schema.Schema]
}

const memoIDs = 64 // a power of two

// NewDecoder returns a decoder. The registry is asked on first use.
func NewDecoder(r *Resolver, o DecoderOptions) *Decoder {
	return &Decoder{
		resolver: r,
		options:  o,
		ids:      newTable[schema.ID, *readPlan](r.options.MaxSchemas),
		guids:    newTable[schema.GUID, *readPlan](r.options.MaxSchemas),
		reader:   newCache[struct{}, schema.Schema](2, r.options, r.revision),
	}
}

// Decode decodes a framed record into v, a non-nil pointer; *any receives maps, slices and scalars. A nil data is the null
// record and sets v to its zero value. Every error is a *DecodeError; topic appears in errors only. Nothing in v aliases data.
func (d *Decoder) Decode(ctx context.Context, topic string, data []byte, v any) error {
	if len(data) >= frame.SizeID && data[0] == frame.MagicID {
		id := schema.ID(binary.BigEndian.Uint32(data[1:]))
		if p := d.memo[uint32(id)%memoIDs].Load(); p != nil && p.id == id && p.plain {
			return d.decodePlain(p, topic, data, v)
		}
	}
	return d.DecodeHeader(ctx, topic, nil, data, v)
}

// decodePlain is Decode for a plan that the memo holds and no reader schema: the path of nearly every record.
func (d *Decoder) decodePlain(p *readPlan, topic string, data []byte, v any) error {
	m, payload, err := p.resolved.Schema.Open(data[frame.SizeID:])
	if err == nil {
		err = m.Decode(payload, v)
	}
	if err != nil {
		return &DecodeError{Topic: topic, Field: d.options.Field, Ref: frame.Ref{ID: p.id}, Data: data, Err: err}
	}
	return nil
}

// DecodeHeader is Decode for a record with headers: id is the value of its last header named Field.Header, and data the bare
// payload. A nil id means that there is no such header, and that data is framed.
func (d *Decoder) DecodeHeader(ctx context.Context, topic string, id, data []byte, v any) error {
	if data == nil {
		return d.null(topic, v)
	}
	o, ref, err := d.open(ctx, data, id)
	if err == nil {
		err = o.Decode(v)
	}
	if err != nil {
		return &DecodeError{Topic: topic, Field: d.options.Field, Ref: ref, Data: data, Err: err}
	}
	return nil
}

// Open finds the schema of a record without decoding it, for callers that choose the target by schema or message name. id is
// as in DecodeHeader. data must not be nil.
func (d *Decoder) Open(ctx context.Context, topic string, id, data []byte) (Opened, error) {
	o, ref, err := d.open(ctx, data, id)
	if err != nil {
		return Opened{}, &DecodeError{Topic: topic, Field: d.options.Field, Ref: ref, Data: data, Err: err}
	}
	return o, nil
}

func (d *Decoder) null(topic string, v any) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		err := fault.New(schema.ErrPayload, "serde.Decoder", "the target must be a non-nil pointer, not %T", v)
		return &DecodeError{Topic: topic, Field: d.options.Field, Err: err}
	}
	p.Elem().SetZero()
	return nil
}

// open splits data, or the header value id if there is one, finds the plan and peels the format's prefix.
func (d *Decoder) open(ctx context.Context, data, id []byte) (Opened, frame.Ref, error) {
	framed := data
	if id != nil {
		framed = id
	}
	ref, body, err := frame.Split(framed)
	if err != nil {
		return Opened{}, ref, err
	}
	p, err := d.plan(ctx, ref)
	if err != nil {
		return Opened{}, ref, err
	}
	m, payload, err := p.resolved.Schema.Open(body)
	if err != nil {
		return Opened{}, ref, err
	}
	if id != nil {
		if len(payload) > 0 {
			return Opened{}, ref, fault.New(frame.ErrMagic, "serde.Decoder", "%d bytes too many in the record header %s", len(payload), d.options.Field.Header())
		}
		payload = data
	}
	o := Opened{Resolved: p.resolved, Message: m, Payload: payload}
	if d.options.Reader.Text != "" {
		o.view, err = p.view(ctx, d, m)
	}
	return o, ref, err
}

// Opened is a record whose schema is known and whose payload is not decoded yet. It aliases the record's bytes.
type Opened struct {
	Resolved *Resolved      // the writer's schema
	Message  schema.Message // the writer's message type
	Payload  []byte
	view     schema.Projection // the reader's view; nil reads as written
}

// Decode decodes the payload into v, as Decoder.Decode does. Errors have the code schema.ErrPayload.
func (o Opened) Decode(v any) error {
	if o.view != nil {
		return o.view.Decode(o.Payload, v)
	}
	return o.Message.Decode(o.Payload, v)
}

// AppendJSON appends the payload as one JSON value in its format's JSON mapping.
func (o Opened) AppendJSON(dst []byte) ([]byte, error) {
	if o.view != nil {
		return o.view.AppendJSON(dst, o.Payload)
	}
	return o.Message.AppendJSON(dst, o.Payload)
}
