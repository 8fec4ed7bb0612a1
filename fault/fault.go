// Package fault says what went wrong in terms a program can match.
//
// A [Code] is a package variable of the package that owns the failure; it works with [errors.Is]. An [Error] carries a code,
// the operation that failed, a detail for the caller and a cause for the log. The package knows no HTTP status and no Kafka
// error number: each edge (registry/rest, broker/kafka, client, cmd) owns one table from codes to its own numbers.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the coarse class of a failure. It survives wrapping and decides what an edge does with a code it has no entry for.
type Kind uint8

const (
	// Internal is a defect or a fault of the machine; its text is for the log, never for the caller. It is the kind of any
	// error that carries no code.
	Internal Kind = iota
	// Invalid is input that can never succeed as it stands.
	Invalid
	// NotFound names something that does not exist.
	NotFound
	// Conflict is valid input that the present state refuses.
	Conflict
	// Forbidden is a request that the caller, or the mode in force, may not make.
	Forbidden
	// Unavailable is a passing failure: the same request may succeed later.
	Unavailable
)

var kindNames = [...]string{"internal", "invalid", "not_found", "conflict", "forbidden", "unavailable"}

// String returns the kind in lower case, for logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Code identifies one failure. Codes are compared by identity; make each once, as a package variable.
type Code struct {
	kind Kind
	name string
}

// NewCode returns a new code. The name is lower_snake_case, stable, and fit for logs and metrics.
func NewCode(kind Kind, name string) *Code { return &Code{kind: kind, name: name} }

// Kind returns the class of the failure.
func (c *Code) Kind() Kind { return c.kind }

// Name returns the stable name of the failure.
func (c *Code) Name() string { return c.name }

// Error makes a Code a target for [errors.Is].
func (c *Code) Error() string { return c.name }

// Error is a failure with its code.
type Error struct {
	Code   *Code  // never nil
	Op     string // "registry.Register"
	Detail string // for the caller: names the place and the remedy
	Err    error  // for the log; may be nil
}

// New returns an error with a detail for the caller.
func New(code *Code, op, format string, args ...any) *Error {
	return &Error{Code: code, Op: op, Detail: fmt.Sprintf(format, args...)}
}

// Wrap returns an error that keeps err as its cause. An empty format leaves the detail empty.
func Wrap(code *Code, op string, err error, format string, args ...any) *Error {
	return &Error{Code: code, Op: op, Detail: fmt.Sprintf(format, args...), Err: err}
}

// Error returns op, detail and cause in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	if e.Detail != "" {
		b.WriteString(e.Detail)
	} else {
		b.WriteString(e.Code.name)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap exposes the code and the cause to [errors.Is] and [errors.As].
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Err}
}

// CodeOf returns the outermost code in err's tree, or nil.
func CodeOf(err error) *Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if c, ok := errors.AsType[*Code](err); ok {
		return c
	}
	return nil
}

// KindOf returns the kind of the outermost code in err's tree, or Internal.
func KindOf(err error) Kind {
	if c := CodeOf(err); c != nil {
		return c.kind
	}
	return Internal
}

// DetailOf returns the outermost detail for the caller, or the empty string. It never returns text meant for the log.
func DetailOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Detail
	}
	return ""
}
