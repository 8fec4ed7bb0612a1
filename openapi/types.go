package openapi

// Reference names one version of another subject as part of a schema. Version -1 means the latest.
type Reference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
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
	Kind      string            `json:"kind,omitempty"` // TRANSFORM (the default) or CONDITION
	Mode      string            `json:"mode,omitempty"` // WRITEREAD is the default
	Type      string            `json:"type"`
	Tags      []string          `json:"tags,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	Expr      string            `json:"expr,omitempty"`
	OnSuccess string            `json:"onSuccess,omitempty"`
	OnFailure string            `json:"onFailure,omitempty"`
	Disabled  bool              `json:"disabled"`
}

// SchemaEntity is a named place inside a schema.
type SchemaEntity struct {
	EntityPath string `json:"entityPath"`
	EntityType string `json:"entityType"` // sr_record or sr_field
}

// SchemaTags are tags on one place of a schema.
type SchemaTags struct {
	SchemaEntity SchemaEntity `json:"schemaEntity"`
	Tags         []string     `json:"tags"`
}

// SchemaRequest is the body of a registration, a lookup or a compatibility check. Zero Version and ID leave the choice to the
// registry.
type SchemaRequest struct {
	Version    int         `json:"version,omitempty"`
	ID         int         `json:"id,omitempty"`
	SchemaType string      `json:"schemaType,omitempty"`
	References []Reference `json:"references,omitempty"`
	Metadata   *Metadata   `json:"metadata,omitempty"`
	RuleSet    *RuleSet    `json:"ruleSet,omitempty"`
	Schema     string      `json:"schema,omitempty"`

	// Tags inside the text. Only a registration looks at them.
	SchemaTagsToAdd     []SchemaTags `json:"schemaTagsToAdd,omitempty"`
	SchemaTagsToRemove  []SchemaTags `json:"schemaTagsToRemove,omitempty"`
	PropagateSchemaTags bool         `json:"propagateSchemaTags,omitempty"` // keep the tags of the latest version
}

// TagsRequest is the body of the call that edits the tags of a version. A RuleSet excludes RulesToMerge and RulesToRemove.
type TagsRequest struct {
	NewVersion    int          `json:"newVersion,omitempty"`
	TagsToAdd     []SchemaTags `json:"tagsToAdd,omitempty"`
	TagsToRemove  []SchemaTags `json:"tagsToRemove,omitempty"`
	Metadata      *Metadata    `json:"metadata,omitempty"`
	RuleSet       *RuleSet     `json:"ruleSet,omitempty"`
	RulesToMerge  *RuleSet     `json:"rulesToMerge,omitempty"`
	RulesToRemove []string     `json:"rulesToRemove,omitempty"`
}

// Schema is one version of a subject.
type Schema struct {
	Subject      string        `json:"subject"`
	Version      int           `json:"version"`
	ID           int           `json:"id"`
	GUID         string        `json:"guid,omitempty"`
	SchemaType   string        `json:"schemaType"`
	References   []Reference   `json:"references,omitempty"`
	Metadata     *Metadata     `json:"metadata,omitempty"`
	RuleSet      *RuleSet      `json:"ruleSet,omitempty"`
	Schema       string        `json:"schema"`
	SchemaTags   []SchemaTags  `json:"schemaTags,omitempty"` // only with findTags
	Time         int64         `json:"ts,omitempty"`         // milliseconds since the Unix epoch
	Deleted      bool          `json:"deleted"`
	Aliases      []string      `json:"aliases,omitempty"`      // only in listings with aliases=true
	Associations []Association `json:"associations,omitempty"` // only in listings that ask for them
}

// SchemaString is a schema found by its ID or GUID. Subject and Version name one use of it; by GUID they are absent.
type SchemaString struct {
	Subject    string       `json:"subject,omitempty"`
	Version    int          `json:"version,omitempty"`
	GUID       string       `json:"guid,omitempty"`
	SchemaType string       `json:"schemaType"`
	Schema     string       `json:"schema"`
	References []Reference  `json:"references,omitempty"`
	Metadata   *Metadata    `json:"metadata,omitempty"`
	RuleSet    *RuleSet     `json:"ruleSet,omitempty"`
	SchemaTags []SchemaTags `json:"schemaTags,omitempty"` // only with findTags
	MaxID      *int         `json:"maxId,omitempty"`      // only with fetchMaxId
	Time       int64        `json:"ts,omitempty"`
	Deleted    bool         `json:"deleted"`
}

// RegisterResponse is the answer to a registration.
type RegisterResponse struct {
	ID         int         `json:"id"`
	Version    int         `json:"version,omitempty"`
	GUID       string      `json:"guid,omitempty"`
	SchemaType string      `json:"schemaType"`
	References []Reference `json:"references,omitempty"`
	Metadata   *Metadata   `json:"metadata,omitempty"`
	RuleSet    *RuleSet    `json:"ruleSet,omitempty"`
	Schema     string      `json:"schema"`
	Time       int64       `json:"ts,omitempty"`
	Deleted    bool        `json:"deleted"`
}

// Config is a configuration as GET and DELETE answer it. Nil and empty fields are unset.
type Config struct {
	Alias               string    `json:"alias,omitempty"`
	AliasForDeks        string    `json:"aliasForDeks,omitempty"`
	Normalize           *bool     `json:"normalize,omitempty"`
	ValidateFields      *bool     `json:"validateFields,omitempty"`
	ValidateNewSchemas  *bool     `json:"validateNewSchemas,omitempty"`
	ValidateRules       *bool     `json:"validateRules,omitempty"`
	CompatibilityLevel  string    `json:"compatibilityLevel,omitempty"`
	CompatibilityPolicy string    `json:"compatibilityPolicy,omitempty"`
	CompatibilityGroup  string    `json:"compatibilityGroup,omitempty"`
	DefaultMetadata     *Metadata `json:"defaultMetadata,omitempty"`
	OverrideMetadata    *Metadata `json:"overrideMetadata,omitempty"`
	DefaultRuleSet      *RuleSet  `json:"defaultRuleSet,omitempty"`
	OverrideRuleSet     *RuleSet  `json:"overrideRuleSet,omitempty"`
}

// ConfigUpdate is a configuration as PUT takes and answers it: a Config whose level is called compatibility. The two types
// convert into each other.
type ConfigUpdate struct {
	Alias               string    `json:"alias,omitempty"`
	AliasForDeks        string    `json:"aliasForDeks,omitempty"`
	Normalize           *bool     `json:"normalize,omitempty"`
	ValidateFields      *bool     `json:"validateFields,omitempty"`
	ValidateNewSchemas  *bool     `json:"validateNewSchemas,omitempty"`
	ValidateRules       *bool     `json:"validateRules,omitempty"`
	CompatibilityLevel  string    `json:"compatibility,omitempty"`
	CompatibilityPolicy string    `json:"compatibilityPolicy,omitempty"`
	CompatibilityGroup  string    `json:"compatibilityGroup,omitempty"`
	DefaultMetadata     *Metadata `json:"defaultMetadata,omitempty"`
	OverrideMetadata    *Metadata `json:"overrideMetadata,omitempty"`
	DefaultRuleSet      *RuleSet  `json:"defaultRuleSet,omitempty"`
	OverrideRuleSet     *RuleSet  `json:"overrideRuleSet,omitempty"`
}

// Mode is the body of the mode calls. The empty mode is the one of a level that has none.
type Mode struct {
	Mode string `json:"mode,omitempty"`
}

// SubjectVersion is one use of a schema.
type SubjectVersion struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

// ContextID is the ID of a schema in one context.
type ContextID struct {
	Context string `json:"context"`
	ID      int    `json:"id"`
}

// Compatibility is the answer to a compatibility check. Messages is nil unless the check was verbose, and then not nil.
type Compatibility struct {
	IsCompatible bool      `json:"is_compatible"`
	Messages     *[]string `json:"messages,omitempty"`
}

// Error is the body of every failure.
type Error struct {
	ErrorCode int    `json:"error_code"`
	Message   string `json:"message"`
}

// ServerID is the answer of /v1/metadata/id.
type ServerID struct {
	Scope Scope `json:"scope"`
}

// Scope is the place of a server in its cluster.
type Scope struct {
	Path     []string          `json:"path"`
	Clusters map[string]string `json:"clusters"`
}

// ServerVersion is the answer of /v1/metadata/version.
type ServerVersion struct {
	Version  string `json:"version"`
	CommitID string `json:"commitId"`
}

// Deployment is the answer of /v1/metadata/deployment.
type Deployment struct {
	Attributes []string `json:"attributes"`
}

// Health is the answer of the health calls.
type Health struct {
	Status string `json:"status"` // "up" or "down"
}
