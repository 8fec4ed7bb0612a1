package protobuf_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

const proto2FuzzText = `package c;
message A {
  required int32 i = 1; optional E e = 2; repeated E es = 3 [packed = true]; repeated sint32 zs = 4; optional string s = 5 [default = "x"];
  optional bytes b = 6; optional A a = 7; map<string, E> m = 8; oneof o { E oe = 9; float of = 10; } repeated double ds = 11 [packed = true];
  optional bool t = 12 [default = true]; repeated A as = 13; required string r = 14; extensions 100 to 200; optional int64 big_one = 15 [json_name = "BIG"];
}
enum E { option allow_alias = true; ZERO = 0; ONE = 1; TWO = 2; ALSO = 2; }
`

// Random messages, written by protobuf-go, have the same JSON and generic value straight from the wire as by a dynamic message.
func TestStraightAndDynamicFormsAgree(t *testing.T) {
	const imports = `import "google/protobuf/wrappers.proto"; import "google/protobuf/timestamp.proto"; import "google/protobuf/empty.proto";`
	for name, text := range map[string]string{"proto3": checkedFuzzText, "proto2": proto2FuzzText} {
		t.Run(name, func(t *testing.T) {
			head, body, _ := strings.Cut(text, "package c;")
			files := compiled(t, map[string]string{"a.proto": head + "package c;" + imports + body}, "a.proto")
			d, err := files.FindDescriptorByName("c.A")
			if err != nil {
				t.Fatal(err)
			}
			agreement{message(t, mustParse(t, text), "c.A"), d.(protoreflect.MessageDescriptor)}.check(t)
		})
	}
}

type agreement struct {
	message    schema.Message
	descriptor protoreflect.MessageDescriptor
}

func (a agreement) check(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	valid, straight, appended := 0, 0, 0
	for range 200 {
		msg := dynamicpb.NewMessage(a.descriptor)
		fill(r, msg, 3)
		payload, err := proto.MarshalOptions{AllowPartial: true}.Marshal(msg)
		if err != nil {
			t.Fatal(err)
		}
		want, err := protobuf.DynamicJSON(a.message, payload)
		got, ok := protobuf.StraightJSON(a.message, payload)
		if err != nil {
			if ok {
				t.Fatalf("%x: %v, but straight %s", payload, err, got)
			}
			continue
		}
		valid++
		if !ok {
			continue
		}
		straight++
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Fatalf("%x (-dynamic +straight):\n%s", payload, diff)
		}
		if a.generic(t, payload, want) {
			appended++
		}
	}
	if straight < valid*9/10 || appended < valid*9/10 || valid < 20 {
		t.Errorf("of %d messages %d were read straight and %d written", valid, straight, appended)
	}
}

// generic compares generic values and reports whether writing one went straight.
func (a agreement) generic(t *testing.T, payload, text []byte) bool {
	t.Helper()
	var want any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	got, ok := protobuf.StraightValue(a.message, payload)
	if !ok {
		t.Fatalf("%x: JSON but no generic value", payload)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%x (-dynamic +straight):\n%s", payload, diff)
	}
	back, ok := protobuf.StraightAppend(a.message, got)
	if ok {
		sameMessage(t, a.message, got, back)
	}
	return ok
}

// fill sets about a third of the fields.
func fill(r *rand.Rand, m protoreflect.Message, depth int) {
	if m.Descriptor().FullName() == "google.protobuf.Timestamp" {
		m.Set(m.Descriptor().Fields().ByName("seconds"), protoreflect.ValueOfInt64(r.Int64N(1<<36)-1<<35))
		m.Set(m.Descriptor().Fields().ByName("nanos"), protoreflect.ValueOfInt32([]int32{0, 1, 1000, 5e8, 999999999}[r.IntN(5)]))
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if r.IntN(3) > 0 && fd.Cardinality() != protoreflect.Required || depth == 0 && fd.Kind() == protoreflect.MessageKind {
			continue
		}
		switch {
		case fd.IsMap():
			for range r.IntN(4) {
				key := scalar(r, fd.MapKey()).MapKey()
				if fd.MapValue().Kind() == protoreflect.MessageKind {
					fill(r, m.Mutable(fd).Map().Mutable(key).Message(), depth-1)
				} else {
					m.Mutable(fd).Map().Set(key, scalar(r, fd.MapValue()))
				}
			}
		case fd.IsList():
			for range r.IntN(4) {
				if fd.Kind() == protoreflect.MessageKind {
					fill(r, m.Mutable(fd).List().AppendMutable().Message(), depth-1)
				} else {
					m.Mutable(fd).List().Append(scalar(r, fd))
				}
			}
		case fd.Kind() == protoreflect.MessageKind:
			fill(r, m.Mutable(fd).Message(), depth-1)
		default:
			m.Set(fd, scalar(r, fd))
		}
	}
}

