package registry

import (
	"context"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Registry answers for all subjects of one store. Make it with New, end it with Close.
type Registry struct {
	opts Options
}

var errPending = fault.New(ErrStore, "registry", "not available yet")

// New replays the store and returns a registry that follows it until Close. ctx bounds the replay only. The store stays the
// caller's to close, after the registry.
func New(ctx context.Context, o Options) (*Registry, error) { return &Registry{opts: o}, nil }

// Close ends the follower and waits for it. Calls under way may fail with ErrClosed.
func (r *Registry) Close() {}

// Ready returns nil when the store answers and everything it holds is applied.
func (r *Registry) Ready(ctx context.Context) error { return errPending }

// Formats returns the formats that the registry was opened with.
func (r *Registry) Formats() *schema.Formats { return r.opts.Formats }

// Register registers a schema under a subject, or returns the version that already holds it. The order of judgement is
// Confluent's. Errors: ErrInvalidSubject, ErrInvalidRuleSet, ErrInvalidSchema, ErrSchemaTooLarge, ErrNotPermitted,
// ErrIncompatible (with an *Incompatible in its tree), ErrStore, ErrTimeout.
func (r *Registry) Register(ctx context.Context, s Submission) (Version, error) {
	return Version{}, errPending
}

// Lookup finds a schema among the versions of a subject that f selects (Live or All). A name in the default context falls back
// to the same name in every other context. Errors: ErrInvalidSchema, ErrSubjectNotFound, ErrSchemaNotFound.
func (r *Registry) Lookup(ctx context.Context, s Submission, f Filter) (Version, error) {
	return Version{}, errPending
}

// Compatibility checks a schema against one version, a number or Latest, at the level of the subject. Latest of a subject
// without live versions is compatible. Errors: ErrInvalidVersion, ErrVersionNotFound, ErrInvalidSchema.
func (r *Registry) Compatibility(ctx context.Context, s Submission, version int) (Check, error) {
	return Check{}, errPending
}

// CompatibilityAll checks a schema as Register would. Errors: ErrInvalidSchema.
func (r *Registry) CompatibilityAll(ctx context.Context, s Submission) (Check, error) {
	return Check{}, errPending
}

// Subjects lists the subjects that f selects, in the order of UTF-16 code units. Prefix forms: "" and "foo" are of the default
// context, ":.ctx:" and ":.ctx:foo" of that context, ":*:" and ":*:foo" of all.
func (r *Registry) Subjects(ctx context.Context, prefix string, f Filter) ([]string, error) {
	return nil, errPending
}

// Versions lists the version numbers of a subject that f selects, ascending. Error: ErrSubjectNotFound, when the subject has
// no live version (Live) or no version at all (All, DeletedOnly).
func (r *Registry) Versions(ctx context.Context, subject string, f Filter) ([]int, error) {
	return nil, errPending
}

// SignedVersions lists all versions of a subject ascending by absolute value, soft-deleted ones negated. must is what the
// subject needs to be found: Live asks for a live version, All for any.
func (r *Registry) SignedVersions(ctx context.Context, subject string, must Filter) ([]int, error) {
	return nil, errPending
}

// Version returns one version: a number, or Latest. f is Live or All. A name in the default context falls back to the same
// name in other contexts. Errors: ErrInvalidVersion, ErrSubjectNotFound, ErrVersionNotFound.
func (r *Registry) Version(ctx context.Context, subject string, version int, f Filter) (Version, error) {
	return Version{}, errPending
}

// ByID returns a version that has an ID, live ones first, soft-deleted ones included. The subject chooses the context: "" is
// the default one, ":.ctx:" that one, ":.ctx:name" asks for exactly that subject, and a bare name is tried in the default
// context, then in every other, and then ignored. Error: ErrSchemaNotFound.
func (r *Registry) ByID(ctx context.Context, subject string, id schema.ID) (Version, error) {
	return Version{}, errPending
}

// MaxID returns the highest ID given so far in the context of a subject name; 0 if there is none.
func (r *Registry) MaxID(ctx context.Context, subject string) (schema.ID, error) {
	return 0, errPending
}

// SubjectsOfID lists the subjects that have a version with the ID which f selects (Live or All), sorted. The subject chooses
// the context as in ByID. Error: ErrSchemaNotFound.
func (r *Registry) SubjectsOfID(ctx context.Context, subject string, id schema.ID, f Filter) ([]string, error) {
	return nil, errPending
}

// VersionsOfID is SubjectsOfID with the version number: the most recently written one of each subject.
func (r *Registry) VersionsOfID(ctx context.Context, subject string, id schema.ID, f Filter) ([]Place, error) {
	return nil, errPending
}

// ByGUID returns a version with that content, from the default context if it has one. Error: ErrSchemaNotFound.
func (r *Registry) ByGUID(ctx context.Context, guid schema.GUID) (Version, error) {
	return Version{}, errPending
}

// IDsOfGUID lists the IDs of a content, sorted by context and ID. Unknown content has none.
func (r *Registry) IDsOfGUID(ctx context.Context, guid schema.GUID) ([]ContextID, error) {
	return nil, errPending
}

// ReferencedBy lists the IDs of the schemas that directly refer to a version (a number or Latest; it may be soft-deleted), by
// context and ID of the referrer. f selects the referrers (Live or All). Errors: as Version.
func (r *Registry) ReferencedBy(ctx context.Context, subject string, version int, f Filter) ([]schema.ID, error) {
	return nil, errPending
}

// LatestWithMetadata returns the highest version whose metadata has all the properties. A version without metadata never
// matches. Errors: ErrSubjectNotFound, ErrSchemaNotFound.
func (r *Registry) LatestWithMetadata(ctx context.Context, subject string, properties map[string]string, f Filter) (Version, error) {
	return Version{}, errPending
}

// List returns the selected versions by subject (in the order of UTF-16 code units), then by number.
func (r *Registry) List(ctx context.Context, s Selection) ([]Listed, error) { return nil, errPending }

// DeleteSubject deletes the versions of a subject and returns their numbers, ascending. Errors: ErrSubjectNotFound,
// ErrSubjectSoftDeleted, ErrNotPermitted, ErrReferenceExists, ErrSubjectNotSoftDeleted.
func (r *Registry) DeleteSubject(ctx context.Context, subject string, d Deletion) ([]int, error) {
	return nil, errPending
}

// DeleteVersion deletes one version (a number or Latest) and returns its number. Errors: ErrInvalidVersion,
// ErrVersionSoftDeleted, ErrSubjectNotFound, ErrVersionNotFound, ErrNotPermitted, ErrReferenceExists,
// ErrVersionNotSoftDeleted.
func (r *Registry) DeleteVersion(ctx context.Context, subject string, version int, d Deletion) (int, error) {
	return 0, errPending
}

// Config returns what is stored for exactly this name: a subject, ":.ctx:" for a context, "" or ":.:" for the registry, or
// ":.__GLOBAL:" for all contexts. The last two answer with the server's default when nothing is stored; others fail with
// ErrNoSubjectConfig.
func (r *Registry) Config(ctx context.Context, name string) (Config, error) {
	return Config{}, errPending
}

// EffectiveConfig returns what is in force for a name; it never fails for lack of a configuration.
func (r *Registry) EffectiveConfig(ctx context.Context, name string) (Config, error) {
	return Config{}, errPending
}

// SetConfig changes what is stored for a name, field by field, and returns all that is stored then. Errors: ErrInvalidLevel,
// ErrInvalidRuleSet, ErrInvalidSubject, ErrNotPermitted.
func (r *Registry) SetConfig(ctx context.Context, name string, u ConfigUpdate) (Config, error) {
	return Config{}, errPending
}

// DeleteConfig removes what is stored for a name and returns it. Errors: ErrSubjectNotFound when nothing is stored (subjects
// and contexts only), ErrNotPermitted.
func (r *Registry) DeleteConfig(ctx context.Context, name string) (Config, error) {
	return Config{}, errPending
}

// Mode returns the mode stored for exactly this name, which is as in Config. Error: ErrNoSubjectMode (subjects and contexts
// only).
func (r *Registry) Mode(ctx context.Context, name string) (Mode, error) { return "", errPending }

// EffectiveMode returns the mode in force for a name.
func (r *Registry) EffectiveMode(ctx context.Context, name string) (Mode, error) {
	return "", errPending
}

// ParseMode reads a mode in any case. Error: ErrInvalidMode.
func ParseMode(text string) (Mode, error) { return Mode(text), nil }

// SetMode stores a mode for a name; the empty mode clears it. Import over live versions needs force. Errors: ErrInvalidMode,
// ErrInvalidSubject, ErrNotPermitted, ErrReferenceExists.
func (r *Registry) SetMode(ctx context.Context, name string, m ModeUpdate) error { return errPending }

// ModeUpdate is a change of mode.
type ModeUpdate struct {
	Mode  Mode // empty clears
	Force bool // Import even over live versions
}

// DeleteMode removes the mode stored for a name and returns it; it is empty when only subjects below had one. Errors:
// ErrSubjectNotFound when nothing is stored and the extent is Exactly (subjects and contexts only), ErrNotPermitted.
func (r *Registry) DeleteMode(ctx context.Context, name string, e Extent) (Mode, error) {
	return "", errPending
}

// Contexts lists the contexts whose name, such as ".prod", has the prefix: the default one first, then sorted.
func (r *Registry) Contexts(ctx context.Context, prefix string) ([]string, error) {
	return nil, errPending
}

// DeleteContext forgets an empty context, given as "ctx", ".ctx" or ":.ctx:". An unknown one is no error. Error:
// ErrContextNotEmpty.
func (r *Registry) DeleteContext(ctx context.Context, name string) error { return errPending }

// EditTags registers a live version anew with other inline tags. Errors: as Version and Register.
func (r *Registry) EditTags(ctx context.Context, subject string, version int, e TagEdit) (Version, error) {
	return Version{}, errPending
}

// Tags returns the inline tags of a version that are among names; "*" is all of them.
func (r *Registry) Tags(ctx context.Context, v Version, names []string) ([]schema.EntityTags, error) {
	return nil, errPending
}

// Resolve returns the subject that a name stands for: the target of its alias, once, or the name itself in its usual form.
func (r *Registry) Resolve(ctx context.Context, subject string) (string, error) {
	return "", errPending
}

// Schema returns the parsed schema of a version. It is shared: schemas are immutable.
func (r *Registry) Schema(ctx context.Context, v Version) (schema.Schema, error) {
	return nil, errPending
}

// Render returns the text of a version in a style of its format; the empty and the unknown style give the canonical text.
func (r *Registry) Render(ctx context.Context, v Version, style string) (string, error) {
	return "", errPending
}

// QualifiedReferences returns the references of v with the context of v put before subjects that name none.
func (v Version) QualifiedReferences() []schema.Reference { return v.References }

// ParseGUID reads 32 hex digits, with or without the usual dashes.
func ParseGUID(text string) (schema.GUID, bool) { return schema.GUID{}, false }

// Messages renders a check as Confluent's list of compatibility messages. It is never nil, and empty when compatible.
func (c Check) Messages() []string { return []string{} }
