// Package registry holds subjects, versions, configuration, modes and contexts: it decides, appends and applies.
//
// A request is decided by a pure function of the present View and the request; the outcome is a change, which is appended to
// the Store at the sequence that the decision was based on; a stale append decides again. The View is folded from the changes
// by the same function that replays them at start. Check and write are therefore one act, on one node or on many.
//
// The package knows no HTTP, no SQL, no files, no payloads and no broker. All methods are safe for concurrent use. DESIGN.md
// gives the reasons and the order of locks, FORMAT.md the encoding of changes.
package registry

import (
	"context"
	"sync"

	"github.com/pawl-registry/pawl/schema"
)

// Registry answers for all subjects of one store. Make it with New, end it with Close.
type Registry struct {
	opts   Options
	view   *view
	parser *parser

	turn      chan struct{} // holds one token; whoever takes it may append and apply
	gathering *change       // the parts of a snapshot so far; of whoever has the turn
	mass      mass          // of the changes in the store; of whoever has the turn
	overdue   chan struct{} // wakes compactWhenDue

	waiting queue // registrations, for whoever has the turn
	asking  asker // shares questions for newcomers
	life    context.Context
	stop    context.CancelFunc
	ended   sync.Once
	done    sync.WaitGroup
}

// New replays the store and returns a registry that follows it until Close. ctx bounds the replay only. The store stays the
// caller's to close, after the registry. Errors: ErrStore, ErrCorrupt.
func New(ctx context.Context, o Options) (*Registry, error) {
	o = o.withDefaults()
	r := &Registry{opts: o, view: newView(), parser: newParser(&o), turn: make(chan struct{}, 1), overdue: make(chan struct{}, 1)}
	r.mass.least = o.CompactBytes
	if err := r.replay(ctx); err != nil {
		return nil, storeFault("registry.New", err)
	}
	r.life, r.stop = context.WithCancel(context.Background())
	r.asking = asker{question: func() error { return r.catchUp(r.life) }}
	r.turn <- struct{}{}
	r.done.Go(r.follow)
	r.done.Go(r.compactWhenDue)
	return r, nil
}

// Close ends the follower and waits for it and for a write under way. Calls that wait, and those that come later, fail with
// ErrClosed or answer from what is known.
func (r *Registry) Close() {
	r.ended.Do(func() {
		r.stop()
		r.done.Wait()
		<-r.turn // for good: nobody writes any more
	})
}

// Ready returns nil when the store answers and everything it holds is applied. Errors: ErrStore, ErrTimeout, ErrCorrupt.
func (r *Registry) Ready(ctx context.Context) error {
	if r.life.Err() != nil {
		return closed("registry.Ready")
	}
	return r.asking.ask(ctx)
}

// Formats returns the formats that the registry was opened with.
func (r *Registry) Formats() *schema.Formats { return r.opts.Formats }

// Revision returns the number of the last change that is applied here. It differs after every change.
func (r *Registry) Revision() uint64 { return uint64(r.view.end()) }

func (r *Registry) judge() judge { return judge{view: r.view, parser: r.parser, opts: &r.opts} }

// judgeOf is a judge that tells of its steps, and stops when the context ends.
func (r *Registry) judgeOf(ctx context.Context) judge {
	j := r.judge()
	j.steps, j.gone = r.steps(ctx), ctx.Err
	return j
}

// current makes the view as fresh as the options ask for.
func (r *Registry) current(ctx context.Context) error {
	if r.opts.Reads == Local {
		return nil
	}
	ended := r.steps(ctx).begin(StepCatchUp)
	err := r.Ready(ctx)
	if ended != nil {
		ended(err)
	}
	return err
}
