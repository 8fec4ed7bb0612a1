package cli

import (
	"context"
	"errors"
	"io/fs"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// The exit statuses. They are part of the interface: scripts depend on them.
const (
	Fine        = 0 // done
	Findings    = 1 // incompatible or invalid schemas, records that do not fit, failed expectations
	Usage       = 2 // a mistake in the command line, the environment or a file named there
	Pending     = 3 // changes are pending
	Unavailable = 4 // the registry or the broker is unreachable, or refused
)

var (
	// ErrUsage is the code of a mistake in flags, arguments, environment or a local file.
	ErrUsage = fault.NewCode(fault.Invalid, "usage")
	// ErrFindings is the code of a command that did its work and found what it was asked to look for. Its detail may be empty:
	// the findings were printed already.
	ErrFindings = fault.NewCode(fault.Invalid, "findings")
	// ErrPending is the code of a command that was asked whether there is something to do, and said what.
	ErrPending = fault.NewCode(fault.Invalid, "pending")
	// ErrServer is the code of a server that cannot start, or stopped by itself.
	ErrServer = fault.NewCode(fault.Unavailable, "server")
	// ErrOutput is the code of standard output that takes nothing more.
	ErrOutput = fault.NewCode(fault.Invalid, "output")
	// ErrBroker is the code of a broker that is unreachable or refused.
	ErrBroker = fault.NewCode(fault.Unavailable, "broker")
)

// statuses holds the codes whose kind does not decide the status.
var statuses = []struct {
	code   *fault.Code
	status int
}{
	{ErrUsage, Usage},
	{ErrFindings, Findings},
	{ErrPending, Pending},
	{client.ErrIncompatible, Findings},
	{schema.ErrInvalid, Findings},
	{schema.ErrPayload, Findings},
	{schema.ErrMessageNotFound, Findings},
}

// Status returns the exit status of an error. Errors without a code come from the parser of the command line.
func Status(err error) int {
	if err == nil {
		return Fine
	}
	for _, s := range statuses {
		if errors.Is(err, s.code) {
			return s.status
		}
	}
	if fault.CodeOf(err) != nil {
		return ofKind(fault.KindOf(err))
	}
	if refused(err) {
		return Unavailable
	}
	return Usage
}

func ofKind(k fault.Kind) int {
	if k == fault.Invalid {
		return Usage
	}
	return Unavailable
}

func refused(err error) bool {
	var op *net.OpError
	var ke *kerr.Error
	return errors.As(err, &op) || errors.As(err, &ke) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Usagef returns an error of status Usage.
func Usagef(format string, args ...any) error { return fault.New(ErrUsage, "pawl", format, args...) }

// File returns the error of a local file that cannot be read, naming it.
func File(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fault.Wrap(ErrUsage, "pawl", err, "%s: %v", p.Path, p.Err)
	}
	return fault.Wrap(ErrUsage, "pawl", err, "%v", err)
}

// Message returns what to print for an error: what happened and what to do, without the names of internal operations. It is
// empty if everything was said already.
func Message(err error) string {
	if errors.Is(err, ErrFindings) || errors.Is(err, ErrPending) {
		return fault.DetailOf(err)
	}
	if errors.Is(err, client.ErrUnreachable) {
		return fault.DetailOf(err) + "; is it running? start one with `pawl serve`, or name another with --registry or PAWL_REGISTRY"
	}
	if errors.Is(err, client.ErrUnauthorized) {
		return fault.DetailOf(err) + "; set PAWL_REGISTRY_USER and PAWL_REGISTRY_PASSWORD, or PAWL_REGISTRY_TOKEN"
	}
	if d := fault.DetailOf(err); d != "" {
		return d
	}
	return err.Error()
}
