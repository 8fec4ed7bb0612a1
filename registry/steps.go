package registry

import (
	"context"
	"log/slog"
)

// Trace is told that a step of the request of ctx begins: StepParse, StepCheck, StepAppend or StepCatchUp. What it returns is
// told of the end, by whatever goroutine ends the step, also when the request is over by then; nil wants to know nothing.
// Nobody is told of what was kept from earlier requests.
type Trace func(ctx context.Context, step string) (ended func(err error, about ...slog.Attr))

// The steps of requests that may take long.
const (
	StepParse   = "registry.parse"    // of one text, the schema's or one that it refers to
	StepCheck   = "registry.check"    // of compatibility with the versions that the level asks for
	StepAppend  = "registry.append"   // to the store; registrations that share it are each told of it
	StepCatchUp = "registry.catch_up" // with the store, before a read that must be current
)

// steps tells of the steps of one request. The zero value tells nobody.
type steps struct {
	ctx   context.Context
	trace Trace
}

func (r *Registry) steps(ctx context.Context) steps { return steps{ctx, r.opts.Trace} }

// begin returns what is to be told of the end of a step; nil: nobody listens.
func (s steps) begin(step string) func(error, ...slog.Attr) {
	if s.trace == nil {
		return nil
	}
	return s.trace(s.ctx, step)
}
