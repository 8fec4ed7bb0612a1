package soundness

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	twmb "github.com/twmb/avro"
	"pgregory.net/rapid"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// avroType draws a random Avro type. Named types are numbered, so names never clash by chance; about half of the draws below
// the root are primitives.
type avroDraw struct {
	t     *rapid.T
	named int
	open  []string // records under construction, for recursion
}

var avroPrimitives = []string{"null", "boolean", "int", "long", "float", "double", "bytes", "string"}

func (d *avroDraw) name(prefix string) string {
	d.named++
	return fmt.Sprintf("%s%d", prefix, d.named)
}

func (d *avroDraw) schema(depth int) any {
	kinds := []string{"primitive", "primitive", "primitive", "primitive", "array", "map", "union", "record", "enum", "fixed"}
	if len(d.open) > 0 {
		kinds = append(kinds, "recursion")
	}
	if depth <= 0 {
		kinds = []string{"primitive", "enum", "fixed"}
	}
	switch rapid.SampledFrom(kinds).Draw(d.t, "kind") {
	case "array":
		return map[string]any{"type": "array", "items": d.schema(depth - 1)}
	case "map":
		return map[string]any{"type": "map", "values": d.schema(depth - 1)}
	case "union":
		return d.union(depth)
	case "record":
		return d.record(depth)
	case "enum":
		return d.enum()
	case "fixed":
		return map[string]any{"type": "fixed", "name": d.name("F"), "size": rapid.IntRange(0, 3).Draw(d.t, "size")}
	case "recursion":
		return []any{"null", rapid.SampledFrom(d.open).Draw(d.t, "open")}
	}
	return rapid.SampledFrom(avroPrimitives).Draw(d.t, "primitive")
}

func (d *avroDraw) enum() any {
	n := rapid.IntRange(1, 4).Draw(d.t, "symbols")
	e := map[string]any{"type": "enum", "name": d.name("E"), "symbols": symbols(n)}
	if rapid.Bool().Draw(d.t, "default") {
		e["default"] = "S0"
	}
	return e
}

func symbols(n int) []any {
	var all []any
	for i := range n {
		all = append(all, fmt.Sprintf("S%d", i))
	}
	return all
}

func (d *avroDraw) record(depth int) map[string]any {
	r := map[string]any{"type": "record", "name": d.name("R")}
	d.open = append(d.open, r["name"].(string))
	fields := []any{}
	for i := range rapid.IntRange(0, 4).Draw(d.t, "fields") {
		f := map[string]any{"name": fmt.Sprintf("f%d", i), "type": d.schema(depth - 1)}
		fields = append(fields, f)
	}
	r["fields"] = fields
	d.open = d.open[:len(d.open)-1]
	return r
}

func (d *avroDraw) union(depth int) any {
	var branches []any
	used := map[string]bool{}
	for range rapid.IntRange(1, 4).Draw(d.t, "branches") {
		b := d.schema(depth - 1)
		if key := branchKey(b); key != "union" && !used[key] {
			used[key] = true
			branches = append(branches, b)
		}
	}
	if len(branches) == 0 {
		branches = append(branches, "null")
	}
	return branches
}

// branchKey is what may stand once in a union: the name of a named type, else the kind.
func branchKey(s any) string {
	switch s := s.(type) {
	case string:
		return s
	case []any:
		return "union"
	case map[string]any:
		if name, ok := s["name"].(string); ok {
			return name
		}
		return s["type"].(string)
	}
	return ""
}

// mutateAvro changes one or a few places of a copy of a schema.
func mutateAvro(t *rapid.T, s any, d *avroDraw) any {
	text, _ := json.Marshal(s)
	var copied any
	_ = json.Unmarshal(text, &copied)
	box := map[string]any{"root": copied}
	for range rapid.IntRange(1, 3).Draw(t, "mutations") {
		places := avroPlaces(box, "root")
		place := rapid.SampledFrom(places).Draw(t, "place")
		place.set(mutateNode(t, place.get(), d))
	}
	return box["root"]
}

// place is a spot in a schema tree that holds a type.
type place struct {
	in  any // map[string]any or []any
	key string
	at  int
}

func (p place) get() any {
	if m, ok := p.in.(map[string]any); ok {
		return m[p.key]
	}
	return p.in.([]any)[p.at]
}

func (p place) set(v any) {
	if m, ok := p.in.(map[string]any); ok {
		m[p.key] = v
		return
	}
	p.in.([]any)[p.at] = v
}

func avroPlaces(in map[string]any, key string) []place {
	all := []place{{in: in, key: key}}
	switch v := in[key].(type) {
	case []any:
		for i, b := range v {
			if m, ok := b.(map[string]any); ok {
				all = append(all, avroInner(m)...)
			}
			_ = i
		}
	case map[string]any:
		all = append(all, avroInner(v)...)
	}
	return all
}

