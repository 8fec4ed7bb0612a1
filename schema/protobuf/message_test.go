package protobuf_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

//go:generate go run testdata/sample/generate.go

func sampleSchema(t testing.TB) schema.Schema {
	t.Helper()
	text, _, err := protobuf.SourceOf(&Order{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func message(t testing.TB, s schema.Schema, name string) schema.Message {
	t.Helper()
	m, err := s.Message(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sampleOrder() *Order {
	return &Order{
		OrderId:    "o-1004",
		Customer:   &Order_Customer{CustomerId: "c-77", Email: "jo@example.org", Guest: true},
		Channel:    Channel_CHANNEL_SHOP,
		PlacedAtMs: 1700000000123,
		PaidAtMs:   proto.Int64(1700000060000),
		Lines: []*Line{
			{Sku: "book-9", Count: 2, Price: &Money{Currency: "EUR", MinorUnits: 1990}, WeightKg: 0.75},
			{Sku: "pen-3", Count: 10, Price: &Money{Currency: "EUR", MinorUnits: 120}},
		},
		Labels:   map[string]string{"campaign": "autumn", "tier": "gold"},
		Total:    &Money{Currency: "EUR", MinorUnits: 5180},
		Checksum: []byte{1, 2, 3, 250},
		Delivery: &Order_Address_{Address: &Order_Address{Street: "Main 1", City: "Ulm", Country: "DE"}},
	}
}

func TestGeneratedMessages(t *testing.T) {
	m := message(t, sampleSchema(t), "pawl.sample.Order")
	want := sampleOrder()
	payload, err := m.Append(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(payload); err != nil {
		t.Error(err)
	}
	got := &Order{OrderId: "left over", Lines: []*Line{{}}}
	if err := m.Decode(payload, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	back, err := m.ParseJSON(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	got.Reset()
	if err := proto.Unmarshal(back, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("through JSON (-want +got):\n%s", diff)
	}
}

func TestMessagesOfAnotherTypeAreRefused(t *testing.T) {
	m := message(t, sampleSchema(t), "pawl.sample.Order")
	var none *Order
	for _, v := range []any{&Line{}, none, nil, make(chan int), []int{1}, "text"} {
		if out, err := m.Append([]byte("x"), v); !errors.Is(err, schema.ErrPayload) || string(out) != "x" {
			t.Errorf("%T: %q, %v", v, out, err)
		}
	}
	for _, v := range []any{&Line{}, none, &structpb.Struct{}} {
		if err := m.Decode(nil, v); !errors.Is(err, schema.ErrPayload) {
			t.Errorf("%T: %v", v, err)
		}
	}
}

// fast stands for a message with the methods that vtprotobuf generates.
type fast struct {
	*Reading
	calls []string
}

func (f *fast) SizeVT() int {
	f.calls = append(f.calls, "size")
	return proto.Size(f.Reading) + 2 // an estimate may be too large
}

func (f *fast) MarshalToSizedBufferVT(b []byte) (int, error) {
	f.calls = append(f.calls, "marshal")
	raw, err := proto.Marshal(f.Reading)
	copy(b[len(b)-len(raw):], raw)
	return len(raw), err
}

func (f *fast) UnmarshalVT(b []byte) error {
	f.calls = append(f.calls, "unmarshal")
	return proto.UnmarshalOptions{Merge: true}.Unmarshal(b, f.Reading)
}

func TestGeneratedMethodsAreUsed(t *testing.T) {
	m := message(t, sampleSchema(t), "pawl.sample.Reading")
	f := &fast{Reading: &Reading{Sensor: 5, AtMs: -3, Value: 1.5}}
	payload, err := m.Append([]byte("x"), f)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := proto.Marshal(f.Reading)
	if !bytes.Equal(payload, append([]byte("x"), want...)) {
		t.Errorf("payload %x, want %x", payload, want)
	}
	into := &fast{Reading: &Reading{Sensor: 9, AtMs: 9}}
	small, _ := proto.Marshal(&Reading{Value: 2})
	if err := m.Decode(small, into); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Reading{Value: 2}, into.Reading, protocmp.Transform()); diff != "" {
		t.Errorf("a used message keeps values (-want +got):\n%s", diff)
	}
	if got := strings.Join(append(f.calls, into.calls...), " "); got != "size marshal unmarshal" {
		t.Errorf("calls: %s", got)
	}
}

func TestMessageIndexes(t *testing.T) {
	s := mustParse(t, p3+`message A { message B {} enum X { Z = 0; } message C { message D {} } } enum E { Q = 0; } message F {}`)
	for name, want := range map[string]string{
		"A": "00", "A.B": "040000", "A.C": "040002", "A.C.D": "06000200", "F": "0202",
	} {
		m := message(t, s, name)
		if got := hex.EncodeToString(m.AppendPrefix(nil)); got != want {
			t.Errorf("%s: prefix %s, want %s", name, got, want)
		}
		opened, rest, err := s.Open(append(m.AppendPrefix(nil), 7, 8))
		if err != nil || opened.Name() != name || !bytes.Equal(rest, []byte{7, 8}) {
			t.Errorf("%s: opened %v, rest %x, %v", name, opened, rest, err)
		}
	}
	long, rest, err := s.Open([]byte{2, 0, 9})
	if err != nil || long.Name() != "A" || !bytes.Equal(rest, []byte{9}) {
		t.Errorf("the long form of the first message: %v, %x, %v", long, rest, err)
	}
}

func TestIndexesThatLeadNowhere(t *testing.T) {
	s := mustParse(t, p3+`message A { message B {} }`)
	for in, want := range map[string]*fault.Code{
		"":                       schema.ErrPayload,
		"01":                     schema.ErrPayload, // a negative count
		"80":                     schema.ErrPayload,
		"ffffffffffffffffff7f":   schema.ErrPayload,
		"04":                     schema.ErrPayload,
		"0400":                   schema.ErrPayload,
		"feffffff0f":             schema.ErrPayload,
		"0202":                   schema.ErrMessageNotFound,
		"0201":                   schema.ErrMessageNotFound,
		"040002":                 schema.ErrMessageNotFound,
		"06000000":               schema.ErrMessageNotFound,
		"02feffffffffffffffff01": schema.ErrMessageNotFound,
	} {
		body, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Open(body); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", in, err, want.Name())
		}
	}
	if _, _, err := mustParse(t, p3).Open([]byte{0}); !errors.Is(err, schema.ErrMessageNotFound) {
		t.Errorf("a file without messages: %v", err)
	}
}

func TestSchemasWithoutPayloads(t *testing.T) {
	for text, why := range map[string]string{
		p3 + `message A { int32 a = 1; int32 b = 1; }`:                             "share the number 1",
		p3 + `message A { int32 a = 0; }`:                                          "number 0",
		p3 + `message A { int32 a = 19500; }`:                                      "number 19500",
		p3 + `message A { map<string, Nothing> m = 1; }`:                           "Nothing",
		p3 + `message A { repeated B b = 1; } message B { map<string, C> c = 1; }`: "string, C",
	} {
		_, err := mustParse(t, text).Message("")
		if !errors.Is(err, schema.ErrInvalid) || !strings.Contains(fault.DetailOf(err), why) {
			t.Errorf("%s: %v", text, err)
		}
	}
	s := mustParse(t, p3+`message A { int32 a = 1; } message B { int32 b = 0; }`)
	if _, err := s.Message("A"); err != nil {
		t.Errorf("a neighbour spoils a message: %v", err)
	}
}

func TestLaxSchemasHavePayloads(t *testing.T) {
	for _, text := range []string{
		`message A { reserved 1; google.protobuf.StringValue v = 1 [(unknown).x = 1]; } enum E { X = 0; Y = 0; }`,
		`import "nowhere.proto"; message A { confluent.type.Decimal v = 1; oneof empty {} }`,
		`message A { E v = 1; message B { E e = 1; } } enum E { X = 0; }`,
	} {
		m := message(t, mustParse(t, p3+text), "A")
		var out any
		if err := m.Decode(nil, &out); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestPayloadsUseTypesOfReferences(t *testing.T) {
	deep := dep(t, "deep.proto", p3+`package deep; message D { string x = 1; }`)
	middle := dep(t, "middle.proto", p3+`package mid; import "deep.proto"; message M { deep.D d = 1; google.type.Date on = 2; }`, deep)
	s := mustParse(t, p3+`package top; message A { map<string, mid.M> ms = 1; google.protobuf.Timestamp at = 2; google.protobuf.Any any = 3; }`, middle)
	m := message(t, s, "top.A")
	const text = `{"ms":{"k":{"d":{"x":"v"},"on":{"year":2024}}},"at":"2024-02-29T12:00:00Z","any":{"@type":"example.org/mid.M","on":{"day":3}}}`
	payload, err := m.ParseJSON(nil, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(payload); err != nil {
		t.Error(err)
	}
	got, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, text, string(got))
}

func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestExtensionsInJSON(t *testing.T) {
	s := mustParse(t, `package p; message A { extensions 100 to 200; } extend A { optional string note = 100; repeated int32 ns = 101; }`)
	m := message(t, s, "p.A")
	const text = `{"[p.note]":"x","[p.ns]":[1,2]}`
	payload, err := m.ParseJSON(nil, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, text, string(got))
}

func TestTextsOfProto2NeedNotBeUTF8(t *testing.T) {
	m := message(t, mustParse(t, `message A { optional string s = 1; repeated string r = 2; map<int32, string> m = 3; }`), "A")
	payload := []byte("\x0a\x01\xff\x12\x01\xfe\x1a\x05\x08\x01\x12\x01\xfd")
	if err := m.Check(payload); err != nil {
		t.Error(err)
	}
	got, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, `{"s":"\ufffd","r":["\ufffd"],"m":{"1":"\ufffd"}}`, string(got))
}

func TestJSONIsTheSameEveryTime(t *testing.T) {
	m := message(t, sampleSchema(t), "pawl.sample.Order")
	payload, err := m.Append(nil, sampleOrder())
	if err != nil {
		t.Fatal(err)
	}
	first, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := m.AppendJSON(nil, payload)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("%s\n%s\n%v", first, again, err)
		}
	}
}
