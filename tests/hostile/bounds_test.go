package hostile_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/product"
)

// What costly inputs may take of a server, with much room for a slow machine: what is measured is reported.
const (
	maxPeak  = 900 << 20 // resident memory at its highest, the largest text being 9 MB
	maxBurst = 1200 << 20
	maxTime  = time.Minute
)

// costly is an input that is small, or allowed, and asks for much.
type costly struct {
	name   string
	path   string       // below /subjects/{subject}/ or above it; empty: a registration
	before []submission // registered first; they must be taken
	send   submission
	want   []int // statuses that may come back
}

type submission struct {
	subject, format, text string
	refs                  []reference
}

type reference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

func (s submission) body(t *testing.T) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"schemaType": s.format, "schema": s.text, "references": s.refs})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func post(t *testing.T, s *product.Server, path, body string) (int, string) {
	t.Helper()
	c := http.Client{Timeout: 4 * maxTime}
	res, err := c.Post(s.Registry+path, "application/vnd.schemaregistry.v1+json", strings.NewReader(body))
	if err != nil {
		t.Errorf("no answer: %v", err)
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(text)
}

func TestCostlyInputsAreBounded(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	for n, c := range append(references(), append(nested(), large()...)...) {
		t.Run(c.name, func(t *testing.T) {
			subject := fmt.Sprint("s", n)
			for _, b := range c.before {
				if b.subject == "" {
					b.subject = subject
				}
				if status, text := post(t, s, "/subjects/"+b.subject+"/versions", b.body(t)); status != http.StatusOK {
					t.Fatalf("%s: %d %.300s", b.subject, status, text)
				}
			}
			if err := s.ResetPeak(); err != nil {
				t.Log("the peak is that since the start:", err)
			}
			path := "/subjects/" + subject + "/versions"
			if c.path != "" {
				path = strings.ReplaceAll(c.path, "{subject}", subject)
			}
			body := c.send.body(t)
			start := time.Now()
			status, text := post(t, s, path, body)
			took := time.Since(start)
			peak, err := s.Peak()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes: %d after %v, resident memory at most %d MB", len(body), status, took.Round(time.Millisecond), peak>>20)
			if !slices.Contains(c.want, status) {
				t.Errorf("status %d, want %v: %.300s", status, c.want, text)
			}
			if took > maxTime || peak > maxPeak {
				t.Errorf("the bounds are %v and %d MB", maxTime, maxPeak>>20)
			}
			if status != http.StatusOK {
				checkError(t, []byte(text))
			}
			othersAreServed(t, s)
		})
	}
}

var (
	taken      = []int{200}
	refused    = []int{422}
	unfit      = []int{409}
	eitherWay  = []int{200, 422} // cheap to take, and allowed to refuse
	proto3Head = "syntax = \"proto3\";\n"
)

// ladder makes a JSON Schema of few bytes whose references, followed one by one, lead to 2^n places.
func ladder(n int, leaf string) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/definitions/d0","definitions":{`)
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"type":"object","properties":{"a":{"$ref":"#/definitions/d%d"},"b":{"$ref":"#/definitions/d%d"}}},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"d%d":{"type":%q}}}`, n, leaf)
	return b.String()
}

// bomb makes a JSON Schema whose pattern takes a backtracking matcher 2^n steps to see that it does not match the name of a
// property that was added.
func bomb(n int, added bool) string {
	property := ""
	if added {
		property = fmt.Sprintf(`"properties":{"%s!":{"type":"string"}},`, strings.Repeat("a", n))
	}
	return `{"type":"object",` + property + `"patternProperties":{"^(a+)+$":{"type":"integer"}},"additionalProperties":false}`
}

// references ask for more work the more of their references are followed.
func references() []costly {
	var doubling []submission
	last := reference{}
	for i := range 40 { // each refers to the one before under two names
		m := submission{subject: fmt.Sprintf("double-%d", i), format: "PROTOBUF", text: proto3Head}
		if i > 0 {
			m.refs = []reference{last, {"also-" + last.Name, last.Subject, 1}}
			m.text += fmt.Sprintf("import public %q;\n", last.Name)
		}
		m.text += fmt.Sprintf("message D%d {}\n", i)
		last = reference{fmt.Sprintf("double%d.proto", i), m.subject, 1}
		doubling = append(doubling, m)
	}
	return []costly{
		{name: "exponential $ref", send: submission{format: "JSON", text: ladder(60, "string")}, want: eitherWay},
		{name: "exponential $ref, compared", before: []submission{{format: "JSON", text: ladder(60, "string")}},
			send: submission{format: "JSON", text: ladder(60, "integer")}, want: unfit},
		{name: "exponential $ref to itself", send: submission{format: "JSON", text: `{"$ref":"#"}`}, want: eitherWay},
		{name: "exponential $ref by alternatives", before: []submission{{format: "JSON", text: alternatives(9, "string")}},
			send: submission{format: "JSON", text: alternatives(9, "integer")}, want: unfit},
		{name: "regular expression bomb", send: submission{format: "JSON", text: bomb(40, true)}, want: eitherWay},
		{name: "regular expression bomb, compared", before: []submission{{format: "JSON", text: bomb(5000, true)}},
			send: submission{format: "JSON", text: bomb(5000, false)}, want: unfit},
		{name: "regular expression bomb, compared the other way", before: []submission{{format: "JSON", text: bomb(5000, false)}},
			send: submission{format: "JSON", text: bomb(5000, true)}, want: append(eitherWay, unfit...)},
		{name: "regular expression of nested repeats", send: submission{format: "JSON", text: `{"pattern":"((((a{1000}){1000}){1000}){1000}){1000}"}`}, want: eitherWay},
		{name: "Protobuf import of itself", send: submission{format: "PROTOBUF", text: proto3Head + "import \"a.proto\";\nmessage A { A a = 1; }",
			refs: []reference{{"a.proto", "s8", 1}}}, want: refused},
		{name: "Protobuf import cycle", before: []submission{{subject: "cycle", format: "PROTOBUF", text: proto3Head + "message A {}"}, {format: "PROTOBUF",
			text: proto3Head + "import \"a.proto\";\nmessage B { A a = 1; }", refs: []reference{{"a.proto", "cycle", 1}}}},
			path: "/subjects/cycle/versions",
			send: submission{format: "PROTOBUF", text: proto3Head + "import \"b.proto\";\nimport \"next.proto\";\nmessage A { B b = 1; }",
				refs: []reference{{"b.proto", "s9", 1}, {"next.proto", "cycle", 2}}}, want: refused},
		{name: "references that double", before: doubling, send: submission{format: "PROTOBUF", text: proto3Head + fmt.Sprintf("import %q;\nmessage Z { D39 d = 1; }", last.Name),
			refs: []reference{last}}, want: eitherWay},
	}
}

// alternatives makes nested anyOf whose members can be paired in n! ways on every level.
func alternatives(n int, leaf string) string {
	text := fmt.Sprintf(`{"type":%q}`, leaf)
	for range 4 {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"type":"object","properties":{"p%d":%s},"required":["p%d"],"additionalProperties":false}`, i, text, i))
		}
		text = `{"anyOf":[` + strings.Join(list, ",") + `]}`
	}
	return text
}