func avroInner(m map[string]any) []place {
	var all []place
	for _, key := range []string{"items", "values"} {
		if _, ok := m[key]; ok {
			all = append(all, avroPlaces(m, key)...)
		}
	}
	fields, _ := m["fields"].([]any)
	for _, f := range fields {
		all = append(all, avroPlaces(f.(map[string]any), "type")...)
	}
	return all
}

func mutateNode(t *rapid.T, node any, d *avroDraw) any {
	switch node := node.(type) {
	case string:
		return mutatePrimitive(t, node, d)
	case []any:
		return mutateUnion(t, node, d)
	case map[string]any:
		switch node["type"] {
		case "record":
			mutateRecord(t, node, d)
		case "enum":
			mutateEnum(t, node)
		case "fixed":
			node["size"] = rapid.IntRange(0, 3).Draw(t, "size")
		default:
			return []any{"null", node}
		}
		return node
	}
	return node
}

func mutatePrimitive(t *rapid.T, node string, d *avroDraw) any {
	wider := map[string][]any{
		"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"}, "bytes": {"string"}, "string": {"bytes"},
	}
	if all := wider[node]; all != nil && rapid.Bool().Draw(t, "promote") {
		return rapid.SampledFrom(all).Draw(t, "to")
	}
	if node != "null" && rapid.Bool().Draw(t, "wrap") {
		return []any{"null", node}
	}
	return d.schema(1)
}

func mutateUnion(t *rapid.T, node []any, d *avroDraw) any {
	switch rapid.SampledFrom([]string{"add", "drop", "turn", "promote"}).Draw(t, "union") {
	case "add":
		b := d.schema(1)
		if !slices.ContainsFunc(node, func(x any) bool { return branchKey(x) == branchKey(b) }) && branchKey(b) != "union" {
			return append(node, b)
		}
	case "drop":
		if len(node) > 1 {
			return slices.Delete(slices.Clone(node), 0, 1)
		}
	case "turn":
		turned := slices.Clone(node)
		slices.Reverse(turned)
		return turned
	case "promote":
		for i, b := range node {
			if b == "int" && !slices.Contains(node, any("long")) {
				node[i] = "long"
			}
		}
	}
	return node
}

func mutateRecord(t *rapid.T, node map[string]any, d *avroDraw) {
	fields := node["fields"].([]any)
	switch rapid.SampledFrom([]string{"add", "default", "drop", "rename", "alias", "turn"}).Draw(t, "record") {
	case "add":
		fields = append(fields, map[string]any{"name": d.name("n"), "type": d.schema(1)})
	case "default":
		fields = append(fields, map[string]any{"name": d.name("n"), "type": []any{"null", "int"}, "default": nil})
	case "drop":
		if len(fields) > 0 {
			fields = fields[1:]
		}
	case "rename":
		if len(fields) > 0 {
			f := fields[0].(map[string]any)
			f["aliases"] = []any{f["name"]}
			f["name"] = d.name("n")
		}
	case "alias":
		node["aliases"] = []any{node["name"]}
		node["name"] = d.name("R")
	case "turn":
		slices.Reverse(fields)
	}
	node["fields"] = fields
}

func mutateEnum(t *rapid.T, node map[string]any) {
	node["symbols"] = symbols(rapid.IntRange(1, 5).Draw(t, "symbols"))
}

// avroDatum draws a value of a schema in Avro's JSON encoding.
func avroDatum(t *rapid.T, s any, named map[string]any, depth int) any {
	switch s := s.(type) {
	case string:
		if def, ok := named[s]; ok {
			return avroDatum(t, def, named, depth)
		}
		return avroScalar(t, s)
	case []any:
		b := rapid.SampledFrom(s).Draw(t, "branch")
		if depth <= 0 {
			if i := slices.Index(s, any("null")); i >= 0 {
				return nil
			}
		}
		if b == "null" {
			return nil
		}
		return map[string]any{branchKey(b): avroDatum(t, b, named, depth-1)}
	case map[string]any:
		return avroComplex(t, s, named, depth)
	}
	panic(fmt.Sprintf("no datum for %T", s))
}

func avroScalar(t *rapid.T, s string) any {
	switch s {
	case "boolean":
		return rapid.Bool().Draw(t, "boolean")
	case "int":
		return rapid.Int32().Draw(t, "int")
	case "long":
		return rapid.Int64().Draw(t, "long")
	case "float":
		return rapid.Float32Range(-1e6, 1e6).Draw(t, "float")
	case "double":
		return rapid.Float64Range(-1e9, 1e9).Draw(t, "double")
	case "bytes", "string":
		return rapid.StringMatching(`[a-zA-Z ]{0,6}`).Draw(t, "text")
	}
	return nil
}

