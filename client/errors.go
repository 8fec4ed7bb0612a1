package client

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// What the client itself finds wrong.
var (
	// ErrConfig is an Options that cannot work.
	ErrConfig = fault.NewCode(fault.Invalid, "client_config")
	// ErrCanceled is a call whose context ended.
	ErrCanceled = fault.NewCode(fault.Unavailable, "client_canceled")
	// ErrUnreachable is a registry that does not answer at any of its URLs.
	ErrUnreachable = fault.NewCode(fault.Unavailable, "registry_unreachable")
	// ErrBadResponse is an answer that no registry gives, as when something else listens at the URL.
	ErrBadResponse = fault.NewCode(fault.Unavailable, "bad_response")
)

// What a registry answers, by the numbers of its error bodies.
var (
	ErrSubjectNotFound       = fault.NewCode(fault.NotFound, "subject_not_found")               // 40401
	ErrVersionNotFound       = fault.NewCode(fault.NotFound, "version_not_found")               // 40402
	ErrSchemaNotFound        = fault.NewCode(fault.NotFound, "schema_not_found")                // 40403
	ErrSubjectSoftDeleted    = fault.NewCode(fault.NotFound, "subject_soft_deleted")            // 40404
	ErrSubjectNotSoftDeleted = fault.NewCode(fault.NotFound, "subject_not_soft_deleted")        // 40405
	ErrVersionSoftDeleted    = fault.NewCode(fault.NotFound, "version_soft_deleted")            // 40406
	ErrVersionNotSoftDeleted = fault.NewCode(fault.NotFound, "version_not_soft_deleted")        // 40407
	ErrNoSubjectConfig       = fault.NewCode(fault.NotFound, "no_subject_config")               // 40408
	ErrNoSubjectMode         = fault.NewCode(fault.NotFound, "no_subject_mode")                 // 40409
	ErrIncompatible          = fault.NewCode(fault.Conflict, "incompatible_schema")             // 40901
	ErrInvalidVersion        = fault.NewCode(fault.Invalid, "invalid_version")                  // 42202
	ErrInvalidLevel          = fault.NewCode(fault.Invalid, "invalid_compatibility_level")      // 42203
	ErrInvalidMode           = fault.NewCode(fault.Invalid, "invalid_mode")                     // 42204
	ErrNotPermitted          = fault.NewCode(fault.Forbidden, "operation_not_permitted")        // 42205
	ErrReferenceExists       = fault.NewCode(fault.Conflict, "reference_exists")                // 42206
	ErrInvalidSubject        = fault.NewCode(fault.Invalid, "invalid_subject")                  // 42208
	ErrSchemaTooLarge        = fault.NewCode(fault.Invalid, "schema_too_large")                 // 42209
	ErrInvalidRuleSet        = fault.NewCode(fault.Invalid, "invalid_rule_set")                 // 42210
	ErrContextNotEmpty       = fault.NewCode(fault.Conflict, "context_not_empty")               // 42211
	ErrAssociationNotFound   = fault.NewCode(fault.NotFound, "association_not_found")           // 40410
	ErrAssociationExists     = fault.NewCode(fault.Conflict, "association_exists_for_resource") // 40903
	ErrSubjectAssociated     = fault.NewCode(fault.Conflict, "association_exists_for_subject")  // 40904
	ErrStronglyAssociated    = fault.NewCode(fault.Conflict, "strong_association_exists")       // 40905
	ErrNoActiveVersion       = fault.NewCode(fault.Conflict, "no_active_version")               // 40907
	ErrAssociationFrozen     = fault.NewCode(fault.Conflict, "association_frozen")              // 40908
	ErrInvalidAssociation    = fault.NewCode(fault.Invalid, "invalid_association")              // 42212
	ErrKMSDenied             = fault.NewCode(fault.Forbidden, "kms_denied")                     // 40370
	ErrKeyNotFound           = fault.NewCode(fault.NotFound, "key_not_found")                   // 40470
	ErrKeyNotSoftDeleted     = fault.NewCode(fault.NotFound, "key_not_soft_deleted")            // 40471
	ErrKeySoftDeleted        = fault.NewCode(fault.NotFound, "key_soft_deleted")                // 40472
	ErrKeyExists             = fault.NewCode(fault.Conflict, "key_exists")                      // 40971
	ErrTooManyKeys           = fault.NewCode(fault.Conflict, "too_many_keys")                   // 40972
	ErrInvalidKey            = fault.NewCode(fault.Invalid, "invalid_key")                      // 42271
	ErrKeyReferenced         = fault.NewCode(fault.Conflict, "key_referenced")                  // 42272
	ErrKMS                   = fault.NewCode(fault.Unavailable, "kms_failed")                   // 50070
	ErrStore                 = fault.NewCode(fault.Unavailable, "registry_store_failed")        // 50001
	ErrTimeout               = fault.NewCode(fault.Unavailable, "registry_timed_out")           // 50002
	ErrNoLeader              = fault.NewCode(fault.Unavailable, "registry_without_leader")      // 50003, 50004
	ErrNotServed             = fault.NewCode(fault.NotFound, "not_served")                      // 404, 405, 406, 415
	ErrUnauthorized          = fault.NewCode(fault.Forbidden, "unauthorized")                   // 401, 403
	ErrBadRequest            = fault.NewCode(fault.Invalid, "bad_request")                      // other 4xx
	ErrConflict              = fault.NewCode(fault.Conflict, "conflict")                        // other 409
	ErrServer                = fault.NewCode(fault.Unavailable, "registry_failed")              // 408, 429, other 5xx
)

