package subjects

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/openapi"
)

// source holds the flags that say what a file is.
type source struct {
	format    string
	refs      []string
	normalize bool
}

func (s *source) flags(f *pflag.FlagSet) {
	f.StringVar(&s.format, "type", "", "AVRO, PROTOBUF or JSON; by default the file's ending says it (.avsc, .proto, .json)")
	f.StringArrayVar(&s.refs, "ref", nil, "a reference, NAME=SUBJECT@VERSION; give the flag once for each")
	f.BoolVar(&s.normalize, "normalize", false, "bring the schema into its normal form first")
}

// read returns the request that a file makes; "-" is standard input.
func (s *source) read(a *cli.App, path string) (openapi.SchemaRequest, error) {
	text, err := text(a, path)
	if err != nil {
		return openapi.SchemaRequest{}, err
	}
	r := openapi.SchemaRequest{Schema: text, SchemaType: s.formatOf(path)}
	for _, ref := range s.refs {
		parsed, err := parseRef(ref)
		if err != nil {
			return r, err
		}
		r.References = append(r.References, parsed)
	}
	return r, nil
}

func text(a *cli.App, path string) (string, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(a.In) }
	}
	data, err := read()
	if err != nil {
		return "", cli.File(err)
	}
	return string(data), nil
}

// formatOf returns the format's name; empty lets the registry take its default.
func (s *source) formatOf(path string) string {
	if s.format != "" {
		return strings.ToUpper(s.format)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".proto":
		return "PROTOBUF"
	case ".json":
		return "JSON"
	}
	return "AVRO"
}

func parseRef(text string) (openapi.Reference, error) {
	name, target, ok := strings.Cut(text, "=")
	p, err := parsePlace(target)
	if err != nil {
		return openapi.Reference{}, err
	}
	if !ok || name == "" || p.subject == "" {
		return openapi.Reference{}, cli.Usagef("the reference %q must be of the form NAME=SUBJECT@VERSION", text)
	}
	return openapi.Reference{Name: name, Subject: p.subject, Version: p.version}, nil
}
