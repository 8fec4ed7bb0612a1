package jsonschema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

func TestFaultsNameThePlaceAndTheKeyword(t *testing.T) {
	const text = `{"type":"object","properties":{"a/b":{"type":"array","items":{"type":"object","required":["id"],
		"properties":{"id":{"type":"string","pattern":"^(?!x)","maxLength":3},"n":{"multipleOf":0.1,"maximum":5}},"additionalProperties":false}},
		"e":{"enum":["x",1]},"u":{"type":"array","uniqueItems":true},"o":{"oneOf":[{"type":"string"},{"minLength":2},{"type":"null"}]},
		"f":{"format":"date"},"m":{"anyOf":[{"type":"null"},{"$ref":"#/definitions/m"}]},"k":{"anyOf":[{"minLength":9},{"maxLength":2}]},"x":{"not":{"type":"string"}},"c":{"contains":{"const":1}}},"propertyNames":{"maxLength":4},"minProperties":1,"dependencies":{"e":["f"]},
		"definitions":{"m":{"type":"object","required":["q"]}}}`
	m := message(t, text)
	for payload, want := range map[string]string{
		`[]`:                                 "at #: expected object, not an array (keyword type)",
		`{}`:                                 "at #: 0 properties, fewer than 1 (keyword minProperties)",
		`{"a/b":[{"id":"a"},{}]}`:            `at #/a~1b/1: the property "id" is missing (keyword required)`,
		`{"a/b":[{"id":7}]}`:                 "at #/a~1b/0/id: expected string, not a number (keyword type)",
		`{"a/b":[{"id":"xyz"}]}`:             `at #/a~1b/0/id: the string does not match "^(?!x)" (keyword pattern)`,
		`{"a/b":[{"id":"grüß"}]}`:            "at #/a~1b/0/id: 4 characters, more than 3 (keyword maxLength)",
		`{"a/b":[{"id":"a","n":0.35}]}`:      "at #/a~1b/0/n: 0.35 is no multiple of 0.1 (keyword multipleOf)",
		`{"a/b":[{"id":"a","n":5.0000001}]}`: "at #/a~1b/0/n: 5.0000001 is more than 5 (keyword maximum)",
		`{"a/b":[{"id":"a","z":1}]}`:         `at #/a~1b/0: the property "z" is not allowed (keyword additionalProperties)`,
		`{"e":2,"f":"2020-01-01"}`:           "at #/e: the value is none of those listed (keyword enum)",
		`{"e":1.0}`:                          `at #: the property "e" needs the property "f" (keyword dependencies)`,
		`{"u":[1,{"a":[]},1.0]}`:             "at #/u: the items 0 and 2 are equal (keyword uniqueItems)",
		`{"o":"ab"}`:                         "at #/o: the value fits the alternatives 0 and 1, and must fit exactly one (keyword oneOf)",
		`{"m":{}}`:                           `at #/m: the property "q" is missing (keyword required)`,
		`{"m":7}`:                            "at #/m: the value fits none of 2 alternatives (keyword anyOf)",
		`{"k":"four"}`:                       "at #/k: the value fits none of 2 alternatives (keyword anyOf)",
		`{"f":"2020-13-01"}`:                 "at #/f: the string is no date (keyword format)",
		`{"x":""}`:                           "at #/x: the value fits what it must not fit (keyword not)",
		`{"c":[2]}`:                          "at #/c: 0 items match, fewer than 1 (keyword contains)",
		`{"abcde":1}`:                        "at #/abcde: 5 characters, more than 4 (keyword maxLength)",
	} {
		err := m.Check([]byte(payload))
		if !errors.Is(err, schema.ErrPayload) || !strings.HasSuffix(fault.DetailOf(err), want) {
			t.Errorf("%s: %v\nwant ... %s", payload, err, want)
		}
	}
}

