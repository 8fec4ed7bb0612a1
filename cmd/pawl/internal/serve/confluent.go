package serve

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// equals gives the setting that a property of Confluent Schema Registry is equal to, and what its value becomes.
var equals = map[string]struct {
	name  string
	value func(string) (string, error)
}{
	"listeners":                                  {"http", listener},
	"schema.compatibility.level":                 {"level", upper},
	"avro.compatibility.level":                   {"level", upper},
	"schema.registry.group.id":                   {"group-id", same},
	"mode.mutability":                            {"immutable-modes", not},
	"schema.validate.fields":                     {"validate-fields", same},
	"schema.validate.new.schemas":                {"validate-new-schemas", same},
	"schema.reject.empty.subject":                {"reject-empty-subject", same},
	"schema.providers.reference.versions.strict": {"strict-references", same},
	"debug": {"log-level", func(v string) (string, error) {
		if on, err := strconv.ParseBool(v); err != nil || !on {
			return "info", err
		}
		return "debug", nil
	}},
}

func same(v string) (string, error)  { return v, nil }
func upper(v string) (string, error) { return strings.ToUpper(v), nil }

func not(v string) (string, error) {
	on, err := strconv.ParseBool(v)
	return strconv.FormatBool(!on), err
}

// listener takes the address of the only listener.
func listener(v string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(v))
	if err != nil || u.Host == "" || strings.Contains(v, ",") {
		return "", fmt.Errorf("%q is not one listener such as http://0.0.0.0:8081", v)
	}
	return u.Host, nil
}

const confluentPrefix = "SCHEMA_REGISTRY_"

// loadConfluent takes what has an equal here from the variables and the file of Confluent Schema Registry.
func (s *Settings) loadConfluent(environ []string, f *pflag.FlagSet) error {
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if property, ours := strings.CutPrefix(name, confluentPrefix); ours {
			if err := s.property(f, propertyName(property), value, "variable "+name); err != nil {
				return err
			}
		}
	}
	if s.properties == "" {
		return nil
	}
	text, err := os.ReadFile(s.properties)
	if err != nil {
		return cli.File(err)
	}
	values := parseProperties(string(text))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := s.property(f, name, values[name], "file "+s.properties); err != nil {
			return err
		}
	}
	return nil
}

func (s *Settings) property(f *pflag.FlagSet, name, value, origin string) error {
	e, known := equals[name]
	if !known {
		s.warn("%s: %s has no effect here", origin, name)
		return nil
	}
	secured := strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "https:")
	value, err := e.value(strings.TrimSpace(value))
	if err != nil {
		return cli.Usagef("%s: %s: %v", origin, name, err)
	}
	if name == "listeners" && secured && s.origins[e.name] == "" {
		s.https = origin
	}
	return s.put(f, e.name, value, origin)
}

// propertyName turns a variable into the name of a property, as Confluent's images do: _ is a dot, __ an underscore, ___ a dash.
func propertyName(variable string) string {
	name := strings.ToLower(variable)
	name = strings.ReplaceAll(name, "___", "-")
	name = strings.ReplaceAll(name, "__", "\x00")
	name = strings.ReplaceAll(name, "_", ".")
	return strings.ReplaceAll(name, "\x00", "_")
}

// parseProperties reads the format of java.util.Properties, but for escapes by code point.
func parseProperties(text string) map[string]string {
	values := map[string]string{}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	whole := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimLeft(line, " \t\f")
		if whole == "" && (line == "" || line[0] == '#' || line[0] == '!') {
			continue
		}
		if body, goes := continued(line); goes {
			whole += body
			continue
		}
		name, value := splitProperty(whole + line)
		values[name], whole = value, ""
	}
	if whole != "" {
		name, value := splitProperty(whole)
		values[name] = value
	}
	return values
}

// continued reports whether a line ends in an odd number of backslashes, and returns it without the last.
func continued(line string) (string, bool) {
	n := len(line) - len(strings.TrimRight(line, `\`))
	if n%2 == 0 {
		return line, false
	}
	return line[:len(line)-1], true
}

func splitProperty(line string) (name, value string) {
	end := len(line)
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
		} else if strings.IndexByte("=: \t\f", line[i]) >= 0 {
			end = i
			break
		}
	}
	rest := strings.TrimLeft(line[end:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], " \t\f")
	}
	return unescape(line[:end]), unescape(rest)
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
