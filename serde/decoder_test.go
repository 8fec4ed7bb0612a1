package serde_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
	"github.com/pawl-registry/pawl/serde/frame"
)

func decoder(f *fake, o serde.DecoderOptions) *serde.Decoder {
	return serde.NewDecoder(serde.NewResolver(f, formats, serde.Options{}), o)
}

func framed(id schema.ID, rest string) []byte { return append(frame.AppendID(nil, id), rest...) }

func TestDecodeReadsEveryForm(t *testing.T) {
	f := newFake()
	id := f.add("notes-value", "A,B body").ID
	guid := slices.Clip(frame.Append(nil, frame.Ref{GUID: schema.GUID{15: byte(id)}, ByGUID: true}))
	d := decoder(f, serde.DecoderOptions{})
	for name, data := range map[string][]byte{
		"by id":          framed(id, "\x00body=x;"),
		"second message": framed(id, "\x01body=x;"),
		"by guid":        append(guid, "\x00body=x;"...),
	} {
		for range 2 {
			var text string
			var generic any
			if err := d.Decode(t.Context(), "notes", data, &text); err != nil || text != "x" {
				t.Errorf("%s: %q, %v", name, text, err)
			}
			if err := d.Decode(t.Context(), "notes", data, &generic); err != nil || generic != "x" {
				t.Errorf("%s: generic %v, %v", name, generic, err)
			}
		}
	}
	f.asked(t, "ByID 1", 1)
	f.asked(t, "ByGUID", 1)
}

func TestTheNullRecordIsTheZeroValue(t *testing.T) {
	text := "before"
	d := decoder(newFake(), serde.DecoderOptions{})
	if err := d.Decode(t.Context(), "notes", nil, &text); err != nil || text != "" {
		t.Errorf("%q, %v", text, err)
	}
	if err := d.Decode(t.Context(), "notes", nil, text); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("a target that is no pointer: %v", err)
	}
}

func TestDecodeErrorsSayWhatAndKeepTheBytes(t *testing.T) {
	f := newFake()
	good := f.add("notes-value", "A body").ID
	broken := f.add("notes-value", "nofield").ID
	lost := f.add("notes-value", "A b", schema.Reference{Name: "r", Subject: "gone", Version: 1}).ID
	loop := f.add("loop", "A b", schema.Reference{Name: "r", Subject: "loop", Version: 1}).ID
	tests := []struct {
		name string
		data []byte
		code *fault.Code
		id   schema.ID
	}{
		{"empty", []byte{}, frame.ErrEmpty, 0},
		{"one byte", []byte{0}, frame.ErrShort, 0},
		{"four bytes", []byte{0, 1, 2, 3}, frame.ErrShort, 0},
		{"text", []byte("hello"), frame.ErrMagic, 0},
		{"unknown id", framed(99, "\x00body=x;"), serde.ErrUnknownSchema, 99},
		{"unknown guid", frame.Append(nil, frame.Ref{ByGUID: true, GUID: schema.GUID{1}}), serde.ErrUnknownSchema, 0},
		{"a schema that does not parse", framed(broken, "\x00"), serde.ErrSchema, broken},
		{"a reference that is gone", framed(lost, "\x00"), serde.ErrUnknownSchema, lost},
		{"references in a circle", framed(loop, "\x00"), serde.ErrSchema, loop},
		{"no such message", framed(good, "\x07body=x;"), schema.ErrMessageNotFound, good},
		{"no prefix", framed(good, ""), schema.ErrMessageNotFound, good},
		{"truncated payload", framed(good, "\x00body=x"), schema.ErrPayload, good},
	}
	d := decoder(f, serde.DecoderOptions{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v any
			err := d.Decode(t.Context(), "notes", tt.data, &v)
			var de *serde.DecodeError
			if !errors.As(err, &de) || !errors.Is(err, tt.code) {
				t.Fatalf("error %v, want a DecodeError with %s", err, tt.code.Name())
			}
			if de.Topic != "notes" || de.Ref.ID != tt.id || string(de.Data) != string(tt.data) {
				t.Errorf("%+v", de)
			}
		})
	}
}

