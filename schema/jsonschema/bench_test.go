package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	v5 "github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

// The events of the benchmarks: a small reading, an order of some 600 bytes and an audit trail of some 5 kB.
const (
	readingSchema = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"Reading","type":"object","additionalProperties":false,
"required":["sensor","at","value"],"properties":{"sensor":{"type":"string","minLength":1,"maxLength":32},"at":{"type":"integer","minimum":0},
"value":{"type":"number","minimum":-273.15},"ok":{"type":"boolean"}}}`
	orderSchema = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"PurchaseOrder","type":"object","additionalProperties":false,
"required":["id","customer","lines","currency","total"],"properties":{"id":{"type":"string","pattern":"^[0-9a-f-]{36}$"},
"customer":{"$ref":"#/definitions/customer"},"currency":{"enum":["EUR","USD","CHF","GBP"]},"total":{"type":"number","minimum":0},
"status":{"enum":["new","paid","sent","void"]},"placed":{"type":"integer"},"note":{"anyOf":[{"type":"null"},{"type":"string","maxLength":200}]},
"tags":{"type":"array","items":{"type":"string"},"uniqueItems":true,"maxItems":10},"lines":{"type":"array","minItems":1,"items":{"$ref":"#/definitions/line"}}},
"definitions":{"customer":{"type":"object","required":["name","email"],"properties":{"name":{"type":"string"},"email":{"type":"string","maxLength":100},
"address":{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"zip":{"type":"string","pattern":"^[0-9]{4,5}$"}}}}},
"line":{"type":"object","required":["sku","qty","price"],"additionalProperties":false,"properties":{"sku":{"type":"string","minLength":3},
"qty":{"type":"integer","minimum":1,"maximum":1000},"price":{"type":"number","minimum":0},"gift":{"type":"boolean"}}}}}`
	auditSchema = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"Audit","type":"object","required":["source","entries"],
"properties":{"source":{"type":"string"},"entries":{"type":"array","items":{"type":"object","required":["seq","actor","action","at"],
"properties":{"seq":{"type":"integer","minimum":0},"actor":{"type":"string"},"action":{"enum":["create","read","update","delete"]},"at":{"type":"integer"},
"ok":{"type":"boolean"},"detail":{"oneOf":[{"type":"string"},{"type":"object","additionalProperties":{"type":["string","number","boolean"]}}]}}}}}}`
)

type event struct{ name, schema, payload string }

func events() []event {
	var audit strings.Builder
	for i := range 40 {
		if i > 0 {
			audit.WriteByte(',')
		}
		fmt.Fprintf(&audit, `{"seq":%d,"actor":"svc-billing-%d","action":"update","at":17000000%04d,"ok":true,"detail":{"table":"invoice","rows":%d}}`, i, i%7, i, i*3)
	}
	return []event{
		{"reading", readingSchema, `{"sensor":"hall-3/temp","at":1700000000123,"value":21.75,"ok":true}`},
		{"order", orderSchema, `{"id":"3f2b8c1e-7a64-4d0f-9e53-0c6a1b2d3e4f","customer":{"name":"Grace Hopper","email":"grace@example.com","address":{"street":"Arlington Road 7","city":"Bern","zip":"3011"}},` +
			`"currency":"CHF","status":"paid","placed":1700000000123,"total":184.35,"note":"ring twice","tags":["priority","gift","repeat"],"lines":[{"sku":"ABC-1001","qty":2,"price":19.95,"gift":true},` +
			`{"sku":"ABC-2002","qty":1,"price":99.5},{"sku":"XYZ-0007","qty":3,"price":14.985,"gift":false}]}`},
		{"audit", auditSchema, `{"source":"ledger","entries":[` + audit.String() + `]}`},
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, e := range events() {
		b.Run(e.name+"/pawl", func(b *testing.B) { benchmarkCheck(b, e) })
		b.Run(e.name+"/santhosh-v5", func(b *testing.B) { benchmarkV5(b, e) })
		b.Run(e.name+"/scan", func(b *testing.B) {
			b.SetBytes(int64(len(e.payload)))
			payload := []byte(e.payload)
			for b.Loop() {
				if !json.Valid(payload) {
					b.Fatal("no JSON")
				}
			}
		})
	}
}

func benchmarkCheck(b *testing.B, e event) {
	m := message(b, e.schema)
	payload := []byte(e.payload)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Check(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkV5(b *testing.B, e event) {
	s, err := v5.CompileString("schema.json", e.schema)
	if err != nil {
		b.Fatal(err)
	}
	payload := []byte(e.payload)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		d := json.NewDecoder(bytes.NewReader(payload))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			b.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, e := range events() {
		b.Run(e.name, func(b *testing.B) {
			m := message(b, e.schema)
			payload := []byte(e.payload)
			b.ReportAllocs()
			for b.Loop() {
				var v any
				if err := m.Decode(payload, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, e := range events() {
		b.Run(e.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jsonschema.Format.Parse(schema.Source{Text: e.schema}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// wide makes a closed object with n properties, the last of which is a string of at most max characters.
func wide(n, longest int) string {
	var b strings.Builder
	b.WriteString(`{"type":"object","additionalProperties":false,"properties":{`)
	for i := range n {
		fmt.Fprintf(&b, `"p%03d":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["integer","null"]}}},`, i)
	}
	fmt.Fprintf(&b, `"z":{"type":"string","maxLength":%d}}}`, longest)
	return b.String()
}

func BenchmarkDifferencesOf200Properties(b *testing.B) {
	reader, writer := parse(b, wide(200, 5)), parse(b, wide(200, 9))
	b.ReportAllocs()
	for b.Loop() {
		if d := reader.Differences(writer, schema.Question{}); len(d) != 1 {
			b.Fatal(d)
		}
	}
}

func parse(t testing.TB, text string) schema.Schema {
	t.Helper()
	s, err := jsonschema.Format.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func message(t testing.TB, text string) schema.Message {
	t.Helper()
	m, err := parse(t, text).Message("")
	if err != nil {
		t.Fatal(err)
	}
	return m
}
