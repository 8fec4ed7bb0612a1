package registry

import (
	"encoding/json"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// Submission is a schema that somebody asks to register, to look up or to check. Subject may be qualified (":.ctx:name").
type Submission struct {
	Subject    string
	Format     string // empty is the default format
	Text       string
	References []schema.Reference
	Metadata   *Metadata
	RuleSet    *RuleSet
	Version    int       // 0 lets the registry choose, -1 means the latest
	ID         schema.ID // 0 lets the registry choose; others only in modes that allow it
	Normalize  bool      // in addition to the subject's configuration
	Force      bool      // register without the compatibility check

	// Inline tags (Register only): edits of Text before it is judged, and whether the tags of the latest version are kept.
	AddTags       []schema.EntityTags
	RemoveTags    []schema.EntityTags
	PropagateTags bool
}

// Version is one version of a subject as the registry holds it. Values are shared and must not be changed.
type Version struct {
	Subject    string // qualified unless in the default context
	Number     int
	ID         schema.ID
	GUID       schema.GUID
	Format     string
	Text       string // canonical text
	References []schema.Reference
	Metadata   *Metadata
	RuleSet    *RuleSet
	Deleted    bool  // soft-deleted
	Time       int64 // milliseconds since the Unix epoch
}

// Metadata is what a schema carries besides its text.
type Metadata struct {
	Tags       map[string][]string `json:"tags,omitempty"`
	Properties map[string]string   `json:"properties,omitempty"`
	Sensitive  []string            `json:"sensitive,omitempty"`
}

// RuleSet is the data contract of a schema.
type RuleSet struct {
	MigrationRules []Rule `json:"migrationRules,omitempty"`
	DomainRules    []Rule `json:"domainRules,omitempty"`
	EncodingRules  []Rule `json:"encodingRules,omitempty"`
	EnableAt       string `json:"enableAt,omitempty"`
}

// Rule is one rule of a RuleSet.
type Rule struct {
	Name      string            `json:"name"`
	Doc       string            `json:"doc,omitempty"`
	Kind      string            `json:"kind"`
	Mode      string            `json:"mode"`
	Type      string            `json:"type"`
	Tags      []string          `json:"tags,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	Expr      string            `json:"expr,omitempty"`
	OnSuccess string            `json:"onSuccess,omitempty"`
	OnFailure string            `json:"onFailure,omitempty"`
	Disabled  bool              `json:"disabled"`
}

// Config is a stored configuration of a subject, a context or the whole registry. Nil and empty fields are unset.
type Config struct {
	Alias              string       `json:"alias,omitempty"`
	AliasForDeks       string       `json:"aliasForDeks,omitempty"`
	Normalize          *bool        `json:"normalize,omitempty"`
	ValidateFields     *bool        `json:"validateFields,omitempty"`
	ValidateNewSchemas *bool        `json:"validateNewSchemas,omitempty"`
	ValidateRules      *bool        `json:"validateRules,omitempty"`
	Level              compat.Level `json:"compatibility,omitempty"`
	Policy             string       `json:"compatibilityPolicy,omitempty"`
	Group              string       `json:"compatibilityGroup,omitempty"`
	DefaultMetadata    *Metadata    `json:"defaultMetadata,omitempty"`
	OverrideMetadata   *Metadata    `json:"overrideMetadata,omitempty"`
	DefaultRuleSet     *RuleSet     `json:"defaultRuleSet,omitempty"`
	OverrideRuleSet    *RuleSet     `json:"overrideRuleSet,omitempty"`
}

// Mode says what a subject, a context or the registry takes.
type Mode string

// The modes of Confluent Schema Registry.
const (
	ReadWrite        Mode = "READWRITE"
	ReadOnly         Mode = "READONLY"
	ReadOnlyOverride Mode = "READONLY_OVERRIDE"
	Import           Mode = "IMPORT"
	Forward          Mode = "FORWARD"
)

// Filter selects among live and soft-deleted versions.
type Filter uint8

const (
	// Live selects versions that are not deleted.
	Live Filter = iota
	// All selects live and soft-deleted versions.
	All
	// DeletedOnly selects what has only soft-deleted versions (subjects) or is soft-deleted (versions).
	DeletedOnly
)

// Latest asks for the newest live version where a version number is expected.
const Latest = -1

// Deletion says how thoroughly something is deleted.
type Deletion uint8

const (
	// Soft hides a version: its schema stays readable by ID and where it is referenced.
	Soft Deletion = iota
	// Permanent removes what was soft-deleted before.
	Permanent
)

// Extent says how far the deletion of a mode reaches.
type Extent uint8

const (
	// Exactly touches the named level only.
	Exactly Extent = iota
	// Recursively touches the named context and all subjects in it.
	Recursively
)

// Place is one version of a subject.
type Place struct {
	Subject string // qualified unless in the default context
	Version int
}

// ContextID is the ID of a schema within one context.
type ContextID struct {
	Context string // with its leading dot; "." is the default context
	ID      schema.ID
}

// Selection says which versions List returns.
type Selection struct {
	Prefix       string // as Subjects takes it, except that the empty prefix is the default context
	Filter       Filter // Live or All
	LatestOnly   bool
	RuleType     string             // keeps versions that have a rule of this type, judged after LatestOnly; empty keeps all
	Aliases      bool               // adds the subjects that aliases of matching subjects point at
	Associations *AssociationFilter // keeps subjects that have such an association; nil keeps all
	Offset       int                // versions to leave out at the beginning
	Limit        int                // versions to return at most; 0 is all
}

// Listed is a version that List found.
type Listed struct {
	Version
	Aliases      []string      // subjects whose alias points here; only if asked for
	Associations []Association // of the subject, those that the selection asks for
}

// Edit is a change of one field in three states: the zero Edit keeps the field, Clear unsets it, Set gives it a value. In JSON
// these are: absent, null, and the value.
type Edit[T any] struct {
	Given bool
	Value *T // nil clears
}

// Set returns an Edit that gives a field a value.
func Set[T any](v T) Edit[T] { return Edit[T]{Given: true, Value: &v} }

// Clear returns an Edit that unsets a field.
func Clear[T any]() Edit[T] { return Edit[T]{Given: true} }

// UnmarshalJSON reads null as Clear and anything else as Set. It is not called for absent fields.
func (e *Edit[T]) UnmarshalJSON(text []byte) error {
	e.Given, e.Value = true, nil
	if string(text) == "null" {
		return nil
	}
	return json.Unmarshal(text, &e.Value)
}

// ConfigUpdate changes a stored configuration field by field. Its JSON form is Confluent's ConfigUpdateRequest.
type ConfigUpdate struct {
	Alias              Edit[string]   `json:"alias"`
	AliasForDeks       Edit[string]   `json:"aliasForDeks"`
	Normalize          Edit[bool]     `json:"normalize"`
	ValidateFields     Edit[bool]     `json:"validateFields"`
	ValidateNewSchemas Edit[bool]     `json:"validateNewSchemas"`
	ValidateRules      Edit[bool]     `json:"validateRules"`
	Level              Edit[string]   `json:"compatibility"`       // any case; ErrInvalidLevel
	Policy             Edit[string]   `json:"compatibilityPolicy"` // an unknown text clears
	Group              Edit[string]   `json:"compatibilityGroup"`
	DefaultMetadata    Edit[Metadata] `json:"defaultMetadata"`
	OverrideMetadata   Edit[Metadata] `json:"overrideMetadata"`
	DefaultRuleSet     Edit[RuleSet]  `json:"defaultRuleSet"`
	OverrideRuleSet    Edit[RuleSet]  `json:"overrideRuleSet"`
}

// TagEdit is the older way to change inline tags: it makes a new version of an existing one.
type TagEdit struct {
	NewVersion  int // 0 lets the registry choose
	Add, Remove []schema.EntityTags
	Metadata    *Metadata // nil keeps that of the version
	RuleSet     *RuleSet  // excludes MergeRules and RemoveRules; nil inherits from the latest version
	MergeRules  *RuleSet
	RemoveRules []string // names
}

// Check is the outcome of a compatibility check.
type Check struct {
	Verdict        compat.Verdict
	Reserved       []string // texts about reserved fields (validateFields), which fail any level
	ValidateFields bool     // as in force for the subject
}

// Compatible reports whether nothing was found.
func (c Check) Compatible() bool { return c.Verdict.Compatible() && len(c.Reserved) == 0 }

// Messages renders a check as Confluent's list of compatibility messages. It is never nil, and empty when compatible.
func (c Check) Messages() []string { return c.Verdict.Messages(c.Reserved, c.ValidateFields) }
