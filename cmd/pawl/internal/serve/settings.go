package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/internal/tracing"
)

// Settings is a configuration with the origin of each value. Sources are, the strongest first: flags, PAWL_* variables, the file
// of --config, SCHEMA_REGISTRY_* variables, the file of --properties, defaults.
type Settings struct {
	Config
	file       string // YAML
	properties string // of Confluent Schema Registry
	database   string // URL of the variable PAWL_POSTGRES
	stored     string // --store as it was given
	https      string // what asks for a listener with TLS in Confluent's words; empty: nothing

	names    []string          // of all settings, sorted
	traced   []tracing.Setting // what OpenTelemetry's variables came to
	origins  map[string]string // of the settings that are not the default
	warnings []string          // about what has no effect
}

// What is read from variables alone, so that no process list shows it.
const (
	postgresVariable = cli.Prefix + "POSTGRES"
	adminVariable    = cli.Prefix + "KAFKA_ADMIN"
)

// variables are read by themselves, not as flags.
var variables = []string{"POSTGRES", "REGISTRY_USER", "REGISTRY_PASSWORD", "REGISTRY_TOKEN", "KAFKA_USER", "KAFKA_PASSWORD", "KAFKA_ADMIN"}

func (s *Settings) flags(f *pflag.FlagSet) {
	s.Config.flags(f)
	f.StringVar(&s.file, "config", "", "file (YAML) of settings, named like the flags")
	f.StringVar(&s.properties, "properties", "", "configuration file of Confluent Schema Registry, of which what has an equal here is taken")
	f.VisitAll(func(one *pflag.Flag) {
		if one.Name != "help" {
			s.names = append(s.names, one.Name)
		}
	})
	slices.Sort(s.names)
}

// load fills in what the command line left open, and checks the whole.
func (s *Settings) load(a *cli.App, f *pflag.FlagSet) error {
	s.origins = map[string]string{}
	for _, name := range s.names {
		if variable := a.FromVariable[name]; variable != "" {
			s.origins[name] = "variable " + variable
		} else if f.Changed(name) {
			s.origins[name] = "flag"
		}
	}
	s.warnUnknownVariables(a, f)
	if err := s.loadFile(f); err != nil {
		return err
	}
	if err := s.loadConfluent(a.Environ(), f); err != nil {
		return err
	}
	if err := s.loadTracing(a.Environ()); err != nil {
		return err
	}
	s.Postgres, _ = a.Lookup(postgresVariable)
	s.Edge.Admin, _ = a.Lookup(adminVariable)
	s.warnIdle(a, f)
	s.database, s.stored = s.Postgres, s.Store
	s.settle()
	if s.https != "" && s.Access.Cert == "" {
		return cli.Usagef("%s: listeners asks for https, which needs a certificate: set --tls-cert and --tls-key", s.https)
	}
	return s.check()
}

// warnUnknownVariables names the variables of ours that are no setting of the server.
func (s *Settings) warnUnknownVariables(a *cli.App, f *pflag.FlagSet) {
	known := map[string]bool{}
	f.VisitAll(func(one *pflag.Flag) { known[cli.Variable(one.Name)] = true })
	for _, v := range variables {
		known[cli.Prefix+v] = true
	}
	for _, pair := range a.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, cli.Prefix) && !known[name] {
			s.warn("the variable %s is no setting of the server", name)
		}
	}
}

func (s *Settings) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// put gives a setting a value, unless a stronger source gave it one.
func (s *Settings) put(f *pflag.FlagSet, name, value, origin string) error {
	if s.origins[name] != "" {
		return nil
	}
	if err := f.Set(name, value); err != nil {
		return cli.Usagef("%s: %v", origin, err)
	}
	s.origins[name] = origin
	return nil
}

func (s *Settings) loadFile(f *pflag.FlagSet) error {
	if s.file == "" {
		return nil
	}
	text, err := os.ReadFile(s.file)
	if err != nil {
		return cli.File(err)
	}
	values, err := parseSettings(text)
	if err != nil {
		return cli.Usagef("%s: %v", s.file, err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(s.names, name) || name == "config" {
			s.warn("%s: there is no setting %s", s.file, name)
			continue
		}
		if err := s.put(f, name, values[name], "file "+s.file); err != nil {
			return err
		}
	}
	return nil
}

// parseSettings reads a mapping of settings. Mappings inside of it put their name in front: auth: {roles: f} is auth-roles: f.
func parseSettings(text []byte) (map[string]string, error) {
	var tree map[string]any
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&tree); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	values := map[string]string{}
	return values, flatten(values, "", tree)
}

func flatten(into map[string]string, prefix string, tree map[string]any) error {
	for name, v := range tree {
		name = prefix + strings.ReplaceAll(name, "_", "-")
		switch v := v.(type) {
		case map[string]any:
			if err := flatten(into, name+"-", v); err != nil {
				return err
			}
		case []any:
			var all []string
			for _, one := range v {
				all = append(all, fmt.Sprint(one))
			}
			into[name] = strings.Join(all, ",")
		case nil:
			into[name] = ""
		case string, bool, int:
			into[name] = fmt.Sprint(v)
		default:
			return fmt.Errorf("%s: a setting is a text, a number, true, false, or a list of them", name)
		}
	}
	return nil
}

// Shown is a setting as people see it.
type Shown struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// show lists the settings with secrets masked; only those that somebody set, unless all are wanted.
func (s *Settings) show(f *pflag.FlagSet, all bool) []Shown {
	out := []Shown{}
	for _, name := range s.names {
		one := Shown{name, mask(f.Lookup(name).Value.String()), s.origins[name]}
		if name == "store" {
			one.Value = mask(s.stored)
		}
		if one.Origin == "" {
			one.Origin = "default"
		}
		if all || one.Origin != "default" {
			out = append(out, one)
		}
	}
	if s.database != "" {
		out = append(out, Shown{"postgres", mask(s.database), "variable " + postgresVariable})
	}
	if s.Edge.Admin != "" {
		out = append(out, Shown{"kafka-admin", hidden, "variable " + adminVariable})
	}
	for _, one := range s.traced {
		if all || one.Origin != "default" {
			out = append(out, Shown(one))
		}
	}
	return out
}

const hidden = "(hidden)"

// mask hides the password of a URL, and the whole of what is no URL but holds one.
func mask(value string) string {
	if !strings.Contains(value, "://") {
		if strings.Contains(strings.ToLower(value), "password") {
			return hidden
		}
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return hidden
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}
