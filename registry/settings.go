package registry

import (
	"strings"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
)

const (
	opConfig = "registry.SetConfig"
	opMode   = "registry.SetMode"
)

// Compatibility policies. LOGICAL is kept and compares as STRICT does.
const (
	policyStrict  = "STRICT"
	policyLenient = "LENIENT"
	policyLogical = "LOGICAL"
)

// setConfig decides a change of what is stored for a name.
func (j judge) setConfig(name string, u ConfigUpdate) (*change, Config, error) {
	n, err := scopeName(opConfig, name)
	if err != nil {
		return nil, Config{}, err
	}
	next, err := u.over(j.view.config(n.String()))
	if err != nil {
		return nil, Config{}, err
	}
	if modeInForce(j.view, n).readOnly() {
		return nil, Config{}, readOnly(opConfig, n)
	}
	return &change{Config: map[string]*Config{n.String(): &next}}, next, nil
}

// over returns the configuration that an update makes of an old one, which may be nil.
func (u *ConfigUpdate) over(old *Config) (Config, error) {
	var c Config
	if old != nil {
		c = *old
	}
	if err := editLevel(u.Level, &c.Level); err != nil {
		return c, err
	}
	for _, e := range []Edit[RuleSet]{u.DefaultRuleSet, u.OverrideRuleSet} {
		if err := e.Value.normal().validate(opConfig); err != nil {
			return c, err
		}
	}
	editText(u.Alias, &c.Alias)
	editText(u.AliasForDeks, &c.AliasForDeks)
	editText(u.Group, &c.Group)
	editPolicy(u.Policy, &c.Policy)
	u.Normalize.pointer(&c.Normalize)
	u.ValidateFields.pointer(&c.ValidateFields)
	u.ValidateNewSchemas.pointer(&c.ValidateNewSchemas)
	u.ValidateRules.pointer(&c.ValidateRules)
	u.DefaultMetadata.pointer(&c.DefaultMetadata)
	u.OverrideMetadata.pointer(&c.OverrideMetadata)
	u.DefaultRuleSet.pointer(&c.DefaultRuleSet)
	u.OverrideRuleSet.pointer(&c.OverrideRuleSet)
	c.DefaultMetadata, c.OverrideMetadata = c.DefaultMetadata.normal(), c.OverrideMetadata.normal()
	c.DefaultRuleSet, c.OverrideRuleSet = c.DefaultRuleSet.withKekNames().normal(), c.OverrideRuleSet.withKekNames().normal()
	return c, nil
}

func (e Edit[T]) pointer(to **T) {
	if e.Given {
		*to = e.Value
	}
}

func editText(e Edit[string], to *string) {
	if !e.Given {
		return
	}
	*to = ""
	if e.Value != nil {
		*to = *e.Value
	}
}

func editLevel(e Edit[string], to *compat.Level) error {
	if !e.Given {
		return nil
	}
	*to = ""
	if e.Value == nil {
		return nil
	}
	level, ok := compat.ParseLevel(*e.Value)
	if !ok {
		return fault.New(ErrInvalidLevel, opConfig, "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive")
	}
	*to = level
	return nil
}

func editPolicy(e Edit[string], to *string) {
	var text string
	if !e.Given {
		return
	}
	editText(e, &text)
	switch text = strings.ToUpper(text); text {
	case policyStrict, policyLenient, policyLogical:
		*to = text
	default:
		*to = ""
	}
}

// deleteConfig decides the removal of what is stored for a name.
func (j judge) deleteConfig(n Name) (*change, Config, error) {
	name := n.String()
	old := j.view.config(name)
	switch {
	case old == nil && !topLevel(name):
		return nil, Config{}, subjectNotFound(opConfig, n)
	case modeInForce(j.view, n).readOnly():
		return nil, Config{}, readOnly(opConfig, n)
	case old == nil:
		return nil, Config{Level: j.opts.Level}, nil
	}
	return &change{Config: map[string]*Config{name: nil}}, *old, nil
}

// ParseMode reads a mode in any case. Error: ErrInvalidMode.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(strings.ToUpper(text)); m {
	case ReadWrite, ReadOnly, ReadOnlyOverride, Import, Forward:
		return m, nil
	}
	return "", fault.New(ErrInvalidMode, opMode, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")
}

func (o *Options) modesMayChange() error {
	if o.ImmutableModes {
		return fault.New(ErrNotPermitted, opMode, "Mode changes are not allowed")
	}
	return nil
}

// setMode decides a change of the mode stored for a name.
func (j judge) setMode(name string, u ModeUpdate) (*change, error) {
	n, err := scopeName(opMode, name)
	if err != nil {
		return nil, err
	}
	if err := j.opts.modesMayChange(); err != nil {
		return nil, err
	}
	if u.Mode == "" {
		return j.clearMode(n), nil
	}
	mode, err := ParseMode(string(u.Mode))
	if err != nil {
		return nil, err
	}
	if mode == Forward && n.String() != globalName {
		return nil, fault.New(ErrInvalidMode, opMode, "Forward mode only supported on global level")
	}
	c := &change{Mode: map[string]*Mode{n.String(): &mode}}
	if mode == Import && !u.Force && modeInForce(j.view, n) != Import {
		c.Remove, err = j.purge(n)
	}
	return c, err
}

func (j judge) clearMode(n Name) *change {
	if j.view.mode(n.String()) == "" {
		return nil
	}
	return &change{Mode: map[string]*Mode{n.String(): nil}}
}

// purge returns all versions in the scope of a mode, which must be soft-deleted: a registry that begins to import begins empty.
func (j judge) purge(n Name) ([]place, error) {
	scope := j.scope(n)
	doomed := map[place]bool{}
	for _, s := range scope {
		for _, r := range s.rows {
			if !r.Deleted {
				return nil, fault.New(ErrNotPermitted, opMode, "Cannot import since found existing subjects")
			}
			doomed[place{r.Subject, r.Number}] = true
		}
	}
	var out []place
	for _, s := range scope {
		for _, r := range s.rows {
			if j.view.referred(r.name, r.Number, func(by *row) bool { return !doomed[place{by.Subject, by.Number}] }) {
				return nil, referenceExists(r.name, r.Number)
			}
			out = append(out, place{r.Subject, r.Number})
		}
	}
	return out, nil
}

// scope returns the subjects that a mode reaches: one subject, a context, or from the top levels all contexts.
func (j judge) scope(n Name) []listing {
	switch {
	case topLevel(n.String()):
		return j.view.list(prefix{every: true})
	case n.Subject == "":
		return j.view.list(prefix{context: n.Context})
	}
	return []listing{{n.String(), j.view.rows(n)}}
}

// deleteMode decides the removal of the mode stored for a name, and of those of its subjects if the extent asks for it.
func (j judge) deleteMode(n Name, e Extent) (*change, Mode, error) {
	if err := j.opts.modesMayChange(); err != nil {
		return nil, "", err
	}
	name := n.String()
	old := j.view.mode(name)
	if old == "" && e == Exactly {
		if !topLevel(name) {
			return nil, "", subjectNotFound(opMode, n)
		}
		return nil, ReadWrite, nil
	}
	c := &change{Mode: map[string]*Mode{}}
	if old != "" {
		c.Mode[name] = nil
	}
	if e == Recursively && n.Subject == "" && n.Context != globalContext {
		for _, below := range j.view.modeNames(n.Context) {
			c.Mode[below] = nil
		}
	}
	return c, old, nil
}
