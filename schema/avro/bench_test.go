package avro_test

import (
	"fmt"
	"strings"
	"testing"

	hamba "github.com/hamba/avro/v2"
	twmb "github.com/twmb/avro"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// Three events: an order with records in records, a small reading, a wide audit entry.

type address struct {
	Street string `avro:"street"`
	City   string `avro:"city"`
	Zip    string `avro:"zip"`
}

type line struct {
	SKU   string  `avro:"sku"`
	Count int32   `avro:"count"`
	Price float64 `avro:"price"`
}

type order struct {
	ID       int64             `avro:"id"`
	Customer string            `avro:"customer"`
	Status   string            `avro:"status"`
	Ship     address           `avro:"ship"`
	Lines    []line            `avro:"lines"`
	Labels   map[string]string `avro:"labels"`
	Note     *string           `avro:"note"`
	Placed   int64             `avro:"placed"`
	Paid     bool              `avro:"paid"`
	Total    float64           `avro:"total"`
}

const orderText = `{"type":"record","name":"Order","namespace":"bench.shop","fields":[
	{"name":"id","type":"long"},{"name":"customer","type":"string"},
	{"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","PAID","SENT"]}},
	{"name":"ship","type":{"type":"record","name":"Address","fields":[
		{"name":"street","type":"string"},{"name":"city","type":"string"},{"name":"zip","type":"string"}]}},
	{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
		{"name":"sku","type":"string"},{"name":"count","type":"int"},{"name":"price","type":"double"}]}}},
	{"name":"labels","type":{"type":"map","values":"string"}},
	{"name":"note","type":["null","string"],"default":null},
	{"name":"placed","type":"long"},{"name":"paid","type":"boolean"},{"name":"total","type":"double"}]}`

type reading struct {
	Sensor int32   `avro:"sensor"`
	At     int64   `avro:"at"`
	Value  float64 `avro:"value"`
}

const readingText = `{"type":"record","name":"Reading","namespace":"bench","fields":[
	{"name":"sensor","type":"int"},{"name":"at","type":"long"},{"name":"value","type":"double"}]}`

type audit struct {
	Seq    int64             `avro:"seq"`
	Actor  string            `avro:"actor"`
	Before map[string]string `avro:"before"`
	After  map[string]string `avro:"after"`
	Trail  []string          `avro:"trail"`
	Blob   []byte            `avro:"blob"`
}

const auditText = `{"type":"record","name":"Audit","namespace":"bench","fields":[
	{"name":"seq","type":"long"},{"name":"actor","type":"string"},
	{"name":"before","type":{"type":"map","values":"string"}},{"name":"after","type":{"type":"map","values":"string"}},
	{"name":"trail","type":{"type":"array","items":"string"}},{"name":"blob","type":"bytes"}]}`

// event is one workload: its schema, its value and a place to decode into.
type event struct {
	name, text string
	value      any
	target     func() any
}

func events() []event {
	note := "leave at the door"
	wide := map[string]string{}
	for i := range 24 {
		wide[fmt.Sprintf("attribute-%02d", i)] = strings.Repeat("v", 20+i)
	}
	lines := []line{{"sku-1", 2, 9.5}, {"sku-2", 1, 120}, {"sku-3", 7, 0.25}}
	return []event{
		{"order", orderText, &order{ID: 1 << 33, Customer: "c-100200", Status: "PAID", Ship: address{"1 Long Street", "Springfield", "12345"},
			Lines: lines, Labels: map[string]string{"channel": "web", "region": "eu"}, Note: &note, Placed: 1700000000000, Paid: true, Total: 140.75},
			func() any { return &order{} }},
		{"reading", readingText, &reading{Sensor: 17, At: 1700000000000, Value: 21.25}, func() any { return &reading{} }},
		{"audit", auditText, &audit{Seq: 1, Actor: "u-1", Before: wide, After: wide, Trail: []string{"login", "open", "edit", "save"},
			Blob: []byte(strings.Repeat("b", 1200))}, func() any { return &audit{} }},
	}
}

func BenchmarkParse(b *testing.B) {
	for _, e := range events() {
		b.Run(e.name+"/pawl", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := avro.Format.Parse(schema.Source{Text: e.text}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(e.name+"/twmb", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := twmb.Parse(e.text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(e.name+"/hamba", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := hamba.ParseWithCache(e.text, "", &hamba.SchemaCache{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDifferences(b *testing.B) {
	s, err := avro.Format.Parse(schema.Source{Text: orderText}, nil)
	if err != nil {
		b.Fatal(err)
	}
	w, err := avro.Format.Parse(schema.Source{Text: strings.Replace(orderText, `"name":"count","type":"int"`, `"name":"count","type":"string"`, 1)}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(s.Differences(w, schema.Question{})) != 1 {
			b.Fatal("one difference expected")
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, e := range events() {
		m := root(b, e.text)
		payload, err := m.Append(nil, e.value)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(e.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if err := m.Check(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, e := range events() {
		m, tw, h := root(b, e.text), twmb.MustParse(e.text), hambaOf(b, e.text)
		runs := map[string]func([]byte) ([]byte, error){
			"pawl":  func(dst []byte) ([]byte, error) { return m.Append(dst, e.value) },
			"twmb":  func(dst []byte) ([]byte, error) { return tw.AppendEncode(dst, e.value) },
			"hamba": func([]byte) ([]byte, error) { return hamba.Marshal(h, e.value) },
		}
		for _, name := range []string{"pawl", "twmb", "hamba"} {
			b.Run(e.name+"/"+name, func(b *testing.B) {
				buf := make([]byte, 0, 8192)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := runs[name](buf); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, e := range events() {
		m, tw, h := root(b, e.text), twmb.MustParse(e.text), hambaOf(b, e.text)
		payload, err := m.Append(nil, e.value)
		if err != nil {
			b.Fatal(err)
		}
		runs := map[string]func(any) error{
			"pawl":  func(v any) error { return m.Decode(payload, v) },
			"twmb":  func(v any) error { _, err := tw.Decode(payload, v); return err },
			"hamba": func(v any) error { return hamba.Unmarshal(h, payload, v) },
		}
		for _, name := range []string{"pawl", "twmb", "hamba"} {
			b.Run(e.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := runs[name](e.target()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkProject reads an order of an older writer: one field fewer, one renamed, an int where a long is read.
func BenchmarkProject(b *testing.B) {
	old := strings.NewReplacer(`{"name":"paid","type":"boolean"},`, "", `"name":"id","type":"long"`, `"name":"id","type":"int"`).Replace(orderText)
	now := strings.Replace(orderText, `{"name":"paid","type":"boolean"}`, `{"name":"paid","type":"boolean","default":false}`, 1)
	w, r := root(b, old), root(b, now)
	v := *events()[0].value.(*order)
	v.ID = 1 << 20
	payload, err := w.Append(nil, &v)
	if err != nil {
		b.Fatal(err)
	}
	p, err := r.(schema.Projector).Project(w)
	if err != nil {
		b.Fatal(err)
	}
	resolved, err := twmb.Resolve(twmb.MustParse(old), twmb.MustParse(now))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("pawl", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := p.Decode(payload, &order{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("twmb", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := resolved.Decode(payload, &order{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	for _, e := range events() {
		m := root(b, e.text)
		payload, err := m.Append(nil, e.value)
		if err != nil {
			b.Fatal(err)
		}
		text, err := m.AppendJSON(nil, payload)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(e.name+"/append", func(b *testing.B) {
			buf := make([]byte, 0, 16384)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.AppendJSON(buf, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(e.name+"/parse", func(b *testing.B) {
			buf := make([]byte, 0, 16384)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.ParseJSON(buf, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