func deep(n int, open, inner, shut string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
}

// nested go deeper than any stack ought to.
func nested() []costly {
	const n = 100_000
	return []costly{
		{name: "100,000 nested Avro arrays", send: submission{format: "AVRO", text: deep(n, `{"type":"array","items":`, `"int"`, `}`)}, want: refused},
		{name: "100,000 nested Avro unions", send: submission{format: "AVRO", text: deep(n, `[`, `"int"`, `]`)}, want: refused},
		{name: "100,000 nested JSON arrays", send: submission{format: "JSON", text: `{"default":` + deep(n, `[`, ``, `]`) + `}`}, want: refused},
		{name: "100,000 nested items", send: submission{format: "JSON", text: deep(n, `{"items":`, `{}`, `}`)}, want: refused},
		{name: "100,000 nested Protobuf messages", send: submission{format: "PROTOBUF", text: proto3Head + deep(n, `message M {`, ``, `}`)}, want: refused},
		{name: "100,000 nested Protobuf options", send: submission{format: "PROTOBUF", text: proto3Head + "option (a) = " + deep(n, `{a:`, `1`, `}`) + ";"}, want: refused},
		{name: "100,000 nested groups of an expression", send: submission{format: "JSON", text: `{"pattern":"` + deep(n, `(`, `a`, `)`) + `"}`}, want: eitherWay},
	}
}

