package protobuf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func TestTextsThatCostTooMuchAreRefused(t *testing.T) {
	for reason, text := range map[string]string{
		"longer than":   strings.Repeat(" ", 17<<20),
		"declarations":  strings.Repeat(";", 300_000),
		"full names":    "message " + strings.Repeat("a", 4000) + "{" + strings.Repeat("message b{}", 30_000),
		"more than 128": `option (a)` + strings.Repeat(".b", 100_000) + ` = 1;`,
		"nested deeper": `option (a) = ` + strings.Repeat("[", 100_000),
		"Syntax error":  strings.Repeat("message A {", 100_000),
	} {
		_, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
		if !errors.Is(err, schema.ErrInvalid) || !strings.Contains(fault.DetailOf(err), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// Each of these would take minutes if anything about them were quadratic.
func TestLongTextsAreReadInProportion(t *testing.T) {
	var types, options, fields strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&types, "enum E%d { V = 0; }\n", i)
		fmt.Fprintf(&options, "option (owner).k%d = 1; option (owner).same = %d;\n", i, i)
	}
	fields.WriteString("message A {")
	for i := range 50_000 {
		fmt.Fprintf(&fields, "A f%d = %d;", i, i+20_000)
	}
	fields.WriteString("}")
	owner := `message O { int32 x = 1; } extend google.protobuf.FileOptions { O owner = 50001; }`
	for _, text := range []string{types.String(), options.String() + owner, fields.String()} {
		s := mustParse(t, p3+text)
		if n := s.Normalize().Canonical(); len(n) < len(text)/4 {
			t.Errorf("the normal form of %d bytes has %d", len(text), len(n))
		}
		if d := s.Differences(mustParse(t, s.Canonical()), schema.Question{}); d != nil {
			t.Errorf("%d differences from itself", len(d))
		}
	}
	m := message(t, mustParse(t, p3+fields.String()), "A")
	payload := []byte(strings.Repeat("\x82\xe2\x09\x00", 1<<16)) // many pieces of the first field
	if err := m.Check(payload); err != nil {
		t.Error(err)
	}
	if _, straight := protobuf.StraightJSON(m, payload); straight {
		t.Error("a wide message was laid out for little in it")
	}
}
