package topics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// settings are the configurations of a topic as flags give them: by name, or by words for schema validation.
type settings struct {
	configs    []string
	validation []string
	action     string
	deadLetter string
	context    string
}

func (s *settings) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&s.configs, "config", nil, "a configuration, NAME=VALUE; give the flag once for each")
	f.StringSliceVar(&s.validation, "schema-validation", nil, "what the values of records must be: off, id (a schema of the subject is named), payload (and the payload fits it), or inherit; key=MODE and value=MODE tell the sides apart")
	f.StringVar(&s.action, "schema-validation-action", "", "what becomes of records that are not: reject, report, or dlq (they go to another topic)")
	f.StringVar(&s.deadLetter, "schema-validation-dlq", "", "topic of such records with dlq; by default the topic's name with .dlq behind it")
	f.StringVar(&s.context, "schema-validation-context", "", "context of the registry in which schemas are looked up, such as .prod")
}

var modes = []string{"off", "id", "payload", "inherit"}

// parse returns the configurations by name.
func (s *settings) parse() (map[string]*string, error) {
	set := map[string]*string{}
	add := func(name, value, from string) error {
		if _, twice := set[name]; twice {
			return cli.Usagef("%s: the configuration %s is given twice", from, name)
		}
		set[name] = &value
		return nil
	}
	for _, text := range s.configs {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, cli.Usagef("the configuration %q must be of the form NAME=VALUE", text)
		}
		if err := add(name, value, "--config"); err != nil {
			return nil, err
		}
	}
	for _, text := range s.validation {
		side, mode, ok := strings.Cut(text, "=")
		if !ok {
			side, mode = "value", text
		}
		if side != "key" && side != "value" || !slices.Contains(modes, mode) {
			return nil, cli.Usagef("--schema-validation %q: use %s, or one of them behind key= or value=", text, strings.Join(modes, ", "))
		}
		if err := add(fmt.Sprintf("pawl.%s.schema.validation.mode", side), mode, "--schema-validation"); err != nil {
			return nil, err
		}
	}
	for _, one := range [][3]string{
		{"action", s.action, "--schema-validation-action"}, {"dlq.topic", s.deadLetter, "--schema-validation-dlq"}, {"context", s.context, "--schema-validation-context"},
	} {
		if one[1] == "" {
			continue
		}
		if err := add("pawl.schema.validation."+one[0], one[1], one[2]); err != nil {
			return nil, err
		}
	}
	return set, nil
}
