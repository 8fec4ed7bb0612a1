package registry

import (
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
)

// The codes of everything a registry refuses. Details are worded as Confluent Schema Registry words them, so that edges print
// them as they are.
var (
	ErrSubjectNotFound       = fault.NewCode(fault.NotFound, "subject_not_found")
	ErrVersionNotFound       = fault.NewCode(fault.NotFound, "version_not_found")
	ErrSchemaNotFound        = fault.NewCode(fault.NotFound, "schema_not_found")
	ErrSubjectSoftDeleted    = fault.NewCode(fault.NotFound, "subject_soft_deleted")
	ErrSubjectNotSoftDeleted = fault.NewCode(fault.NotFound, "subject_not_soft_deleted")
	ErrVersionSoftDeleted    = fault.NewCode(fault.NotFound, "version_soft_deleted")
	ErrVersionNotSoftDeleted = fault.NewCode(fault.NotFound, "version_not_soft_deleted")
	ErrNoSubjectConfig       = fault.NewCode(fault.NotFound, "no_subject_config")
	ErrNoSubjectMode         = fault.NewCode(fault.NotFound, "no_subject_mode")

	// ErrIncompatible is a schema that breaks the compatibility level. The error's tree holds an *Incompatible.
	ErrIncompatible = fault.NewCode(fault.Conflict, "incompatible_schema")

	// ErrInvalidSchema is a schema that cannot be registered as it stands: text, format, references or version order. The
	// format's own error, with code schema.ErrInvalid, is its cause.
	ErrInvalidSchema = fault.NewCode(fault.Invalid, "schema_refused")
	// ErrInvalidVersion is a version number out of range.
	ErrInvalidVersion = fault.NewCode(fault.Invalid, "invalid_version")
	// ErrInvalidLevel is a text that is no compatibility level.
	ErrInvalidLevel = fault.NewCode(fault.Invalid, "invalid_compatibility_level")
	// ErrInvalidMode is a text that is no mode, or a mode where it may not be.
	ErrInvalidMode = fault.NewCode(fault.Invalid, "invalid_mode")
	// ErrNotPermitted is an operation that the mode in force, or the server's settings, do not allow.
	ErrNotPermitted = fault.NewCode(fault.Forbidden, "operation_not_permitted")
	// ErrReferenceExists is a deletion of what other schemas refer to.
	ErrReferenceExists = fault.NewCode(fault.Conflict, "reference_exists")
	// ErrInvalidSubject is a name that may not be used for a subject.
	ErrInvalidSubject = fault.NewCode(fault.Invalid, "invalid_subject")
	// ErrSchemaTooLarge is a schema beyond Options.MaxSchemaBytes.
	ErrSchemaTooLarge = fault.NewCode(fault.Invalid, "schema_too_large")
	// ErrInvalidRuleSet is a rule set that breaks the rules for rules.
	ErrInvalidRuleSet = fault.NewCode(fault.Invalid, "invalid_rule_set")
	// ErrContextNotEmpty is the deletion of a context that still holds versions.
	ErrContextNotEmpty = fault.NewCode(fault.Conflict, "context_not_empty")

	ErrAssociationNotFound = fault.NewCode(fault.NotFound, "association_not_found")
	ErrAssociationExists   = fault.NewCode(fault.Conflict, "association_exists_for_resource")
	ErrSubjectAssociated   = fault.NewCode(fault.Conflict, "association_exists_for_subject")
	ErrStronglyAssociated  = fault.NewCode(fault.Conflict, "strong_association_exists")
	ErrNoActiveVersion     = fault.NewCode(fault.Conflict, "no_active_version")
	ErrAssociationFrozen   = fault.NewCode(fault.Conflict, "association_frozen")
	ErrInvalidAssociation  = fault.NewCode(fault.Invalid, "invalid_association")

	ErrKeyNotFound       = fault.NewCode(fault.NotFound, "key_not_found")
	ErrKeyNotSoftDeleted = fault.NewCode(fault.NotFound, "key_not_soft_deleted")
	// ErrKeySoftDeleted is a dek that cannot come back before its kek.
	ErrKeySoftDeleted = fault.NewCode(fault.NotFound, "key_soft_deleted")
	ErrKeyExists      = fault.NewCode(fault.Conflict, "key_exists")
	// ErrTooManyKeys is a key beyond Options.MaxKeys.
	ErrTooManyKeys = fault.NewCode(fault.Conflict, "too_many_keys")
	ErrInvalidKey  = fault.NewCode(fault.Invalid, "invalid_key")
	// ErrKeyReferenced is the deletion of a kek under which there are deks.
	ErrKeyReferenced = fault.NewCode(fault.Conflict, "key_referenced")
	// ErrKMS is a KMS that failed, or is missing; ErrKMSDenied one that refused.
	ErrKMS       = fault.NewCode(fault.Unavailable, "kms_failed")
	ErrKMSDenied = fault.NewCode(fault.Forbidden, "kms_denied")

	// ErrTimeout is a call whose context ended, or that lost to other writers too often, before it was decided.
	ErrTimeout = fault.NewCode(fault.Unavailable, "operation_timed_out")
	// ErrClosed is a call on a registry that was closed.
	ErrClosed = fault.NewCode(fault.Unavailable, "registry_closed")
	// ErrCorrupt is a store that holds what this program cannot read.
	ErrCorrupt = fault.NewCode(fault.Internal, "corrupt_change")
)

// Incompatible is the cause of ErrIncompatible.
type Incompatible struct {
	Subject string
	Check   Check
}

// Error says which subject refused a schema.
func (e *Incompatible) Error() string { return "incompatible with an earlier schema of " + e.Subject }

// detail is the message of Confluent Schema Registry. A small schema can differ in very many places: those that do not fit into
// maxDetail bytes are counted and not told; a check tells all of them.
func (e *Incompatible) detail() string {
	var told []string
	size, omitted := 0, 0
	for _, m := range e.Check.Messages() {
		if size += len(m); size > maxDetail && strings.HasPrefix(m, "{errorType:") {
			omitted++
			continue
		}
		told = append(told, m)
	}
	if omitted > 0 {
		told = append(told, "{omitted: '"+strconv.Itoa(omitted)+" more differences'}")
	}
	return "Schema being registered is incompatible with an earlier schema for subject \"" + e.Subject + "\", details: [" + strings.Join(told, ", ") + "]"
}

// maxDetail bounds the differences in the message of a refusal.
const maxDetail = 32 << 10
