package rest

import (
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

// scope returns the name whose settings a path means; without a subject the global level. Aliases do not apply to settings.
func (x *exchange) scope() string {
	name := x.param("subject")
	x.audited.subject = name
	return name
}

// config answers GET /config and GET /config/{subject}.
func (s *server) config(x *exchange) (reply, error) {
	read := s.reg.Config
	if x.flag("defaultToGlobal") {
		read = s.reg.EffectiveConfig
	}
	cfg, err := read(x.ctx(), x.scope())
	if err != nil {
		return reply{}, err
	}
	return ok(configOut(cfg))
}

// configBody is a ConfigUpdate in which absent, null and given members differ.
type configBody struct {
	Alias              registry.Edit[string]            `json:"alias"`
	AliasForDeks       registry.Edit[string]            `json:"aliasForDeks"`
	Normalize          registry.Edit[bool]              `json:"normalize"`
	ValidateFields     registry.Edit[bool]              `json:"validateFields"`
	ValidateNewSchemas registry.Edit[bool]              `json:"validateNewSchemas"`
	ValidateRules      registry.Edit[bool]              `json:"validateRules"`
	Level              registry.Edit[string]            `json:"compatibility"`
	Policy             registry.Edit[string]            `json:"compatibilityPolicy"`
	Group              registry.Edit[string]            `json:"compatibilityGroup"`
	DefaultMetadata    registry.Edit[registry.Metadata] `json:"defaultMetadata"`
	OverrideMetadata   registry.Edit[registry.Metadata] `json:"overrideMetadata"`
	DefaultRuleSet     registry.Edit[openapi.RuleSet]   `json:"defaultRuleSet"`
	OverrideRuleSet    registry.Edit[openapi.RuleSet]   `json:"overrideRuleSet"`
}

func (b configBody) update() (registry.ConfigUpdate, error) {
	u := registry.ConfigUpdate{
		Alias: b.Alias, AliasForDeks: b.AliasForDeks, Normalize: b.Normalize, ValidateFields: b.ValidateFields,
		ValidateNewSchemas: b.ValidateNewSchemas, ValidateRules: b.ValidateRules, Level: b.Level, Policy: b.Policy, Group: b.Group,
		DefaultMetadata: b.DefaultMetadata, OverrideMetadata: b.OverrideMetadata,
	}
	var err error
	if u.DefaultRuleSet, err = ruleSetEdit(b.DefaultRuleSet); err != nil {
		return u, err
	}
	u.OverrideRuleSet, err = ruleSetEdit(b.OverrideRuleSet)
	return u, err
}

func ruleSetEdit(e registry.Edit[openapi.RuleSet]) (registry.Edit[registry.RuleSet], error) {
	set, err := ruleSetIn(e.Value)
	return registry.Edit[registry.RuleSet]{Given: e.Given, Value: set}, err
}

// setConfig answers PUT /config and PUT /config/{subject}.
func (s *server) setConfig(x *exchange) (reply, error) {
	var body configBody
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	update, err := body.update()
	if err != nil {
		return reply{}, err
	}
	cfg, err := s.reg.SetConfig(x.ctx(), x.scope(), update)
	if err != nil {
		return reply{}, err
	}
	return ok(openapi.ConfigUpdate(configOut(cfg)))
}

// deleteConfig answers DELETE /config and DELETE /config/{subject}.
func (s *server) deleteConfig(x *exchange) (reply, error) {
	cfg, err := s.reg.DeleteConfig(x.ctx(), x.scope())
	if err != nil {
		return reply{}, err
	}
	return ok(configOut(cfg))
}

// mode answers GET /mode and GET /mode/{subject}.
func (s *server) mode(x *exchange) (reply, error) {
	read := s.reg.Mode
	if x.flag("defaultToGlobal") {
		read = s.reg.EffectiveMode
	}
	m, err := read(x.ctx(), x.scope())
	if err != nil {
		return reply{}, err
	}
	return ok(openapi.Mode{Mode: string(m)})
}

// setMode answers PUT /mode and PUT /mode/{subject} with the request as it came.
func (s *server) setMode(x *exchange) (reply, error) {
	var body struct {
		Mode registry.Edit[string] `json:"mode"`
	}
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	update := registry.ModeUpdate{Force: x.flag("force")}
	echo := openapi.Mode{}
	switch {
	case !body.Mode.Given:
		return reply{}, fault.New(registry.ErrInvalidMode, "rest.setMode", "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")
	case body.Mode.Value != nil:
		m, err := registry.ParseMode(*body.Mode.Value)
		if err != nil {
			return reply{}, err
		}
		update.Mode, echo.Mode = m, *body.Mode.Value
	}
	if err := s.reg.SetMode(x.ctx(), x.scope(), update); err != nil {
		return reply{}, err
	}
	return ok(echo)
}

// deleteMode answers DELETE /mode and DELETE /mode/{subject}.
func (s *server) deleteMode(x *exchange) (reply, error) {
	extent := registry.Exactly
	if x.flag("recursive") {
		extent = registry.Recursively
	}
	m, err := s.reg.DeleteMode(x.ctx(), x.scope(), extent)
	if err != nil {
		return reply{}, err
	}
	return ok(openapi.Mode{Mode: string(m)})
}

// contexts answers GET /contexts.
func (s *server) contexts(x *exchange) (reply, error) {
	return list(x, maxUnlimited, func() ([]string, error) {
		all, err := s.reg.Contexts(x.ctx(), x.query.Get("contextPrefix"))
		return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !x.seenContext(name) }), err
	})
}

// deleteContext answers DELETE /contexts/{context}.
func (s *server) deleteContext(x *exchange) (reply, error) {
	return reply{status: 204}, s.reg.DeleteContext(x.ctx(), x.param("context"))
}