// numbers maps the error_code of an error body to a code. 42201 covers text, references and version order alike.
var numbers = map[int]*fault.Code{
	40401: ErrSubjectNotFound,
	40402: ErrVersionNotFound,
	40403: ErrSchemaNotFound,
	40404: ErrSubjectSoftDeleted,
	40405: ErrSubjectNotSoftDeleted,
	40406: ErrVersionSoftDeleted,
	40407: ErrVersionNotSoftDeleted,
	40408: ErrNoSubjectConfig,
	40409: ErrNoSubjectMode,
	409:   ErrIncompatible, // what servers before 40901 sent
	40901: ErrIncompatible,
	42201: schema.ErrInvalid,
	42202: ErrInvalidVersion,
	42203: ErrInvalidLevel,
	42204: ErrInvalidMode,
	42205: ErrNotPermitted,
	42206: ErrReferenceExists,
	42208: ErrInvalidSubject,
	42209: ErrSchemaTooLarge,
	42210: ErrInvalidRuleSet,
	42211: ErrContextNotEmpty,
	40410: ErrAssociationNotFound,
	40903: ErrAssociationExists,
	40904: ErrSubjectAssociated,
	40905: ErrStronglyAssociated,
	40907: ErrNoActiveVersion,
	40908: ErrAssociationFrozen,
	42212: ErrInvalidAssociation,
	40370: ErrKMSDenied,
	40470: ErrKeyNotFound,
	40471: ErrKeyNotSoftDeleted,
	40472: ErrKeySoftDeleted,
	40971: ErrKeyExists,
	40972: ErrTooManyKeys,
	42271: ErrInvalidKey,
	42272: ErrKeyReferenced,
	50070: ErrKMS,
	50001: ErrStore,
	50002: ErrTimeout,
	50003: ErrNoLeader,
	50004: ErrNoLeader,
}

// StatusError is what a server answered instead of success.
type StatusError struct {
	URL     string // of the server
	Status  int    // of HTTP
	Number  int    // error_code of the body; 0 if the body was no error body
	Message string // of the body, or an excerpt of it
}

// Error says who answered what.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered HTTP %d, error %d: %s", e.URL, e.Status, e.Number, e.Message)
}

func statusError(s server, op string, status int, text []byte) error {
	var body openapi.Error
	if err := json.Unmarshal(text, &body); err != nil || body.ErrorCode == 0 {
		e := &StatusError{URL: s.base, Status: status, Message: excerpt(text)}
		return fault.Wrap(codeOf(status, 0), op, e, "%s answered HTTP %d without an error of a schema registry: %s", s.base, status, excerpt(text))
	}
	e := &StatusError{URL: s.base, Status: status, Number: body.ErrorCode, Message: body.Message}
	return fault.Wrap(codeOf(status, body.ErrorCode), op, e, "%s", body.Message)
}

// codeOf returns the code of an error number, or the code that stands for its status.
func codeOf(status, number int) *fault.Code {
	if code := numbers[number]; code != nil {
		return code
	}
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return ErrNotServed
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrUnauthorized
	case http.StatusConflict:
		return ErrConflict
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return ErrServer
	}
	switch {
	case status >= 500:
		return ErrServer
	case status >= 400:
		return ErrBadRequest
	}
	return ErrBadResponse
}
