package avro_test

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/formattest"
)

const moneyText = `{"type":"record","name":"Money","namespace":"shop.base","doc":"An amount.","fields":[
	{"name":"units","type":"long"},
	{"name":"currency","type":{"type":"enum","name":"Currency","symbols":["EUR","USD"],"default":"EUR"}}]}`

func moneyDep() []formattest.Dep {
	ref := schema.Reference{Name: "shop.base.Money", Subject: "money", Version: 1}
	return []formattest.Dep{{Reference: ref, Text: moneyText}}
}

func money(units int64, currency string) map[string]any {
	return map[string]any{"units": units, "currency": currency}
}

func TestFormat(t *testing.T) {
	formattest.Run(t, formattest.Config{
		Format: avro.Format, Samples: samples(), Pairs: pairs(), Invalid: invalid(), PrefixesRefused: true,
	})
}

func TestDifferences(t *testing.T) {
	formattest.Differences(t, avro.Format, "testdata/differences")
}

func samples() []formattest.Sample {
	return []formattest.Sample{
		{Name: "string", Text: `"string"`, Values: []formattest.Value{{Go: "grüße", JSON: `"grüße"`}, {Go: ""}}},
		{Name: "union root", Text: `/* seconds */ ["null", {"type":"int","unit":"s"}] `, Values: []formattest.Value{{Go: nil, JSON: `null`}, {Go: int32(7), JSON: `{"int":7}`}}},
		{Name: "scalars", Text: scalarsText, Values: []formattest.Value{{Message: "t.Scalars", Go: scalars(), JSON: scalarsJSON}}},
		{Name: "tree", Text: treeText, Values: []formattest.Value{
			{Go: map[string]any{"left": nil, "v": int32(1)}},
			{Message: "Node", Go: map[string]any{"left": map[string]any{"left": nil, "v": int32(2)}, "v": int32(1)}, JSON: `{"left":{"Node":{"left":null,"v":2}},"v":1}`},
		}},
		{Name: "reference", Text: `{"type":"record","name":"Bill","namespace":"shop","fields":[
			{"name":"total","type":"shop.base.Money"},{"name":"paid","type":["null","shop.base.Money"],"default":null},
			{"name":"last","type":"shop.base.Currency","default":"USD"}]}`, Deps: moneyDep(), Values: []formattest.Value{
			{Message: "shop.Bill", Go: map[string]any{"total": money(5, "USD"), "paid": money(3, "EUR"), "last": "EUR"}},
			{Message: "shop.base.Money", Go: money(9, "EUR"), JSON: `{"units":9,"currency":"EUR"}`},
		}},
		{Name: "forward", Text: `{"type":"record","name":"a.Outer","fields":[{"name":"later","type":["null","Inner"]},
			{"name":"def","type":{"type":"record","name":"Inner","fields":[{"name":"s","type":"string"}]}}]}`,
			Values: []formattest.Value{{Go: map[string]any{"later": nil, "def": map[string]any{"s": "x"}}}}},
		{Name: "again", Text: `[{"type":"fixed","name":"F","size":2},{"type":"map","values":{"type":"fixed","name":"F","size":2}}]`,
			Values: []formattest.Value{{Go: map[string]any{"k": []byte("ab")}, JSON: `{"map":{"k":"ab"}}`}}},
		{Name: "empty items", Text: `{"type":"array","items":{"type":"record","name":"Nothing","fields":[]}}`,
			Values: []formattest.Value{{Go: []any{map[string]any{}, map[string]any{}}, JSON: `[{},{}]`}}},
		{Name: "attributes", Text: `/* kept */ {"type":"error","name":"E","doc":"","z":{"b":1.50,"a":[1e3,null]},"fields":[
			{"name":"d","type":{"type":"bytes","scale":2,"precision":9,"logicalType":"decimal"},"order":"Descending","aliases":["q","b"]}],"aliases":["x.Y","B"]}`,
			Values: []formattest.Value{{Go: map[string]any{"d": big.NewRat(5, 4)}, JSON: `{"d":"}"}`}}},
	}
}

const treeText = `{"type":"record","name":"Node","fields":[{"name":"left","type":["null","Node"]},{"name":"v","type":"int"}]}`

const scalarsText = `{"type":"record","name":"Scalars","namespace":"t","fields":[
	{"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},
	{"name":"d","type":"double"},{"name":"y","type":"bytes"},{"name":"x","type":{"type":"fixed","name":"X","size":3}},
	{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"m","type":{"type":"map","values":"long"}},
	{"name":"a","type":{"type":"array","items":["null","string","double"]}},
	{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"n","type":"null"}]}`

