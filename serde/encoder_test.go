package serde_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

func encoder(t testing.TB, f *fake, o serde.EncoderOptions) *serde.Encoder {
	t.Helper()
	e, err := serde.NewEncoder(serde.NewResolver(f, formats, serde.Options{}), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var own = serde.Unregistered{Format: "TOY", Text: "com.Note,com.Memo body"}

func TestTheStrategyNamesTheSubject(t *testing.T) {
	tests := []struct {
		name    string
		options serde.EncoderOptions
		want    string
	}{
		{"topic, value", serde.EncoderOptions{}, "notes-value"},
		{"topic, key", serde.EncoderOptions{Field: serde.Key}, "notes-key"},
		{"record", serde.EncoderOptions{Strategy: serde.RecordName}, "com.Note"},
		{"record, second message", serde.EncoderOptions{Strategy: serde.RecordName, Message: "com.Memo"}, "com.Memo"},
		{"topic-record", serde.EncoderOptions{Strategy: serde.TopicRecordName, Message: "com.Memo"}, "notes-com.Memo"},
		{"in a context", serde.EncoderOptions{Context: ".prod"}, ":.prod:notes-value"},
		{"in the default context by name", serde.EncoderOptions{Context: "."}, "notes-value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			tt.options.Schema = own
			if _, err := encoder(t, f, tt.options).Encode(t.Context(), nil, "notes", "x"); err != nil {
				t.Fatal(err)
			}
			f.asked(t, "Register "+tt.want, 1)
		})
	}
}

func TestEncodeAppendsFramePrefixAndPayload(t *testing.T) {
	f := newFake()
	f.add("other", "X y")
	e := encoder(t, f, serde.EncoderOptions{Schema: own, Message: "com.Memo"})
	for range 3 {
		got, err := e.Encode(t.Context(), []byte("before"), "notes", "hello")
		if want := "before\x00\x00\x00\x00\x02\x01body=hello;"; err != nil || string(got) != want {
			t.Fatalf("Encode = %q, %v; want %q", got, err, want)
		}
	}
	f.asked(t, "Register notes-value", 1)
}

func TestANilValueIsTheNullRecord(t *testing.T) {
	f := newFake()
	got, err := encoder(t, f, serde.EncoderOptions{Schema: own}).Encode(t.Context(), []byte("before"), "notes", nil)
	if got != nil || err != nil {
		t.Errorf("Encode(nil) = %v, %v", got, err)
	}
	f.asked(t, "Register notes-value", 0)
}

func TestAFailedEncodeLeavesTheBufferAlone(t *testing.T) {
	buf := make([]byte, 0, 100)
	buf = append(buf, "before"...)
	got, err := encoder(t, newFake(), serde.EncoderOptions{Schema: own}).Encode(t.Context(), buf, "notes", 42)
	if !errors.Is(err, schema.ErrPayload) {
		t.Fatalf("error %v", err)
	}
	if !bytes.Equal(got, []byte("before")) {
		t.Errorf("buffer is %q", got)
	}
	if !strings.Contains(err.Error(), "notes") {
		t.Errorf("the error does not name the topic: %v", err)
	}
}

func TestModes(t *testing.T) {
	tests := []struct {
		name    string
		options serde.EncoderOptions
		prepare func(*fake)
		want    string
		code    *fault.Code
	}{
		{"register", serde.EncoderOptions{Schema: own}, nil, "\x00\x00\x00\x00\x01\x00body=x;", nil},
		{"register, answer without text", serde.EncoderOptions{Schema: own}, func(f *fake) { f.noText = true }, "\x00\x00\x00\x00\x01\x00body=x;", nil},
		{"lookup, there", serde.EncoderOptions{Mode: serde.Lookup, Schema: own}, func(f *fake) { f.add("notes-value", own.Text) }, "\x00\x00\x00\x00\x01\x00body=x;", nil},
		{"lookup, not there", serde.EncoderOptions{Mode: serde.Lookup, Schema: own}, nil, "", serde.ErrUnknownSchema},
		{"latest", serde.EncoderOptions{Mode: serde.UseLatest}, func(f *fake) { f.add("notes-value", "A old"); f.add("notes-value", "A new") }, "\x00\x00\x00\x00\x02\x00new=x;", nil},
		{"latest of nothing", serde.EncoderOptions{Mode: serde.UseLatest}, nil, "", serde.ErrUnknownSchema},
		{"latest by record", serde.EncoderOptions{Mode: serde.UseLatest, Strategy: serde.RecordName, Message: "B"}, func(f *fake) { f.add("B", "A,B x") }, "\x00\x00\x00\x00\x01\x01x=x;", nil},
		{"id", serde.EncoderOptions{Mode: serde.UseID, ID: 1}, func(f *fake) { f.add("elsewhere", "A x") }, "\x00\x00\x00\x00\x01\x00x=x;", nil},
		{"unknown id", serde.EncoderOptions{Mode: serde.UseID, ID: 9}, nil, "", serde.ErrUnknownSchema},
		{"unknown message", serde.EncoderOptions{Schema: own, Message: "com.None"}, nil, "", schema.ErrMessageNotFound},
		{"by guid", serde.EncoderOptions{Schema: own, Form: serde.ByGUID}, nil, "\x01" + strings.Repeat("\x00", 15) + "\x01\x00body=x;", nil},
		{"by guid without one", serde.EncoderOptions{Schema: own, Form: serde.ByGUID}, func(f *fake) { f.noText = true }, "", serde.ErrSchema},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			if tt.prepare != nil {
				tt.prepare(f)
			}
			got, err := encoder(t, f, tt.options).Encode(t.Context(), nil, "notes", "x")
			if tt.code != nil {
				if !errors.Is(err, tt.code) {
					t.Fatalf("error %v, want %s", err, tt.code.Name())
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Fatalf("Encode = %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestOptionsThatCannotWorkAreRefusedAtOnce(t *testing.T) {
	for name, o := range map[string]serde.EncoderOptions{
		"nothing given":               {},
		"lookup without schema":       {Mode: serde.Lookup},
		"id 0":                        {Mode: serde.UseID},
		"latest by an unknown record": {Mode: serde.UseLatest, Strategy: serde.RecordName},
		"no such mode":                {Mode: 9, Schema: own},
	} {
		if _, err := serde.NewEncoder(serde.NewResolver(newFake(), formats, serde.Options{}), o); !errors.Is(err, serde.ErrOptions) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestMessageOfChoosesPerValue(t *testing.T) {
	f := newFake()
	e := encoder(t, f, serde.EncoderOptions{Schema: own, Strategy: serde.TopicRecordName, MessageOf: func(v any) string {
		if v == "memo" {
			return "com.Memo"
		}
		return ""
	}})
	for value, want := range map[string]string{"memo": "\x01body=memo;", "note": "\x00body=note;"} {
		got, err := e.Encode(t.Context(), nil, "notes", value)
		if err != nil || string(got[5:]) != want {
			t.Errorf("Encode(%q) = %q, %v", value, got, err)
		}
	}
	f.asked(t, "Register notes-com.Note", 1)
	f.asked(t, "Register notes-com.Memo", 1)
}

func TestARefusedRegistrationKeepsItsCodeAndIsRememberedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		incompatible := fault.NewCode(fault.Conflict, "incompatible")
		f.fail(fault.New(incompatible, "fake", "field gone"))
		e := encoder(t, f, serde.EncoderOptions{Schema: own})
		for range 5 {
			if _, err := e.Encode(t.Context(), nil, "notes", "x"); !errors.Is(err, incompatible) || !strings.Contains(err.Error(), "field gone") {
				t.Fatalf("error %v", err)
			}
		}
		f.asked(t, "Register notes-value", 1)
		f.fail(nil)
		time.Sleep(6 * time.Second)
		if _, err := e.Encode(t.Context(), nil, "notes", "x"); err != nil {
			t.Fatalf("after the negative TTL: %v", err)
		}
	})
}

func TestLatestIsRenewedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.add("notes-value", "A one")
		e := encoder(t, f, serde.EncoderOptions{Mode: serde.UseLatest})
		wrote := func(want string) {
			t.Helper()
			got, err := e.Encode(context.Background(), nil, "notes", "x")
			if err != nil || string(got[6:]) != want {
				t.Fatalf("wrote %q, %v; want %q", got, err, want)
			}
			synctest.Wait()
		}
		wrote("one=x;")
		f.add("notes-value", "A two")
		wrote("one=x;")
		f.asked(t, "Latest notes-value", 1)

		time.Sleep(5 * time.Minute)
		wrote("one=x;") // stale while it is renewed
		wrote("two=x;")
		f.asked(t, "Latest notes-value", 2)

		f.fail(errors.New("down"))
		time.Sleep(5 * time.Minute)
		for range 10 {
			wrote("two=x;") // the registry is down: what is known stays good
		}
		f.asked(t, "Latest notes-value", 3)
		f.fail(nil)
		f.add("notes-value", "A three")
		time.Sleep(5 * time.Second)
		wrote("two=x;")
		wrote("three=x;")

		f.mu.Lock()
		f.deleted["notes-value"] = true
		f.mu.Unlock()
		time.Sleep(5 * time.Minute)
		wrote("three=x;")
		if _, err := e.Encode(context.Background(), nil, "notes", "x"); !errors.Is(err, serde.ErrUnknownSchema) {
			t.Fatalf("the subject is gone: error %v", err)
		}
	})
}

func TestTheHeaderFormKeepsThePayloadBare(t *testing.T) {
	f := newFake()
	e := encoder(t, f, serde.EncoderOptions{Schema: own, Message: "com.Memo"})
	data, header, err := e.EncodeHeader(t.Context(), nil, "notes", "x")
	if err != nil || string(data) != "body=x;" || string(header) != "\x01"+strings.Repeat("\x00", 15)+"\x01\x01" {
		t.Fatalf("EncodeHeader = %q, %q, %v", data, header, err)
	}
	d := serde.NewDecoder(serde.NewResolver(f, formats, serde.Options{}), serde.DecoderOptions{})
	var got string
	if err := d.DecodeHeader(t.Context(), "notes", header, data, &got); err != nil || got != "x" {
		t.Fatalf("DecodeHeader: %q, %v", got, err)
	}
	if err := d.DecodeHeader(t.Context(), "notes", append(header, 9), data, &got); err == nil {
		t.Error("a header with trailing bytes was taken")
	}
}

func TestJSONTextIsEncodedToo(t *testing.T) {
	e := encoder(t, newFake(), serde.EncoderOptions{Schema: own})
	got, err := e.AppendJSON(t.Context(), nil, "notes", []byte(`{"body":"hi"}`))
	if err != nil || string(got) != "\x00\x00\x00\x00\x01\x00body=hi;" {
		t.Fatalf("AppendJSON = %q, %v", got, err)
	}
	if _, err := e.AppendJSON(t.Context(), nil, "notes", []byte(`{`)); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("broken JSON: %v", err)
	}
}

func TestTypedPair(t *testing.T) {
	f := newFake()
	r := serde.NewResolver(f, formats, serde.Options{})
	e, err := serde.NewEncoder(r, serde.EncoderOptions{Schema: own})
	if err != nil {
		t.Fatal(err)
	}
	d := serde.NewDecoder(r, serde.DecoderOptions{})
	byValue := serde.NewSerde[note](e, d)
	data, err := byValue.Encode(t.Context(), nil, "notes", note{"v"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := byValue.Decode(t.Context(), "notes", data); err != nil || got != (note{"v"}) {
		t.Errorf("Decode = %v, %v", got, err)
	}
	byPointer := serde.NewSerde[*note](e, d)
	if data, err := byPointer.Encode(t.Context(), nil, "notes", nil); data != nil || err != nil {
		t.Errorf("a nil pointer gives %q, %v", data, err)
	}
	if got, err := byPointer.Decode(t.Context(), "notes", data); err != nil || got == nil || *got != (note{"v"}) {
		t.Errorf("Decode = %v, %v", got, err)
	}
	if got, err := byPointer.Decode(t.Context(), "notes", nil); err != nil || got != nil {
		t.Errorf("Decode(null) = %v, %v", got, err)
	}
}
