package kafka

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pawl-registry/pawl/fault"
)

// internalCodes never leave the package that makes them.
var internalCodes = map[string]bool{"not_an_offset_key": true, "offset_record_corrupt": true}

func TestEveryCodeHasANumber(t *testing.T) {
	known := make(map[string]bool)
	for code := range numbers {
		known[code.Name()] = true
	}
	found := 0
	for _, dir := range []string{".", "..", "../batch", "../commitlog", "../group", "../txn", "../../internal/acl", "../../internal/scram"} {
		for _, name := range codesOf(t, dir) {
			found++
			if !known[name] && !internalCodes[name] {
				t.Errorf("code %s of %s has no number", name, dir)
			}
		}
	}
	if found < len(known) {
		t.Errorf("found only %d codes in the sources, the table has %d", found, len(known))
	}
}

// codesOf returns the names of the codes that the files of a folder make.
func codesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "NewCode" {
				name, err := strconv.Unquote(call.Args[1].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, name)
			}
			return true
		})
	}
	return names
}

// Every number is one of Kafka's, and what may succeed later is told as retriable.
func TestNumbersAreKafkas(t *testing.T) {
	notRetriable := map[string]bool{ // passing failures of which the client must hear as such to act
		"rebalance_in_progress": true,
	}
	for code, number := range numbers {
		err := kerr.ErrorForCode(number)
		if errors.Is(err, kerr.UnknownServerError) {
			t.Errorf("%s has number %d, which is none of Kafka's", code.Name(), number)
		}
		if code.Kind() == fault.Unavailable && !kerr.IsRetriable(err) && !notRetriable[code.Name()] {
			t.Errorf("%s may pass, but its number %d is not retriable", code.Name(), number)
		}
	}
	for kind, number := range kinds {
		if kind == fault.Unavailable && !kerr.IsRetriable(kerr.ErrorForCode(number)) {
			t.Errorf("kind %s is not retriable", kind)
		}
	}
}