func TestOnlyStrictJSONIsAPayload(t *testing.T) {
	m := message(t, `true`)
	for _, payload := range []string{
		``, ` `, `{`, `{"a"}`, `{"a":1,}`, `[1,]`, `[1 2]`, `{'a':1}`, `01`, `+1`, `.5`, `1.`, `1e`, `-`, `0x1`, `nul`, `nulll`, `NaN`, `"a`, `"\x"`,
		`"\u12g4"`, "\"\t\"", "\"\xff\"", "\xef\xbb\xbf1", `1 2`, `{} x`, "1\x00", `1e99999999999`, strings.Repeat("9", 1001),
		strings.Repeat("[", 1001) + strings.Repeat("]", 1001), `// c` + "\n1",
	} {
		if err := m.Check([]byte(payload)); !errors.Is(err, schema.ErrPayload) {
			t.Errorf("%.40q: error %v, want %s", payload, err, schema.ErrPayload.Name())
		}
	}
	for _, payload := range []string{
		"\t\n\r 1 ", `-0`, `1E+2`, `"\ud800"`, `"\u0000"`, "\"\x7f\"", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("9", 1000),
	} {
		if err := m.Check([]byte(payload)); err != nil {
			t.Errorf("%.40q: %v", payload, err)
		}
	}
}

func TestDecodingKeepsEveryDigit(t *testing.T) {
	m := message(t, `true`)
	var v any
	text := `{"i":9007199254740993,"big":123456789012345678901,"f":0.1,"exact":1e22,"long":0.1000000000000000055511151231257827,"e":1e400,"z":-0,"s":"\u00e9\ud83d\ude00\ud800","n":null,"a":[true,{}],"d":1,"d":2}`
	if err := m.Decode([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"i": int64(9007199254740993), "big": json.Number("123456789012345678901"), "f": 0.1, "exact": 1e22,
		"long": json.Number("0.1000000000000000055511151231257827"), "e": json.Number("1e400"), "z": int64(0), "s": "é😀\ufffd", "n": nil,
		"a": []any{true, map[string]any{}}, "d": int64(2),
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	var typed struct {
		I   int64
		Big json.Number
	}
	if err := m.Decode([]byte(text), &typed); err != nil || typed.I != 9007199254740993 || typed.Big != "123456789012345678901" {
		t.Errorf("decoded %+v, %v", typed, err)
	}
	asMap := map[string]any{"old": 1}
	if err := m.Decode([]byte(`{"big":123456789012345678901}`), &asMap); err != nil || asMap["big"] != json.Number("123456789012345678901") {
		t.Errorf("decoded %v, %v", asMap, err)
	}
	if err := m.Decode([]byte(`7`), &asMap); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("a number into a map: %v", err)
	}
}

func TestNumbersAreComparedExactly(t *testing.T) {
	for _, c := range []struct {
		schema, payload string
		valid           bool
	}{
		{`{"maximum":0.3}`, `0.30000000000000000001`, false},
		{`{"maximum":0.3}`, `0.30000000000000000000`, true},
		{`{"minimum":9007199254740993}`, `9007199254740992`, false},
		{`{"minimum":-1.5}`, `-1.50001`, false},
		{`{"exclusiveMinimum":1e2}`, `100.0`, false},
		{`{"exclusiveMinimum":1e2}`, `100.000000000000000000001`, true},
		{`{"multipleOf":0.01}`, `19.99`, true},
		{`{"multipleOf":0.01}`, `19.999`, false},
		{`{"multipleOf":1e-9}`, `1e300000000`, true},
		{`{"multipleOf":3}`, `1e300000000`, false},
		{`{"multipleOf":1e300}`, `7`, false},
		{`{"type":"integer"}`, `1.0`, true},
		{`{"type":"integer"}`, `1e-300000000`, false},
		{`{"type":"integer"}`, `0e-300000000`, true},
		{`{` + modern + `"maxLength":1.2e1}`, `"twelve chars"`, true},
		{`{` + modern + `"maxLength":1.1e1}`, `"twelve chars"`, false},
		{`{"const":1.50}`, `15e-1`, true},
		{`{"enum":[123456789012345678901]}`, `123456789012345678901.0`, true},
	} {
		if err := message(t, c.schema).Check([]byte(c.payload)); (err == nil) != c.valid {
			t.Errorf("%s against %s: %v, want valid = %t", c.payload, c.schema, err, c.valid)
		}
	}
}

// TestValidationsEnd applies schemas that would keep a naive validator busy for years.
func TestValidationsEnd(t *testing.T) {
	nest := func(n int, inside string) string { return strings.Repeat("[", n) + inside + strings.Repeat("]", n) }
	for name, c := range map[string]struct{ schema, payload, want string }{
		"branching recursion":                 {`{"definitions":{"a":{"anyOf":[{"items":{"$ref":"#/definitions/a"},"type":"array"},{"items":{"$ref":"#/definitions/a"},"type":"array"}]}},"$ref":"#/definitions/a"}`, nest(60, "1"), "too many steps"},
		"a reference to itself":               {`{"$ref":"#"}`, `1`, "too deep"},
		"a loop of references":                {`{"allOf":[{"$ref":"#/definitions/a"}],"definitions":{"a":{"anyOf":[{"$ref":"#"}]}}}`, `1`, "too deep"},
		"a pattern that backtracks":           {`{"pattern":"^(?=a)(a+)+$"}`, `"` + strings.Repeat("a", 50) + `b"`, "took too long"},
		"a pattern that backtracks, on names": {`{"patternProperties":{"^(?=a)(a+)+$":false}}`, `{"` + strings.Repeat("a", 50) + `b":1}`, "took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			err := message(t, c.schema).Check([]byte(c.payload))
			if !errors.Is(err, schema.ErrPayload) || !strings.Contains(fault.DetailOf(err), c.want) {
				t.Errorf("error %v, want %s with %q", err, schema.ErrPayload.Name(), c.want)
			}
		})
	}
}

