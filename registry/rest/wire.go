package rest

import (
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// This file turns the bodies of the API into the values of the registry and back.

func submission(subject string, r openapi.SchemaRequest) (registry.Submission, error) {
	rules, err := ruleSetIn(r.RuleSet)
	return registry.Submission{
		Subject: subject, Format: r.SchemaType, Text: r.Schema, References: referencesIn(r.References),
		Metadata: metadataIn(r.Metadata), RuleSet: rules, Version: r.Version, ID: schema.ID(max(r.ID, 0)),
		AddTags: tagsIn(r.SchemaTagsToAdd), RemoveTags: tagsIn(r.SchemaTagsToRemove), PropagateTags: r.PropagateSchemaTags,
	}, err
}

func referencesIn(list []openapi.Reference) []schema.Reference {
	var out []schema.Reference
	for _, r := range list {
		out = append(out, schema.Reference(r))
	}
	return out
}

func referencesOut(list []schema.Reference) []openapi.Reference {
	var out []openapi.Reference
	for _, r := range list {
		out = append(out, openapi.Reference(r))
	}
	return out
}

func metadataIn(m *openapi.Metadata) *registry.Metadata  { return (*registry.Metadata)(m) }
func metadataOut(m *registry.Metadata) *openapi.Metadata { return (*openapi.Metadata)(m) }

// The constants of rules. Unlike all else about rules they are part of the JSON: another word is a malformed body.
var (
	ruleKinds = []string{"", "TRANSFORM", "CONDITION"}
	ruleModes = []string{"", "UPGRADE", "DOWNGRADE", "UPDOWN", "WRITE", "READ", "WRITEREAD"}
	enableAts = []string{"", "ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"}
)

func ruleSetIn(s *openapi.RuleSet) (*registry.RuleSet, error) {
	if s == nil {
		return nil, nil
	}
	out := &registry.RuleSet{EnableAt: s.EnableAt}
	if err := oneOf("enableAt", s.EnableAt, enableAts); err != nil {
		return nil, err
	}
	lists := []struct {
		to   *[]registry.Rule
		from []openapi.Rule
	}{{&out.MigrationRules, s.MigrationRules}, {&out.DomainRules, s.DomainRules}, {&out.EncodingRules, s.EncodingRules}}
	for _, l := range lists {
		for _, r := range l.from {
			if err := checkRule(r); err != nil {
				return nil, err
			}
			*l.to = append(*l.to, registry.Rule(r))
		}
	}
	return out, nil
}

func checkRule(r openapi.Rule) error {
	if err := oneOf("kind", r.Kind, ruleKinds); err != nil {
		return err
	}
	return oneOf("mode", r.Mode, ruleModes)
}

func oneOf(member, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fault.New(errBadRequest, "rest.oneOf", "member %s: %q is none of %q", member, value, allowed[1:])
}

func ruleSetOut(s *registry.RuleSet) *openapi.RuleSet {
	if s == nil {
		return nil
	}
	return &openapi.RuleSet{
		MigrationRules: rulesOut(s.MigrationRules), DomainRules: rulesOut(s.DomainRules), EncodingRules: rulesOut(s.EncodingRules),
		EnableAt: s.EnableAt,
	}
}

func rulesOut(list []registry.Rule) []openapi.Rule {
	var out []openapi.Rule
	for _, r := range list {
		out = append(out, openapi.Rule(r))
	}
	return out
}

func tagsIn(list []openapi.SchemaTags) []schema.EntityTags {
	var out []schema.EntityTags
	for _, t := range list {
		out = append(out, schema.EntityTags{Path: t.SchemaEntity.EntityPath, Kind: t.SchemaEntity.EntityType, Tags: t.Tags})
	}
	return out
}

func tagsOut(list []schema.EntityTags) []openapi.SchemaTags {
	var out []openapi.SchemaTags
	for _, t := range list {
		entity := openapi.SchemaEntity{EntityPath: t.Path, EntityType: t.Kind}
		out = append(out, openapi.SchemaTags{SchemaEntity: entity, Tags: t.Tags})
	}
	return out
}

func schemaOut(v registry.Version) openapi.Schema {
	return openapi.Schema{
		Subject: v.Subject, Version: v.Number, ID: int(v.ID), GUID: v.GUID.String(), SchemaType: v.Format,
		References: referencesOut(v.References), Metadata: metadataOut(v.Metadata), RuleSet: ruleSetOut(v.RuleSet),
		Schema: v.Text, Time: v.Time, Deleted: v.Deleted,
	}
}

func stringOut(v registry.Version) openapi.SchemaString {
	return openapi.SchemaString{
		Subject: v.Subject, Version: v.Number, GUID: v.GUID.String(), SchemaType: v.Format, Schema: v.Text,
		References: referencesOut(v.References), Metadata: metadataOut(v.Metadata), RuleSet: ruleSetOut(v.RuleSet),
		Time: v.Time, Deleted: v.Deleted,
	}
}

func registeredOut(v registry.Version) openapi.RegisterResponse {
	return openapi.RegisterResponse{
		ID: int(v.ID), Version: v.Number, GUID: v.GUID.String(), SchemaType: v.Format, References: referencesOut(v.References),
		Metadata: metadataOut(v.Metadata), RuleSet: ruleSetOut(v.RuleSet), Schema: v.Text, Time: v.Time, Deleted: v.Deleted,
	}
}

func configOut(c registry.Config) openapi.Config {
	return openapi.Config{
		Alias: c.Alias, AliasForDeks: c.AliasForDeks, Normalize: c.Normalize, ValidateFields: c.ValidateFields,
		ValidateNewSchemas: c.ValidateNewSchemas, ValidateRules: c.ValidateRules, CompatibilityLevel: string(c.Level),
		CompatibilityPolicy: c.Policy, CompatibilityGroup: c.Group,
		DefaultMetadata: metadataOut(c.DefaultMetadata), OverrideMetadata: metadataOut(c.OverrideMetadata),
		DefaultRuleSet: ruleSetOut(c.DefaultRuleSet), OverrideRuleSet: ruleSetOut(c.OverrideRuleSet),
	}
}
