package migrate

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/openapi"
)

// formatVersion is the version of the file format. It is part of every file: see FORMAT.md before changing anything here.
const formatVersion = 1

// line is one line of a file; exactly one member is set.
type line struct {
	Export  *headLine    `json:"export,omitempty"`
	Context *contextLine `json:"context,omitempty"`
	Config  *configLine  `json:"config,omitempty"`
	Mode    *modeLine    `json:"mode,omitempty"`
	Schema  *version     `json:"schema,omitempty"`
	End     *endLine     `json:"end,omitempty"`
}

// headLine says what is in a file, for what is not in it does not differ.
type headLine struct {
	Format int   `json:"format"`
	Prefix scope `json:"prefix"`
	Config bool  `json:"config"`
	Mode   bool  `json:"mode"`
}

type contextLine struct {
	Name  string `json:"name"`            // with its leading dot
	MaxID int    `json:"maxId,omitempty"` // the highest ID given away; 0 is unknown
}

type configLine struct {
	Name string `json:"name"`
	openapi.Config
}

type modeLine struct {
	Name string `json:"name"`
	Mode string `json:"mode"`
}

type endLine struct {
	Lines  int    `json:"lines"`  // before this one
	SHA256 string `json:"sha256"` // of all bytes before this line
}

// version is one version of a subject as a file holds it.
type version struct {
	Subject    string              `json:"subject"` // qualified unless in the default context
	Version    int                 `json:"version"`
	ID         int                 `json:"id"`
	GUID       string              `json:"guid,omitempty"`
	SchemaType string              `json:"schemaType"`
	References []openapi.Reference `json:"references,omitempty"`
	Metadata   *openapi.Metadata   `json:"metadata,omitempty"`
	RuleSet    *openapi.RuleSet    `json:"ruleSet,omitempty"`
	Schema     string              `json:"schema"`
	Deleted    bool                `json:"deleted,omitempty"`
}

func fromAPI(s openapi.Schema) version {
	v := version{
		Subject: plainName(s.Subject), Version: s.Version, ID: s.ID, GUID: s.GUID, SchemaType: s.SchemaType, References: s.References,
		Metadata: sortedMetadata(s.Metadata), RuleSet: sortedRules(s.RuleSet), Schema: s.Schema, Deleted: s.Deleted,
	}
	if v.SchemaType == "" {
		v.SchemaType = "AVRO" // what absence means in the API
	}
	if len(v.References) == 0 {
		v.References = nil
	}
	return v
}

func (v *version) request() openapi.SchemaRequest {
	return openapi.SchemaRequest{
		Version: v.Version, ID: v.ID, SchemaType: v.SchemaType, References: v.References, Metadata: v.Metadata, RuleSet: v.RuleSet, Schema: v.Schema,
	}
}

// sum identifies what an ID stands for: everything but the place, the GUID and the state.
func (v *version) sum() ([sha256.Size]byte, error) {
	text, err := encode(version{SchemaType: v.SchemaType, References: v.References, Metadata: v.Metadata, RuleSet: v.RuleSet, Schema: v.Schema})
	return sha256.Sum256(text), err
}

// encode writes a value as one line of JSON, without the escapes that are for HTML.
func encode(value any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return []byte(b.String()), err
}

// sortedMetadata returns metadata with its sets in order, for sets come in any.
func sortedMetadata(m *openapi.Metadata) *openapi.Metadata {
	if m == nil {
		return nil
	}
	out := openapi.Metadata{Properties: m.Properties, Sensitive: slices.Sorted(slices.Values(m.Sensitive))}
	for key, tags := range m.Tags {
		if out.Tags == nil {
			out.Tags = map[string][]string{}
		}
		out.Tags[key] = slices.Sorted(slices.Values(tags))
	}
	return &out
}

// sortedRules returns rules, whose order matters, with their sets in order and what the API leaves out by default filled in.
func sortedRules(rs *openapi.RuleSet) *openapi.RuleSet {
	if rs == nil {
		return nil
	}
	return &openapi.RuleSet{
		MigrationRules: eachRule(rs.MigrationRules), DomainRules: eachRule(rs.DomainRules), EncodingRules: eachRule(rs.EncodingRules), EnableAt: rs.EnableAt,
	}
}

func eachRule(rules []openapi.Rule) []openapi.Rule {
	var out []openapi.Rule
	for _, r := range rules {
		r.Tags = slices.Sorted(slices.Values(r.Tags))
		if r.Kind == "" {
			r.Kind = "TRANSFORM"
		}
		if r.Mode == "" {
			r.Mode = "WRITEREAD"
		}
		out = append(out, r)
	}
	return out
}

func sortedConfig(c openapi.Config) openapi.Config {
	c.DefaultMetadata, c.OverrideMetadata = sortedMetadata(c.DefaultMetadata), sortedMetadata(c.OverrideMetadata)
	c.DefaultRuleSet, c.OverrideRuleSet = sortedRules(c.DefaultRuleSet), sortedRules(c.OverrideRuleSet)
	return c
}