// large are as long as a text may be, and longer than any person's.
func large() []costly {
	size := 9 << 20
	many := func(head, tail string, item func(i int) string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < size; i++ {
			b.WriteString(item(i))
		}
		return b.String() + tail
	}
	inputs := []costly{
		{name: "9 MB of Protobuf messages", want: refused, send: submission{format: "PROTOBUF", text: many(proto3Head, "", func(i int) string {
			return fmt.Sprintf("message M%d { string a = 1; int32 b = 2; repeated bytes c = 3; }\n", i)
		})}},
		{name: "9 MB of Protobuf fields", want: refused, send: submission{format: "PROTOBUF", text: many(proto3Head+"message M {\n", "}\n", func(i int) string {
			return fmt.Sprintf("  string field_%d = %d;\n", i, i+20000)
		})}},
		{name: "9 MB of Protobuf comments", want: taken, send: submission{format: "PROTOBUF", text: many(proto3Head, "message M {}\n", func(i int) string {
			return fmt.Sprintf("// line %d\n", i)
		})}},
		{name: "9 MB of long Protobuf names", want: eitherWay, send: submission{format: "PROTOBUF", text: many(proto3Head+"message M {\n", "}\n", func(i int) string {
			return fmt.Sprintf("  string %s%d = %d;\n", strings.Repeat("f", 40_000), i, i+1)
		})}},
	}
	size = 4 << 20
	return append(inputs, []costly{
		{name: "4 MB of Avro fields", want: eitherWay, send: submission{format: "AVRO", text: many(`{"type":"record","name":"R","fields":[`, `{"name":"z","type":"int"}]}`,
			func(i int) string { return fmt.Sprintf(`{"name":"f%d","type":"int"},`, i) })}},
		{name: "4 MB of JSON properties", want: eitherWay, send: submission{format: "JSON", text: many(`{"type":"object","properties":{`, `"z":{}}}`,
			func(i int) string { return fmt.Sprintf(`"p%d":{"type":"integer"},`, i) })}},
	}...)
}

// Many long texts at the same time take the memory of a few, because they wait for each other; short ones do not wait for them.
func TestManyLongTextsAtOnceAreBounded(t *testing.T) {
	const clients = 8
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	var wg sync.WaitGroup
	for k := range clients {
		wg.Go(func() {
			var b strings.Builder
			fmt.Fprintf(&b, `{"type":"record","name":"R%d","fields":[`, k)
			for i := 0; b.Len() < 4<<20; i++ {
				fmt.Fprintf(&b, `{"name":"f%d","type":"int"},`, i)
			}
			b.WriteString(`{"name":"z","type":"int"}]}`)
			if status, text := post(t, s, fmt.Sprintf("/subjects/long-%d/versions", k), submission{format: "AVRO", text: b.String()}.body(t)); status != http.StatusOK {
				t.Errorf("%d %.300s", status, text)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	for n, running := 0, true; running; n++ {
		select {
		case <-done:
			running = false
			t.Logf("%d short texts were registered meanwhile", n)
		default:
			text := fmt.Sprintf(`{"type":"record","name":"Short%d","fields":[]}`, n)
			if status, text := post(t, s, fmt.Sprintf("/subjects/short-%d/versions", n), submission{format: "AVRO", text: text}.body(t)); status != http.StatusOK {
				t.Fatalf("a short text: %d %.300s", status, text)
			}
		}
	}
	peak, err := s.Peak()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d texts of 4 MB at once: resident memory at most %d MB", clients, peak>>20)
	if peak > maxBurst {
		t.Errorf("the bound is %d MB", maxBurst>>20)
	}
}