func TestReferencesAreResolvedDeepOnceAndInTheirContext(t *testing.T) {
	f := newFake()
	f.add(":.prod:base", "Base base")
	f.add(":.prod:mid", "Mid mid", schema.Reference{Name: "base", Subject: "base", Version: 1})
	top := f.add(":.prod:top", "Top top",
		schema.Reference{Name: "mid", Subject: "mid", Version: 1}, schema.Reference{Name: "base", Subject: "base", Version: 1})
	d := decoder(f, serde.DecoderOptions{Context: ".prod"})
	var v any
	if err := d.Decode(t.Context(), "notes", framed(top.ID, "\x00top+Mid mid+Base base=x;"), &v); err != nil || v != "x" {
		t.Fatalf("%v, %v", v, err)
	}
	f.asked(t, "ByID :.prod: 3", 1)
	f.asked(t, "Version :.prod:mid 1", 1)
	f.asked(t, "Version :.prod:base 1", 1)
}

func TestEqualTextsWithUnequalReferencesAreDifferentSchemas(t *testing.T) {
	f := newFake()
	f.add("base", "Base old")
	f.add("base", "Base new")
	one := f.add("notes-value", "A body", schema.Reference{Name: "b", Subject: "base", Version: 1}).ID
	two := f.add("notes-value", "A body", schema.Reference{Name: "b", Subject: "base", Version: 2}).ID
	d := decoder(f, serde.DecoderOptions{})
	for id, payload := range map[schema.ID]string{one: "\x00body+Base old=1;", two: "\x00body+Base new=2;"} {
		var v string
		if err := d.Decode(t.Context(), "notes", framed(id, payload), &v); err != nil || v != fmt.Sprint(id-2) {
			t.Errorf("id %d: %q, %v", id, v, err)
		}
	}
}

func TestAReaderSchemaIsPreparedOncePerWriter(t *testing.T) {
	f := newFake()
	a, b := f.add("notes-value", "A first").ID, f.add("notes-value", "A second").ID
	alien := f.add("notes-value", "A alien").ID
	d := decoder(f, serde.DecoderOptions{Reader: serde.Unregistered{Format: "TOY", Text: "A prepared"}})
	for range 3 {
		for id, payload := range map[schema.ID]string{a: "\x00first=1;", b: "\x00second=2;"} {
			var v string
			if err := d.Decode(t.Context(), "notes", framed(id, payload), &v); err != nil || v != fmt.Sprintf("prepared:%d", id) {
				t.Fatalf("%q, %v", v, err)
			}
		}
	}
	for _, pair := range []string{"prepared<-first", "prepared<-second"} {
		if n := projections.of(pair); n != 1 {
			t.Errorf("%s was prepared %d times", pair, n)
		}
	}
	for range 3 {
		var v string
		if err := d.Decode(t.Context(), "notes", framed(alien, "\x00alien=1;"), &v); !errors.Is(err, serde.ErrSchema) {
			t.Errorf("reader and writer that do not resolve: %v", err)
		}
	}
	if n := projections.of("prepared<-alien"); n != 1 {
		t.Errorf("a pair that does not resolve was tried %d times", n)
	}
	o, err := d.Open(t.Context(), "notes", nil, framed(a, "\x00first=1;"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := o.AppendJSON(nil); err != nil || string(got) != `{"prepared":"1"}` {
		t.Errorf("AppendJSON = %s, %v", got, err)
	}
}

func TestOpenTellsTheSchemaBeforeDecoding(t *testing.T) {
	f := newFake()
	id := f.add("notes-value", "A,B body").ID
	o, err := decoder(f, serde.DecoderOptions{}).Open(t.Context(), "notes", nil, framed(id, "\x01body=x;"))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{o.Resolved.Subject, o.Resolved.Version, o.Message.Name(), string(o.Payload)}
	if diff := cmp.Diff([]any{"notes-value", 1, "B", "body=x;"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnUnknownIDIsAskedForOnceWithinItsTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		d := decoder(f, serde.DecoderOptions{})
		var v any
		for range 5 {
			if err := d.Decode(t.Context(), "notes", framed(1, "\x00body=x;"), &v); !errors.Is(err, serde.ErrUnknownSchema) {
				t.Fatal(err)
			}
		}
		f.asked(t, "ByID 1", 1)
		f.add("notes-value", "A body")
		time.Sleep(5*time.Second + 1)
		if err := d.Decode(t.Context(), "notes", framed(1, "\x00body=x;"), &v); err != nil {
			t.Fatal(err)
		}
		f.asked(t, "ByID 1", 2)
	})
}

func TestARegistryThatIsDownIsAskedAgainAndKnownIDsGoOn(t *testing.T) {
	f := newFake()
	known, later := f.add("notes-value", "A body").ID, f.add("notes-value", "A other").ID
	d := decoder(f, serde.DecoderOptions{})
	var v any
	if err := d.Decode(t.Context(), "notes", framed(known, "\x00body=x;"), &v); err != nil {
		t.Fatal(err)
	}
	f.fail(errors.New("connection refused"))
	if err := d.Decode(t.Context(), "notes", framed(known, "\x00body=x;"), &v); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(t.Context(), "notes", framed(later, "\x00other=x;"), &v); !errors.Is(err, serde.ErrRegistry) || fault.KindOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
	f.fail(nil)
	if err := d.Decode(t.Context(), "notes", framed(later, "\x00other=x;"), &v); err != nil {
		t.Fatal(err)
	}
}

func TestOneQuestionPerIDIsUnderWayAndKnownIDsDoNotWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		known, slow := f.add("notes-value", "A body").ID, f.add("notes-value", "A slow").ID
		d := decoder(f, serde.DecoderOptions{})
		var v any
		if err := d.Decode(t.Context(), "notes", framed(known, "\x00body=x;"), &v); err != nil {
			t.Fatal(err)
		}
		f.gate = make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				var v any
				if err := d.Decode(context.Background(), "notes", framed(slow, "\x00slow=x;"), &v); err != nil {
					t.Error(err)
				}
			})
		}
		impatient, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			var v any
			if err := d.Decode(impatient, "notes", framed(slow, "\x00slow=x;"), &v); !errors.Is(err, context.Canceled) || !errors.Is(err, serde.ErrRegistry) {
				t.Errorf("the one that gave up: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		if err := d.Decode(t.Context(), "notes", framed(known, "\x00body=x;"), &v); err != nil {
			t.Fatal(err)
		}
		close(f.gate)
		wg.Wait()
		f.asked(t, "ByID 2", 1)
	})
}

func TestASilentRegistryIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.gate = make(chan struct{})
		var v any
		err := decoder(f, serde.DecoderOptions{}).Decode(t.Context(), "notes", framed(1, "\x00"), &v)
		if !errors.Is(err, serde.ErrRegistry) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

func TestMoreSchemasThanFitAreStillRead(t *testing.T) {
	f := newFake()
	const n = 40
	for i := range n {
		f.add("notes-value", fmt.Sprintf("A f%d", i))
	}
	d := serde.NewDecoder(serde.NewResolver(f, formats, serde.Options{MaxSchemas: 8}), serde.DecoderOptions{})
	for round := range 3 {
		for i := range n {
			var v string
			if err := d.Decode(t.Context(), "notes", framed(schema.ID(i+1), fmt.Sprintf("\x00f%d=x;", i)), &v); err != nil {
				t.Fatalf("round %d, id %d: %v", round, i+1, err)
			}
		}
	}
}

func TestManyReadersAndManySchemas(t *testing.T) {
	f := newFake()
	const n = 100
	for i := range n {
		f.add("notes-value", fmt.Sprintf("A f%d", i))
	}
	d := decoder(f, serde.DecoderOptions{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5 * n {
				k := (i*7 + g) % n
				var v string
				if err := d.Decode(context.Background(), "notes", framed(schema.ID(k+1), fmt.Sprintf("\x00f%d=%d;", k, k)), &v); err != nil || v != fmt.Sprint(k) {
					t.Errorf("id %d: %q, %v", k+1, v, err)
				}
			}
		})
	}
	wg.Wait()
	for i := range n {
		f.asked(t, fmt.Sprintf("ByID %d", i+1), 1)
	}
}

func FuzzDecode(f *testing.F) {
	reg := newFake()
	id := reg.add("notes-value", "A,B body").ID
	d := decoder(reg, serde.DecoderOptions{})
	f.Add(framed(id, "\x00body=x;"))
	f.Add(framed(id, "\x05"))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		err := d.Decode(context.Background(), "notes", data, &v)
		var de *serde.DecodeError
		if err != nil && (!errors.As(err, &de) || string(de.Data) != string(data)) {
			t.Fatalf("error %v does not keep the bytes", err)
		}
	})
}
