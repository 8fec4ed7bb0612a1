package serve

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// warnIdle names what somebody set although it has no effect on this server.
func (s *Settings) warnIdle(a *cli.App, f *pflag.FlagSet) {
	basic, bearer := s.Access.has("basic"), s.Access.has("bearer")
	for _, one := range []struct {
		name      string
		effective bool
		without   string
	}{
		{"auth-htpasswd", basic, "--auth basic"},
		{"auth-issuer", bearer, "--auth bearer"},
		{"auth-audience", bearer, "--auth bearer"},
		{"auth-keys", bearer, "--auth bearer"},
		{"auth-algorithms", bearer, "--auth bearer"},
		{"auth-name-claim", bearer, "--auth bearer"},
		{"auth-roles-claim", bearer, "--auth bearer"},
		{"trace-kafka", s.Tracing.On(), "a collector of traces: name one in the variable OTEL_EXPORTER_OTLP_ENDPOINT"},
	} {
		if origin := s.origins[one.name]; origin != "" && !one.effective {
			s.warn("--%s (%s) has no effect without %s", one.name, origin, one.without)
		}
	}
	if s.Postgres != "" && s.Store != "postgres" {
		s.warn("the variable %s has no effect on the store that is set; use --store postgres", postgresVariable)
	}
	if s.Edge.Admin != "" && len(s.Edge.SASL) == 0 {
		s.warn("the variable %s has no effect without --kafka-sasl: clients do not say who they are", adminVariable)
	}
	s.warnForeignFlags(a, f)
}

// warnForeignFlags names flags of the command line that are for those who call a server. Their variables may well stand in an
// environment that is shared with clients.
func (s *Settings) warnForeignFlags(a *cli.App, f *pflag.FlagSet) {
	f.Visit(func(one *pflag.Flag) {
		shown := slices.Contains(s.names, one.Name) || one.Name == "output" || one.Name == "effective"
		if !shown && a.FromVariable[one.Name] == "" {
			s.warn("--%s has no effect on a server: it is for the commands that call one%s", one.Name, s.likely(one.Name))
		}
	})
}

// likely points to what somebody may have meant.
func (s *Settings) likely(name string) string {
	switch {
	case name == "tls":
		return "; did you mean --kafka-tls-cert?"
	case strings.HasPrefix(name, "registry-"):
		return "; did you mean --tls-cert?"
	}
	return ""
}