func avroComplex(t *rapid.T, s map[string]any, named map[string]any, depth int) any {
	if name, ok := s["name"].(string); ok {
		named[name] = s
	}
	switch s["type"] {
	case "array":
		all := []any{}
		for range rapid.IntRange(0, max(0, min(3, depth))).Draw(t, "items") {
			all = append(all, avroDatum(t, s["items"], named, depth-1))
		}
		return all
	case "map":
		all := map[string]any{}
		for i := range rapid.IntRange(0, max(0, min(3, depth))).Draw(t, "values") {
			all[fmt.Sprint("k", i)] = avroDatum(t, s["values"], named, depth-1)
		}
		return all
	case "record":
		all := map[string]any{}
		for _, f := range s["fields"].([]any) {
			field := f.(map[string]any)
			all[field["name"].(string)] = avroDatum(t, field["type"], named, depth-1)
		}
		return all
	case "enum":
		return rapid.SampledFrom(s["symbols"].([]any)).Draw(t, "symbol")
	case "fixed":
		size, _ := s["size"].(int)
		return strings.Repeat("x", size)
	}
	panic(fmt.Sprintf("no datum for %v", s["type"]))
}

func avroText(s any) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// A pair is one old schema and a mutation of it, both parsed, or ok=false if the mutation is no schema.
func avroPair(t *rapid.T) (oldTree any, older, newer schema.Schema, ok bool) {
	d := &avroDraw{t: t}
	oldTree = any(d.record(3))
	newTree := mutateAvro(t, oldTree, d)
	older, err := avro.Format.Parse(schema.Source{Text: avroText(oldTree)}, nil)
	if err != nil {
		t.Fatalf("the drawn schema does not parse: %v\n%s", err, avroText(oldTree))
	}
	newer, err = avro.Format.Parse(schema.Source{Text: avroText(newTree)}, nil)
	return oldTree, older, newer, err == nil
}

func TestAvroReadersReadWhatTheVerdictPromises(t *testing.T) {
	compatible, pairs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		tree, older, newer, ok := avroPair(t)
		if !ok {
			return
		}
		pairs++
		if len(newer.Differences(older, schema.Question{})) > 0 {
			return
		}
		compatible++
		writer, err := older.Message("")
		if err != nil {
			t.Fatal(err)
		}
		reader, err := newer.Message("")
		if err != nil {
			t.Fatal(err)
		}
		projection, err := reader.(schema.Projector).Project(writer)
		if err != nil {
			t.Fatalf("compatible, but they do not resolve: %v\nold %s\nnew %s", err, older.Canonical(), newer.Canonical())
		}
		for range 3 {
			datum := avroText(avroDatum(t, tree, maps.Clone(map[string]any{}), 4))
			payload, err := writer.ParseJSON(nil, []byte(datum))
			if err != nil {
				t.Fatalf("the drawn datum does not encode: %v\nschema %s\ndatum %s", err, older.Canonical(), datum)
			}
			var got any
			if err := projection.Decode(payload, &got); err != nil {
				t.Fatalf("compatible, but the reader fails: %v\nold %s\nnew %s\ndatum %s", err, older.Canonical(), newer.Canonical(), datum)
			}
			judge(t, older, newer, payload)
		}
	})
	t.Logf("%d pairs, %d of them compatible", pairs, compatible)
	if compatible*20 < pairs {
		t.Errorf("only %d of %d pairs were compatible: the test proves too little", compatible, pairs)
	}
}

// judge lets a codec that is not ours resolve the same pair and read the same payload: github.com/twmb/avro, on the texts alone.
func judge(t *rapid.T, older, newer schema.Schema, payload []byte) {
	w, err := twmb.Parse(older.Canonical())
	if err != nil {
		t.Fatalf("the judge does not parse: %v\n%s", err, older.Canonical())
	}
	r, err := twmb.Parse(newer.Canonical())
	if err != nil {
		t.Fatalf("the judge does not parse: %v\n%s", err, newer.Canonical())
	}
	resolved, err := twmb.Resolve(w, r)
	if err != nil {
		t.Fatalf("compatible, but the judge does not resolve: %v\nold %s\nnew %s", err, older.Canonical(), newer.Canonical())
	}
	var v any
	if rest, err := resolved.Decode(payload, &v); err != nil || len(rest) > 0 {
		t.Fatalf("compatible, but the judge fails with %d bytes left: %v\nold %s\nnew %s", len(rest), err, older.Canonical(), newer.Canonical())
	}
}

func TestAvroSymmetries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, older, newer, ok := avroPair(t)
		if ok {
			symmetries(t, avro.Format, older, newer)
		}
	})
}
