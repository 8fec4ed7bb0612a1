package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
)

// Package is one package of Go's standard library as the demo's schemas describe it. The tags of both kinds name the fields of
// all three formats: Protobuf takes the JSON names.
type Package struct {
	ImportPath string            `json:"importPath" avro:"importPath"`
	Name       string            `json:"name" avro:"name"`
	Dir        string            `json:"dir" avro:"dir"`
	Doc        string            `json:"doc,omitempty" avro:"doc"`
	Goroot     bool              `json:"goroot,omitempty" avro:"goroot"`
	Standard   bool              `json:"standard,omitempty" avro:"standard"`
	Match      []string          `json:"match,omitempty" avro:"match"`
	Files      Files             `json:"files" avro:"files"`
	Tests      Tests             `json:"tests" avro:"tests"`
	Imports    []string          `json:"imports,omitempty" avro:"imports"`
	ImportMap  map[string]string `json:"importMap,omitempty" avro:"importMap"`
	Deps       []string          `json:"deps,omitempty" avro:"deps"`
	DepCount   int32             `json:"depCount" avro:"depCount"`
}

// Files are the files of a package by kind.
type Files struct {
	Go       []string `json:"go,omitempty" avro:"go"`
	Cgo      []string `json:"cgo,omitempty" avro:"cgo"`
	Assembly []string `json:"assembly,omitempty" avro:"assembly"`
	Headers  []string `json:"headers,omitempty" avro:"headers"`
	Ignored  []string `json:"ignored,omitempty" avro:"ignored"`
	Embedded []string `json:"embedded,omitempty" avro:"embedded"`
}

// Tests are the tests of a package, in it and outside of it.
type Tests struct {
	Files           []string `json:"files,omitempty" avro:"files"`
	Imports         []string `json:"imports,omitempty" avro:"imports"`
	ExternalFiles   []string `json:"externalFiles,omitempty" avro:"externalFiles"`
	ExternalImports []string `json:"externalImports,omitempty" avro:"externalImports"`
}

// listed is what `go list -json` prints of a package, as far as the demo uses it.
type listed struct {
	ImportPath, Name, Dir, Doc                           string
	Goroot, Standard                                     bool
	Match, GoFiles, CgoFiles, SFiles, HFiles             []string
	IgnoredGoFiles, EmbedFiles                           []string
	TestGoFiles, TestImports, XTestGoFiles, XTestImports []string
	Imports, Deps                                        []string
	ImportMap                                            map[string]string
}

func (l listed) convert() Package {
	return Package{
		ImportPath: l.ImportPath, Name: l.Name, Dir: l.Dir, Doc: l.Doc, Goroot: l.Goroot, Standard: l.Standard, Match: l.Match,
		Files:   Files{l.GoFiles, l.CgoFiles, l.SFiles, l.HFiles, l.IgnoredGoFiles, l.EmbedFiles},
		Tests:   Tests{l.TestGoFiles, l.TestImports, l.XTestGoFiles, l.XTestImports},
		Imports: l.Imports, ImportMap: l.ImportMap, Deps: l.Deps, DepCount: int32(len(l.Deps)),
	}
}

// text is what two equal packages have in common, whether absent lists are nil or empty.
func (p Package) text() ([]byte, error) { return json.Marshal(p) }

// packages lists the standard library with the Go toolchain of this machine.
func packages(ctx context.Context) ([]Package, error) {
	const op = "pawl demo"
	tool, err := exec.LookPath("go")
	if err != nil {
		return nil, fault.Wrap(cli.ErrUsage, op, err, "the demo's records come from `go list`, and there is no Go toolchain in the PATH; install one from https://go.dev/dl")
	}
	cmd := exec.CommandContext(ctx, tool, "list", "-deps", "-json", "std")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fault.Wrap(cli.ErrUsage, op, err, "go list -deps -json std: %v: %s", err, strings.TrimSpace(said.String()))
	}
	return decodePackages(bytes.NewReader(out))
}

func decodePackages(r io.Reader) ([]Package, error) {
	var all []Package
	for d := json.NewDecoder(r); ; {
		var l listed
		err := d.Decode(&l)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fault.Wrap(cli.ErrUsage, "pawl demo", err, "the output of go list is no JSON: %v", err)
		}
		all = append(all, l.convert())
	}
}
