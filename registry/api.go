package registry

import (
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

// Check is the outcome of a compatibility check.
type Check struct {
	Verdict        compat.Verdict
	Reserved       []string // texts about reserved fields (validateFields), which fail any level
	ValidateFields bool     // as in force for the subject
}

// Compatible reports whether nothing was found.
func (c Check) Compatible() bool { return c.Verdict.Compatible() && len(c.Reserved) == 0 }
