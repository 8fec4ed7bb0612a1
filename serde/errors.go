package serde

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/serde/frame"
)

var (
	// ErrOptions is the code of options that contradict each other or miss something.
	ErrOptions = fault.NewCode(fault.Invalid, "serde_options")
	// ErrUnknownSchema is the code of an ID, GUID, subject or text that the registry does not have.
	ErrUnknownSchema = fault.NewCode(fault.NotFound, "unknown_schema")
	// ErrSchema is the code of a registered schema that cannot be used: it does not parse here, a reference is missing, or
	// reader and writer do not resolve.
	ErrSchema = fault.NewCode(fault.Invalid, "unusable_schema")
	// ErrRegistry is the code of a registry that did not answer in time, or answered with a passing failure.
	ErrRegistry = fault.NewCode(fault.Unavailable, "registry_unavailable")

	// How a Validator remembers refusals.
	errNotInSubject = fault.NewCode(fault.Invalid, "schema_not_in_subject")
	errNowhere      = fault.NewCode(fault.Invalid, "schema_in_no_subject")
)

// DecodeError is a record that could not be decoded, with what a consumer needs to set it aside and go on. errors.Is finds
// the code of the reason: those of package frame, ErrUnknownSchema, ErrSchema, ErrRegistry (the only one worth a retry),
// schema.ErrMessageNotFound or schema.ErrPayload.
type DecodeError struct {
	Topic string
	Field Field
	Ref   frame.Ref // the schema that the record names; zero if it was not read
	Data  []byte    // the record's bytes as given; they alias the caller's
	Err   error
}

// Error says which field of which topic failed, and why.
func (e *DecodeError) Error() string {
	if e.Ref == (frame.Ref{}) {
		return fmt.Sprintf("decode %s of topic %q: %v", e.Field, e.Topic, e.Err)
	}
	return fmt.Sprintf("decode %s of topic %q, schema %s: %v", e.Field, e.Topic, e.Ref, e.Err)
}

// Unwrap returns the reason.
func (e *DecodeError) Unwrap() error { return e.Err }

// asked gives the outcome of a call to Schemas one of this package's codes; what names tells which thing was asked for.
func asked(op, what string, err error) error {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return fault.Wrap(ErrUnknownSchema, op, err, "%s is not in the registry", what)
	case fault.Invalid, fault.Conflict, fault.Forbidden:
		return fault.Wrap(codeOr(err, ErrSchema), op, err, "%s: %s", what, reasonOf(err))
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(ErrRegistry, op, err, "the registry did not answer in time when asked for %s", what)
	}
	return fault.Wrap(ErrRegistry, op, err, "the registry could not be asked for %s", what)
}

func codeOr(err error, otherwise *fault.Code) *fault.Code {
	if c := fault.CodeOf(err); c != nil {
		return c
	}
	return otherwise
}

// reasonOf returns the detail for the caller, or the whole text of an error that carries none.
func reasonOf(err error) string {
	if d := fault.DetailOf(err); d != "" {
		return strings.TrimSuffix(d, ".")
	}
	return err.Error()
}

// lasting reports whether asking again soon would give the same answer.
func lasting(err error) bool {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Invalid, fault.Conflict, fault.Forbidden:
		return true
	}
	return false
}