func TestLargeUniqueArraysAreCheckedByHash(t *testing.T) {
	var items []string
	for i := range 20_000 {
		items = append(items, `{"a":`+json.Number(strings.Repeat("1", 1+i%9)).String()+`,"b":"`+strings.Repeat("x", i/9)[:min(i/9, 40)]+`","i":`+itoa(i)+`}`)
	}
	m := message(t, `{"uniqueItems":true}`)
	if err := m.Check([]byte("[" + strings.Join(items, ",") + "]")); err != nil {
		t.Error(err)
	}
	items = append(items, `{"i":7.0e0,"b":"","a":11111111}`)
	if err := m.Check([]byte("[" + strings.Join(items, ",") + "]")); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("an equal pair written differently: %v", err)
	}
}

// TestLargeObjectsAreComparedInTime compares objects of so many members that looking for each in turn would take minutes.
func TestLargeObjectsAreComparedInTime(t *testing.T) {
	object := func(n int, last string) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := range n {
			b.WriteString(`"k` + itoa(i) + `":1,`)
		}
		return b.String() + `"last":` + last + `}`
	}
	m := message(t, `{"uniqueItems":true,"items":{"dependencies":{"last":["k1"]}}}`)
	const n = 100_000
	if err := m.Check([]byte(`[` + object(n, "1") + `,` + object(n, "2") + `]`)); err != nil {
		t.Error(err)
	}
	if err := m.Check([]byte(`[` + object(n, "1") + `,` + object(n, "1.0") + `]`)); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("two equal objects: %v", err)
	}
}