func scalars() map[string]any {
	return map[string]any{
		"b": true, "i": int32(math.MinInt32), "l": int64(math.MaxInt64), "f": float32(0.1), "d": math.Inf(-1), "y": []byte{0, 0xff},
		"x": []byte("abc"), "e": "B", "m": map[string]any{"k": int64(-1)}, "a": []any{nil, "s", 1e300},
		"at": time.UnixMilli(1700000000000).UTC(), "n": nil,
	}
}

const scalarsJSON = `{"b":true,"i":-2147483648,"l":9223372036854775807,"f":0.1,"d":"-Infinity","y":"\u0000ÿ","x":"abc","e":"B",
	"m":{"k":-1},"a":[null,{"string":"s"},{"double":1.0E300}],"at":1700000000000,"n":null}`

func pairs() []formattest.Pair {
	s := func(text string) formattest.Sample { return formattest.Sample{Text: text} }
	return []formattest.Pair{
		{Name: "promotion", Reader: s(`"double"`), Writer: s(`"int"`), Compatible: true},
		{Name: "narrowing", Reader: s(`"int"`), Writer: s(`"long"`)},
		{Name: "bytes and string", Reader: s(`["null","string"]`), Writer: s(`["bytes","null"]`), Compatible: true},
		{Name: "simple names", Reader: s(`{"type":"fixed","name":"a.F","size":1}`), Writer: s(`{"type":"fixed","name":"b.F","size":1}`), Compatible: true},
		{Name: "decimal parameters", Reader: s(`{"type":"bytes","logicalType":"decimal","precision":9}`),
			Writer: s(`{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`), Compatible: true},
		{Name: "recursion", Reader: s(treeText), Writer: s(strings.Replace(treeText, `"int"`, `"long"`, 1))},
		{Name: "aliases of one field", Reader: s(`{"type":"record","name":"R","fields":[{"name":"n","type":"int","aliases":["a","b"]}]}`),
			Writer: s(`{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}`)},
		{Name: "writer's branches", Reader: s(`"long"`), Writer: s(`["int","long","string"]`)},
	}
}

func invalid() []formattest.Invalid {
	deep := strings.Repeat(`{"type":"array","items":`, 1001) + `"int"` + strings.Repeat("}", 1001)
	list := []string{
		"", "  ", "string", "null", "12", `"no.such.Type"`, `"int" // after`, `"int" "int"`, `{"type":{"type":"int"}}`, `{"type":["null"]}`,
		`[["null"]]`, `["int","int"]`, `["int",{"type":"int","x":1}]`, `{"name":"A"}`, `{"type":"record","name":"A"}`, `{"type":"record","fields":[]}`,
		`{"type":"record","name":"","fields":[]}`, `{"type":"record","name":"a-b","fields":[]}`, `{"type":"record","name":"int","fields":[]}`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":"int","order":"up"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":"many"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"a"}]}`, `{"type":"record","name":"R","fields":["a"]}`,
		`{"type":"enum","name":"E"}`, `{"type":"enum","name":"E","symbols":["A","A"]}`, `{"type":"enum","name":"E","symbols":["A"],"default":"B"}`,
		`{"type":"fixed","name":"F"}`, `{"type":"fixed","name":"F","size":-1}`, `{"type":"fixed","name":"F","size":1.0}`, `{"type":"fixed","name":"F","size":2147483640}`,
		`{"type":"array"}`, `{"type":"map"}`, `{"type":"enum","name":"E","symbols":[],"aliases":"A"}`, `{"type":"enum","name":"E","symbols":[],"aliases":[1]}`,
		`[{"type":"fixed","name":"F","size":1},{"type":"array","items":{"type":"fixed","name":"F","size":2}}]`,
		`{"type":"int",}`, `{"type" "int"}`, `"a` + "\n" + `"`, `"\x"`, `{"type":"fixed","name":"F","size":01}`, deep,
	}
	cases := []formattest.Invalid{{
		Name: "reference defined otherwise", Deps: moneyDep(),
		Text: `{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"fixed","name":"shop.base.Money","size":1}}]}`,
	}}
	for i, text := range list {
		cases = append(cases, formattest.Invalid{Name: string(rune('A'+i/26)) + string(rune('a'+i%26)), Text: text})
	}
	return cases
}
