package protobuf_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const checkedText = `syntax = "proto3"; package c;
message A {
  int32 i = 1; fixed32 w = 2; double d = 3; string s = 4; bytes b = 5; A a = 6;
  repeated int32 is = 7; repeated fixed64 ws = 8; map<string, A> m = 9; repeated string ss = 1000;
  optional group G = 11 { sint32 g = 1; }
}
message R { oneof o { P p = 1; } }
`

func TestCheck(t *testing.T) {
	p2 := dep(t, "p2.proto", `package c; message P { required int32 x = 1; required P y = 2; optional string s = 3; }`)
	s := mustParse(t, checkedText, p2)
	for _, c := range []struct {
		name, message, payload, flaw string
	}{
		{"empty", "c.A", "", ""},
		{"each kind", "c.A", "0805" + "1501020304" + "190102030405060708" + "2203616263" + "2a02fffe" + "32020801", ""},
		{"varint of ten bytes", "c.A", "08ffffffffffffffffff01", ""},
		{"packed", "c.A", "3a03010203", ""},
		{"not packed", "c.A", "38013802", ""},
		{"packed fixed", "c.A", "42080102030405060708", ""},
		{"map", "c.A", "4a050a016b1200", ""},
		{"map entry without parts", "c.A", "4a00", ""},
		{"large number", "c.A", "c23e0161", ""},
		{"group", "c.A", "5b08015c", ""},
		{"unknown fields", "c.A", "60016a0178f20101" + "01" + "7d01020304", ""},
		{"unknown group", "c.A", "a3017a0179a401", ""},

		{"zero tag", "c.A", "00", "no field tag"},
		{"number zero", "c.A", "0201", "no field tag"},
		{"tag too large", "c.A", "80808080800801", "no field tag"},
		{"tag ends early", "c.A", "80", "no field tag"},
		{"varint ends early", "c.A", "0880", "field i (1)"},
		{"varint too long", "c.A", "08ffffffffffffffffffff01", "field i (1)"},
		{"text where a number belongs", "c.A", "0a0161", "field i (1)"},
		{"number where text belongs", "c.A", "2001", "field s (4)"},
		{"fixed32 ends early", "c.A", "15010203", "field w (2)"},
		{"text ends early", "c.A", "220361", "byte 1: message c.A: field s (4)"},
		{"length too large", "c.A", "22ffffffffffffffffff01", "field s (4)"},
		{"text not UTF-8", "c.A", "2201ff", "UTF-8"},
		{"map key not UTF-8", "c.A", "4a030a01ff", "UTF-8"},
		{"inside a message", "c.A", "32020880", "field i (1)"},
		{"packed ends early", "c.A", "3a0180", "field is (7)"},
		{"packed fixed ends early", "c.A", "420101", "field ws (8)"},
		{"group does not end", "c.A", "5b0801", "does not end"},
		{"group ends as another", "c.A", "5b080164", "did not begin"},
		{"end without start", "c.A", "5c", "did not begin"},
		{"unknown field ends early", "c.A", "6a05", "unknown field 13"},
		{"wire type 6", "c.A", "6e", "unknown field 13"},
		{"wire type 7 of a known field", "c.A", "0f", "wire type 7"},

		{"required missing", "c.R", "0a00", "required"},
		{"one of two missing", "c.R", "0a020801", "required"},
		{"required in two parts", "c.R", "0a04120208010a020801", "required"},
		{"proto2 text not UTF-8", "c.R", "0a031a01ff", "required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload, err := hex.DecodeString(c.payload)
			if err != nil {
				t.Fatal(err)
			}
			err = message(t, s, c.message).Check(payload)
			switch {
			case c.flaw == "" && err != nil:
				t.Error(err)
			case c.flaw != "" && (!errors.Is(err, schema.ErrPayload) || !strings.Contains(fault.DetailOf(err), c.flaw)):
				t.Errorf("error %v, want one that says %q", err, c.flaw)
			}
		})
	}
}

// A message may come in parts, and only together have they all required fields.
func TestCheckOfMessagesInParts(t *testing.T) {
	m := message(t, mustParse(t, `message A { optional B b = 1; } message B { required int32 x = 1; required int32 y = 2; }`), "A")
	if err := m.Check([]byte("\x0a\x02\x08\x01\x0a\x02\x10\x01")); err != nil {
		t.Error(err)
	}
	if err := m.Check([]byte("\x0a\x02\x08\x01\x0a\x02\x08\x01")); !errors.Is(err, schema.ErrPayload) {
		t.Error(err)
	}
}

func TestCheckBoundsNesting(t *testing.T) {
	m := message(t, mustParse(t, checkedText, dep(t, "p", `package c; message P {}`)), "c.A")
	payload := []byte{}
	for range 99 {
		payload = append(append([]byte{0x32}, varint(len(payload))...), payload...)
	}
	if err := m.Check(payload); err != nil {
		t.Errorf("100 levels: %v", err)
	}
	payload = append(append([]byte{0x32}, varint(len(payload))...), payload...)
	if err := m.Check(payload); !errors.Is(err, schema.ErrPayload) || !strings.Contains(err.Error(), "100 levels") {
		t.Errorf("101 levels: %v", err)
	}
	deep := bytes.Repeat([]byte{0x5b}, 1<<20)
	if err := m.Check(deep); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("a million groups: %v", err)
	}
}

func varint(n int) []byte {
	if n < 128 {
		return []byte{byte(n)}
	}
	return []byte{byte(n) | 128, byte(n >> 7)}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	m := message(t, sampleSchema(t), "pawl.sample.Order")
	payload, err := m.Append(nil, sampleOrder())
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := m.Check(payload); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
