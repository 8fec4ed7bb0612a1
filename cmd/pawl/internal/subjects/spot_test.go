package subjects

import "testing"

func TestMessagesArePlaced(t *testing.T) {
	for _, c := range []struct{ message, want string }{
		{"line 3, column 14: unknown type", "f:3:14: unknown type"},
		{"Could not parse Protobuf - Syntax error in 2:7: expected a word", "f:2:7: Could not parse Protobuf - Syntax error in 2:7: expected a word"},
		{"Invalid schema, details: line 1, column 2: the schema is empty", "f:1:2: Invalid schema, details: line 1, column 2: the schema is empty"},
		{"the types nest deeper than 1000 levels", "f: the types nest deeper than 1000 levels"},
	} {
		if got := placed("f", c.message); got != c.want {
			t.Errorf("%q is printed as %q, want %q", c.message, got, c.want)
		}
	}
}