// TestDeepObjectsAreComparedInTime nests objects with a repeated name, so that a second look at any level would double the work.
func TestDeepObjectsAreComparedInTime(t *testing.T) {
	nested := func(inside string) string {
		return strings.Repeat(`{"a":0,"a":`, 900) + inside + strings.Repeat(`}`, 900)
	}
	m := message(t, `{"uniqueItems":true}`)
	if err := m.Check([]byte(`[` + nested("1") + `,` + nested("2") + `]`)); err != nil {
		t.Error(err)
	}
	if err := m.Check([]byte(`[` + nested("1") + `,` + nested("1.0") + `]`)); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("two equal objects: %v", err)
	}
	list := strings.Repeat(`{},`, 20)
	if err := m.Check([]byte(`[` + strings.ReplaceAll(list, `{}`, `0`) + nested("1") + `]`)); err == nil {
		t.Error("repeated numbers are taken")
	}
}

func itoa(i int) string {
	b, err := json.Marshal(i)
	if err != nil {
		panic("an int is JSON: " + err.Error())
	}
	return string(b)
}

func TestEscapedStringsAreComparedByContents(t *testing.T) {
	m := message(t, `{"uniqueItems":true}`)
	for payload, valid := range map[string]bool{
		`["\u0061","\u0062"]`: true, `["\u0061","a"]`: false, `["\u0061b","\u0061\u0062"]`: false,
		`[{"\u0061":1},{"\u0062":1}]`: true, `[{"\u0061":1},{"a":1.0}]`: false, `[{"a":1,"b":2},{"b":2,"a":1}]`: false,
	} {
		if err := m.Check([]byte(payload)); (err == nil) != valid {
			t.Errorf("%s: %v, want valid = %t", payload, err, valid)
		}
	}
	m = message(t, `{"properties":{"é":{"const":"\u00fc"}},"required":["é"],"additionalProperties":false}`)
	if err := m.Check([]byte(`{"\u00e9":"\u00fc"}`)); err != nil {
		t.Error(err)
	}
	if err := m.Check([]byte(`{"\u00e9":"\u00fd"}`)); err == nil {
		t.Error("another string than the constant is taken")
	}
}

func TestEncodingValidatesWhatItWrites(t *testing.T) {
	type item struct {
		SKU string `json:"sku"`
		Qty int    `json:"qty,omitempty"`
	}
	m := message(t, `{"type":"object","required":["sku"],"properties":{"sku":{"type":"string","minLength":1},"qty":{"minimum":1}}}`)
	got, err := m.Append([]byte("x"), item{SKU: "a<b>&c", Qty: 2})
	if err != nil || string(got) != `x{"sku":"a<b>&c","qty":2}` {
		t.Errorf("%s, %v", got, err)
	}
	for name, v := range map[string]any{"too short": item{}, "no object": 7, "not JSON": make(chan int), "a malformed raw message": json.RawMessage(`{`)} {
		if got, err := m.Append([]byte("x"), v); !errors.Is(err, schema.ErrPayload) || string(got) != "x" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestAPayloadThatDoesNotFitCanStillBeShown(t *testing.T) {
	m := message(t, `{"type":"string"}`)
	got, err := m.AppendJSON(nil, []byte(" { \"a\" : [ 1 , \"\\u0041 b\" ] } "))
	if err != nil || string(got) != `{"a":[1,"\u0041 b"]}` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := m.ParseJSON(nil, []byte(`{}`)); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("ParseJSON takes what does not fit: %v", err)
	}
}

func TestDynamicReferencesFollowTheScope(t *testing.T) {
	base := parse(t, `{`+modern+`"$id":"http://e.com/tree","$dynamicAnchor":"node","type":"object","properties":{"data":true,"children":{"type":"array","items":{"$dynamicRef":"#node"}}}}`)
	s, err := format(`{`+modern+`"$id":"http://e.com/strict","$dynamicAnchor":"node","$ref":"tree","unevaluatedProperties":false}`, dep("http://e.com/tree", base))
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Message("")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check([]byte(`{"children":[{"data":1}]}`)); err != nil {
		t.Error(err)
	}
	if err := m.Check([]byte(`{"children":[{"daat":1}]}`)); err == nil {
		t.Error("the extension does not reach the children")
	}
}
