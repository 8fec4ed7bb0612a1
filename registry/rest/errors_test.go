package rest_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry/rest"
)

// Every code that the registry and the schema model declare has a row of its own in the table.
func TestEveryCodeIsInTheTable(t *testing.T) {
	table := source(t, "errors.go")
	for _, pkg := range []struct{ name, dir string }{{"registry", ".."}, {"schema", "../../schema"}} {
		codes := declaredCodes(t, pkg.dir)
		if len(codes) < 3 {
			t.Fatalf("%s declares %d codes: the test looks in the wrong place", pkg.name, len(codes))
		}
		for _, code := range codes {
			if !strings.Contains(table, pkg.name+"."+code+":") {
				t.Errorf("%s.%s is not in the table", pkg.name, code)
			}
		}
	}
}

// declaredCodes lists the exported variables of a package that are made by fault.NewCode.
func declaredCodes(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, is := n.(*ast.ValueSpec); is && len(spec.Values) == 1 && isNewCode(spec.Values[0]) && spec.Names[0].IsExported() {
				names = append(names, spec.Names[0].Name)
			}
			return true
		})
	}
	return names
}

func isNewCode(e ast.Expr) bool {
	call, is := e.(*ast.CallExpr)
	if !is {
		return false
	}
	sel, is := call.Fun.(*ast.SelectorExpr)
	return is && sel.Sel.Name == "NewCode"
}

// source returns the keys of the composite literals of a file, each followed by a colon.
func source(t *testing.T, name string) string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	ast.Inspect(f, func(n ast.Node) bool {
		kv, is := n.(*ast.KeyValueExpr)
		if !is {
			return true
		}
		if sel, is := kv.Key.(*ast.SelectorExpr); is {
			b.WriteString(sel.X.(*ast.Ident).Name + "." + sel.Sel.Name + ":\n")
		}
		return true
	})
	return b.String()
}

func TestCodesWithoutARowGoByTheirKind(t *testing.T) {
	tests := []struct {
		kind         fault.Kind
		status, code int
	}{
		{fault.Invalid, 422, 422},
		{fault.NotFound, 404, 404},
		{fault.Conflict, 409, 409},
		{fault.Forbidden, 422, 42205},
		{fault.Unavailable, 500, 50001},
		{fault.Internal, 500, 500},
	}
	for _, tt := range tests {
		code := fault.NewCode(tt.kind, "unheard_of")
		if rest.InTable(code) {
			t.Fatal("a new code is in the table")
		}
		if status, n := rest.NumberOf(fault.New(code, "op", "detail")); status != tt.status || n != tt.code {
			t.Errorf("%s: %d/%d, want %d/%d", tt.kind, status, n, tt.status, tt.code)
		}
	}
	if status, n := rest.NumberOf(errors.New("no code at all")); status != 500 || n != 500 {
		t.Errorf("an error without a code: %d/%d", status, n)
	}
}
