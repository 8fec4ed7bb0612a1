package protobuf_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func seedTexts(f *testing.F) {
	for _, c := range dialect {
		f.Add(c.text)
	}
	for _, text := range []string{orderText, moneyText, legacyText, servicesText, checkedText} {
		f.Add(text)
	}
	f.Add("CgphLnByb3RvIgkKAUFSBAgBEAJiBnByb3RvMw==")
}

// FuzzParse reads anything, and holds what was read to the promises about canonical texts.
func FuzzParse(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("%v has not the code of invalid schemas", err)
			}
			return
		}
		canonical := s.Canonical()
		again, err := protobuf.Format.Parse(schema.Source{Text: canonical, Rigor: schema.AsStored}, nil)
		if err != nil {
			t.Fatalf("the canonical text cannot be read: %v\n%s", err, canonical)
		}
		if got := again.Canonical(); got != canonical {
			t.Fatalf("the canonical text is no fixpoint:\n%s\n---\n%s", canonical, got)
		}
		for _, style := range []string{"ignore_extensions", "serialized"} {
			if _, err := s.Render(style); err != nil && !errors.Is(err, schema.ErrInvalid) {
				t.Errorf("%s: %v", style, err)
			}
		}
		if m, err := s.Message(""); err == nil {
			_ = m.Check([]byte{8, 1, 18, 0})
		}
	})
}

// FuzzDifferences compares whatever can be read; a schema never differs from itself or from its normal form.
func FuzzDifferences(f *testing.F) {
	f.Add(orderText, moneyText)
	f.Add(legacyText, servicesText)
	f.Add(p3+`message A { oneof o { int32 a = 1; } map<string, B> m = 2; } message B { A a = 1; }`, p3+`message A { int32 a = 1; } message B {}`)
	f.Fuzz(func(t *testing.T, reader, writer string) {
		r, err := protobuf.Format.Parse(schema.Source{Text: reader}, nil)
		if err != nil {
			return
		}
		if d := r.Differences(r, schema.Question{}); len(d) > 0 {
			t.Errorf("differs from itself: %+v", d)
		}
		w, err := protobuf.Format.Parse(schema.Source{Text: writer}, nil)
		if err != nil {
			return
		}
		first := r.Differences(w, schema.Question{})
		second := r.Differences(w, schema.Question{})
		if len(first) != len(second) {
			t.Fatalf("%d differences, then %d", len(first), len(second))
		}
		for i := range first {
			if first[i] != second[i] {
				t.Errorf("the answers differ at %d: %+v, %+v", i, first[i], second[i])
			}
		}
		for _, d := range r.(schema.Warner).Warnings(w, schema.Question{}) {
			if d.Rule == "" || d.Detail == "" {
				t.Errorf("an empty warning: %+v", d)
			}
		}
	})
}

// FuzzPayload opens, checks and decodes anything. What Check takes can be decoded into JSON and back.
func FuzzPayload(f *testing.F) {
	s, err := protobuf.Format.Parse(schema.Source{Text: checkedFuzzText}, nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"\x00", "\x00\x08\x05", "\x02\x02\x0a\x02\x08\x01", "\x00\x32\x02\x08\x01\x3a\x03\x01\x02\x03\x4a\x05\x0a\x01k\x12\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, payload, err := s.Open(body)
		if err != nil {
			return
		}
		checked := m.Check(payload)
		var v any
		decoded := m.Decode(payload, &v)
		text, err := m.AppendJSON(nil, payload)
		if (err == nil) != (decoded == nil) {
			t.Errorf("Decode: %v, AppendJSON: %v", decoded, err)
		}
		if straight, ok := protobuf.StraightJSON(m, payload); ok {
			dynamic, err := protobuf.DynamicJSON(m, payload)
			if err != nil || string(dynamic) != string(straight) {
				t.Fatalf("JSON straight from the wire %s\nby a dynamic message %s, %v", straight, dynamic, err)
			}
			var want any
			if err := json.Unmarshal(straight, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, v); diff != "" {
				t.Fatalf("generic value (-want +got):\n%s", diff)
			}
		}
		if checked != nil {
			return
		}
		if err != nil {
			t.Fatalf("Check takes what has no JSON form: %v", err)
		}
		if back, ok := protobuf.StraightAppend(m, v); ok {
			sameMessage(t, m, v, back)
		}
		back, err := m.ParseJSON(nil, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := m.AppendJSON(nil, back)
		if err != nil || string(again) != string(text) {
			t.Errorf("JSON %s, after a round trip %s, %v", text, again, err)
		}
	})
}

const checkedFuzzText = `syntax = "proto3"; package c;
message A {
  int32 i = 1; fixed32 w = 2; double d = 3; string s = 4; bytes b = 5; A a = 6;
  repeated int32 is = 7; repeated fixed64 ws = 8; map<string, A> m = 9; repeated string ss = 1000;
  optional E e = 12; repeated E es = 13; float f = 14; bool t = 15; uint64 u = 16; sint64 z = 17; map<int64, bytes> mb = 18;
  oneof o { string os = 19; A oa = 20; google.protobuf.StringValue w1 = 21; google.protobuf.Int64Value w2 = 22; }
  google.protobuf.Timestamp ts = 23; map<bool, E> me = 24; map<string, double> md = 25; repeated A as = 26; repeated float fs = 27;
  sfixed32 sf = 28; sint32 z32 = 29; int64 i64 = 30; uint32 u32 = 31; google.protobuf.BoolValue w3 = 32; google.protobuf.BytesValue w4 = 33;
  google.protobuf.FloatValue w5 = 34; repeated sint64 zs = 35; repeated bool ts2 = 36; map<sint32, sfixed64> mz = 37; map<uint64, string> mu = 38;
  sfixed64 sf64 = 39; fixed64 f64 = 40; google.protobuf.Empty empty = 41; map<fixed32, float> mf = 42;
}
message B { repeated A as = 1; }
enum E { ZERO = 0; ONE = 1; NEG = -1; }
`