func scalar(r *rand.Rand, fd protoreflect.FieldDescriptor) protoreflect.Value {
	texts := []string{"", "a", "é\u2028", "\x00\x1f\"\\\n</>&", "\ufffd", "long enough to need more than one step"}
	floats := []float64{0, math.Copysign(0, -1), 1, -1.5, 1e21, 1e-7, 0.1, math.Inf(1), math.Inf(-1), math.NaN(), 16777217, math.MaxFloat32}
	ints := []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 300}
	n := ints[r.IntN(len(ints))]
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n != 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(texts[r.IntN(len(texts))])
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(texts[r.IntN(len(texts))]))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(floats[r.IntN(len(floats))]))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(floats[r.IntN(len(floats))])
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	}
	return protoreflect.ValueOfInt64(n)
}

// sameMessage proves that a payload of a generic value says what the way through JSON says.
func sameMessage(t *testing.T, m schema.Message, v any, payload []byte) {
	t.Helper()
	want, err := protobuf.DynamicAppend(m, v)
	if err != nil {
		t.Fatalf("%v: taken straight, refused as JSON: %v", v, err)
	}
	if err := m.Check(payload); err != nil {
		t.Fatal(err)
	}
	wantJSON, err := protobuf.DynamicJSON(m, want)
	if err != nil {
		t.Fatal(err)
	}
	gotJSON, err := protobuf.DynamicJSON(m, payload)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(wantJSON), string(gotJSON)); diff != "" {
		t.Fatalf("%v (-through JSON +straight):\n%s", v, diff)
	}
	if len(want) != len(payload) {
		t.Errorf("%v: %d bytes straight, %d through JSON", v, len(payload), len(want))
	}
}

// Values that have no JSON form of the message are refused on either way, and forms that only JSON knows are taken.
func TestUnusualGenericValues(t *testing.T) {
	m := message(t, mustParse(t, checkedFuzzText), "c.A")
	for _, v := range []map[string]any{
		{"me": map[string]any{"yes": "ONE"}},

		{"mz": map[string]any{"1": nil}},
		{"i": "01"}, {"i": 1.5}, {"i": 1 << 40}, {"u": -1}, {"u32": -1.0}, {"e": "NONE"}, {"s": 5}, {"b": "%"}, {"t": "true"},
		{"nothing": 1}, {"os": "a", "oa": map[string]any{}}, {"a": []any{}}, {"is": 5}, {"is": []any{nil}},
		{"ts": "yesterday"}, {"ts": "10000-01-01T00:00:00Z"}, {"f": 1e300}, {"d": "ten"},
	} {
		if out, err := m.Append(nil, v); !errors.Is(err, schema.ErrPayload) {
			t.Errorf("%v: %x, %v", v, out, err)
		}
	}
	for want, v := range map[string]map[string]any{
		`{"i":100}`:                           {"i": "1e2"},
		`{"b":"+/8="}`:                        {"b": "-_8"},
		`{"ss":["x"]}`:                        {"ss": []string{"x"}},
		`{"ts":"2024-01-01T00:00:00Z"}`:       {"ts": "2024-01-01T02:00:00+02:00"},
		`{"w2":"7","ts2":[true]}`:             {"w2": 7, "ts2": []any{true}},
		`{"a":{},"w1":"","u":"1"}`:            {"a": map[string]any{}, "w1": "", "u": uint64(1), "s": nil},
		`{"e":"ONE","es":["NEG",5]}`:          {"e": 1, "es": []any{-1.0, 5}},
		`{"b":"AQI="}`:                        {"b": []byte{1, 2}},
		`{"mu":{"18446744073709551615":"x"}}`: {"mu": map[string]any{"18446744073709551615": "x"}},
	} {
		payload, err := m.Append(nil, v)
		if err != nil {
			t.Errorf("%v: %v", v, err)
			continue
		}
		got, err := m.AppendJSON(nil, payload)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, want, string(got))
	}
}
