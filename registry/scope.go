package registry

import "github.com/pawl-registry/pawl/compat"

// levels of configuration and mode besides subjects
const (
	registryName = ""            // the default context, which is also the registry as a whole
	globalName   = ":.__GLOBAL:" // all contexts
)

// stored returns the usual form of the name of a configuration or mode.
func stored(name string) string { return ParseName(name).String() }

// topLevel reports whether a usual name is one of the two levels that always answer.
func topLevel(name string) bool { return name == registryName || name == globalName }

// above returns the name under which a subject of the same context inherits: the context's, which for the default context is
// the registry's.
func (n Name) above() string { return Name{n.Context, ""}.String() }

// scopes returns the names that decide for a name, nearest first. The registry's level does not reach into other contexts.
func (n Name) scopes() []string {
	own, ctx := n.String(), n.above()
	switch own {
	case globalName:
		return []string{globalName}
	case ctx:
		return []string{ctx, globalName}
	}
	return []string{own, ctx, globalName}
}

// modeInForce returns the mode in scope of a name.
func modeInForce(v *view, n Name) Mode {
	for _, name := range n.scopes() {
		if m := v.mode(name); m != "" {
			return m
		}
	}
	return ReadWrite
}

func (m Mode) readOnly() bool { return m == ReadOnly || m == ReadOnlyOverride }

// importing reports whether the mode takes schemas with their IDs from elsewhere, unjudged.
func (m Mode) importing() bool { return m == Import || m == Forward }

// configInForce returns the configuration in scope of a name: the nearest one stored, not merged with those further away,
// except that switches unset on the name itself come from the registry's level. A missing level is the server's default.
func configInForce(v *view, n Name, fallback compat.Level) Config {
	for i, name := range n.scopes() {
		c := v.config(name)
		if c == nil {
			continue
		}
		out := *c
		if i == 0 && !topLevel(name) {
			inherit(&out, v.config(registryName))
		}
		if out.Level == "" {
			out.Level = fallback
		}
		return out
	}
	return Config{Level: fallback}
}

func inherit(c, from *Config) {
	if from == nil {
		return
	}
	for _, x := range []struct{ to, from **bool }{
		{&c.Normalize, &from.Normalize},
		{&c.ValidateFields, &from.ValidateFields},
		{&c.ValidateNewSchemas, &from.ValidateNewSchemas},
		{&c.ValidateRules, &from.ValidateRules},
	} {
		if *x.to == nil {
			*x.to = *x.from
		}
	}
	if c.Policy == "" {
		c.Policy = from.Policy
	}
	if c.Group == "" {
		c.Group = from.Group
	}
}

func orDefault(b *bool, fallback bool) bool {
	if b == nil {
		return fallback
	}
	return *b
}

// populates reports whether the configuration adds metadata or rules to what is registered.
func (c *Config) populates() bool {
	return c.DefaultMetadata != nil || c.OverrideMetadata != nil || c.DefaultRuleSet != nil || c.OverrideRuleSet != nil
}
