package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/schema"
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
		{fault.Unavailable, 503, 50001},
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

// The client reads every five-digit number that the server writes as the code of the same name.
func TestTheClientKnowsEveryNumber(t *testing.T) {
	otherNames := map[int]*fault.Code{42201: schema.ErrInvalid, 50001: client.ErrStore, 50002: client.ErrTimeout}
	for code, n := range rest.Numbers() {
		status, number := n[0], n[1]
		if number < 1000 {
			continue
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(openapi.Error{ErrorCode: number, Message: "m"})
		}))
		c, err := client.New(client.Options{URLs: []string{s.URL}, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Types(context.Background())
		s.Close()
		got := fault.CodeOf(err)
		if want := otherNames[number]; want != nil && got != want || want == nil && got.Name() != code.Name() {
			t.Errorf("%d, which stands for %s, is read as %s", number, code.Name(), got.Name())
		}
	}
}
