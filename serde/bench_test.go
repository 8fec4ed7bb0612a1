package serde_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
	"github.com/pawl-registry/pawl/serde/frame"
)

// idle is a format whose codec does nothing, so that what is measured is the serde around it.
type idle struct{ toy }

type idleSchema struct{ schema.Schema }

type idleMessage struct{ schema.Message }

func (idle) Parse(schema.Source, []schema.Dep) (schema.Schema, error) { return idleSchema{}, nil }
func (idleSchema) Format() string                                     { return "TOY" }
func (idleSchema) Message(string) (schema.Message, error)             { return idleMessage{}, nil }
func (idleSchema) Open(b []byte) (schema.Message, []byte, error)      { return idleMessage{}, b, nil }
func (idleMessage) Name() string                                      { return "Idle" }
func (idleMessage) AppendPrefix(dst []byte) []byte                    { return dst }
func (idleMessage) Append(dst []byte, _ any) ([]byte, error)          { return append(dst, "payload"...), nil }
func (idleMessage) Decode([]byte, any) error                          { return nil }
func (idleMessage) Check([]byte) error                                { return nil }

const benchIDs = 64

func idleFake() (*fake, *serde.Resolver) {
	f := newFake()
	for range benchIDs {
		f.add("notes-value", "A x")
	}
	return f, serde.NewResolver(f, schema.NewFormats(idle{}), serde.Options{})
}

type value struct{}

// BenchmarkDecode is the registry's part of reading a record, 64 IDs being known: ours beside franz-go's Serde, whose IDs are
// registered by hand.
func BenchmarkDecode(b *testing.B) {
	_, r := idleFake()
	d := serde.NewDecoder(r, serde.DecoderOptions{})
	var theirs sr.Serde
	var datas [benchIDs][]byte
	for i := range datas {
		datas[i] = append(frame.AppendID(nil, schema.ID(i+1)), "payload"...)
		theirs.Register(i+1, value{}, sr.DecodeFn(func([]byte, any) error { return nil }), sr.EncodeFn(func(any) ([]byte, error) { return nil, nil }))
	}
	var v value
	run := func(name string, decode func([]byte) error, mask int) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := decode(datas[i&mask]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
	ours := func(data []byte) error { return d.Decode(context.Background(), "notes", data, &v) }
	franz := func(data []byte) error { return theirs.Decode(data, &v) }
	run("pawl/one-id", ours, 0)
	run("franz/one-id", franz, 0)
	run("pawl/64-ids", ours, benchIDs-1)
	run("franz/64-ids", franz, benchIDs-1)
}

// BenchmarkEncode is the registry's part of writing a record.
func BenchmarkEncode(b *testing.B) {
	_, r := idleFake()
	var theirs sr.Serde
	theirs.Register(1, &value{}, sr.AppendEncodeFn(func(dst []byte, _ any) ([]byte, error) { return append(dst, "payload"...), nil }))
	buf, v := make([]byte, 0, 64), &value{}
	b.Run("franz", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := theirs.AppendEncode(buf, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, o := range map[string]serde.EncoderOptions{
		"pawl/register": {Schema: serde.Unregistered{Format: "TOY", Text: "A x"}},
		"pawl/latest":   {Mode: serde.UseLatest},
	} {
		e, err := serde.NewEncoder(r, o)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Encode(context.Background(), buf, "notes", v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	_, r := idleFake()
	v := serde.NewValidator(r, serde.ValidatorOptions{})
	data := append(frame.AppendID(nil, 3), "payload"...)
	round := v.Batch()
	b.ReportAllocs()
	for b.Loop() {
		if refusal, err := round.Judge(context.Background(), serde.Rule{Topic: "notes"}, nil, data); !refusal.Passes() || err != nil {
			b.Fatal(refusal, err)
		}
	}
}

func TestTheWarmPathAllocatesNothing(t *testing.T) {
	_, r := idleFake()
	d := serde.NewDecoder(r, serde.DecoderOptions{})
	e, err := serde.NewEncoder(r, serde.EncoderOptions{Mode: serde.UseLatest})
	if err != nil {
		t.Fatal(err)
	}
	round := serde.NewValidator(r, serde.ValidatorOptions{}).Batch()
	buf, v := make([]byte, 0, 64), &value{}
	data := append(frame.AppendID(nil, 3), "payload"...)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := e.Encode(context.Background(), buf, "notes", v); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(context.Background(), "notes", data, v); err != nil {
			t.Fatal(err)
		}
		if refusal, err := round.Judge(context.Background(), serde.Rule{Topic: "notes"}, nil, data); !refusal.Passes() || err != nil {
			t.Fatal(refusal, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
