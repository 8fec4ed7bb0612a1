package registry

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/schema"
)

const (
	// maxBatch and maxBatchBytes bound the registrations that one change holds, by number and by the bytes of their texts. A
	// single registration may be larger.
	maxBatch, maxBatchBytes = 256, 1 << 20
)

// registration is a submission that waits to be decided.
type registration struct {
	ask     func(judge) (Name, Submission, error)
	gone    func() error // of the caller's context
	steps   steps
	done    chan struct{}
	out     outcome
	refusal error // set by a decision

	version Version // the answer, once done is closed
	err     error
}

func (q *registration) decide(j judge) {
	var n Name
	var s Submission
	q.out = outcome{}
	j.gone = q.gone
	if q.refusal = j.left(opRegister); q.refusal != nil {
		return
	}
	if n, s, q.refusal = q.ask(j); q.refusal == nil {
		q.out, q.refusal = j.register(n, s)
	}
}

// writes reports whether the decision adds a version.
func (q *registration) writes() bool { return q.refusal == nil && q.out.existing == nil }

// answer ends a registration that was decided at a time, or failed with err.
func (q *registration) answer(at int64, err error) {
	switch {
	case q.refusal != nil:
		q.err = q.refusal
	case q.out.existing != nil:
		q.version = q.out.existing.Version
	case err != nil:
		q.err = err
	default:
		n := ParseName(q.out.record.Subject)
		q.version = newRow(&q.out.record, at, 0, &subject{name: n, full: n.String()}).Version
	}
	close(q.done)
}

// queue is the registrations that wait.
type queue struct {
	mu   sync.Mutex
	list []*registration
}

func (q *queue) add(r *registration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, r)
}

func (q *queue) take() []*registration {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

// drop forgets a registration whose caller left.
func (q *queue) drop(r *registration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = slices.DeleteFunc(q.list, func(x *registration) bool { return x == r })
}

// register registers what is not known yet. It decides once without the turn, so that schemas are parsed and compared while
// others may write; the decision that counts then finds the outcomes kept. Whoever gets the turn serves all who wait, so that
// many callers share one append.
func (r *Registry) register(ctx context.Context, ask func(judge) (Name, Submission, error)) (Version, error) {
	q := &registration{ask: ask, gone: ctx.Err, steps: r.steps(ctx), done: make(chan struct{})}
	(&registration{ask: ask, gone: ctx.Err}).decide(r.judgeOf(ctx))
	r.waiting.add(q)
	for {
		select {
		case <-q.done:
			return q.version, q.err
		case <-ctx.Done():
			r.waiting.drop(q)
			return Version{}, storeFault(opRegister, ctx.Err())
		case <-r.life.Done():
			return Version{}, closed(opRegister)
		case <-r.turn:
			go r.serve()
		}
	}
}

// serve decides all registrations that wait and passes the turn, which the caller took for it.
func (r *Registry) serve() {
	defer r.passTurn()
	for list := r.waiting.take(); len(list) > 0; {
		list = r.round(list)
	}
}

// round decides registrations and writes those that need it as one change. It answers all but those it returns, which have to
// see what the others wrote. A refusal stands if the log ended where the View does, which a finished append proves.
func (r *Registry) round(list []*registration) []*registration {
	for range maxStale {
		before := r.view.end()
		c, now, later := r.combine(list)
		var failed error
		if !c.empty() {
			ended := beginAppend(now)
			failed = r.append(r.life, before, c)
			ended(failed)
		}
		stale := errors.Is(failed, ErrStale)
		if stale || c.empty() && refused(now) {
			if err := r.catchUpInTurn(r.life); err != nil {
				return fail(list, err)
			}
			if stale || r.view.end() != before {
				continue
			}
		}
		for _, q := range now {
			q.answer(c.Time, storeFault(opRegister, failed))
		}
		return later
	}
	return fail(list, outrun(opRegister))
}

// beginAppend tells of an append that several registrations share, and returns what tells of its end.
func beginAppend(list []*registration) func(error) {
	var all []func(error, ...slog.Attr)
	for _, q := range list {
		if !q.writes() {
			continue
		}
		if ended := q.steps.begin(StepAppend); ended != nil {
			all = append(all, ended)
		}
	}
	return func(err error) {
		for _, ended := range all {
			ended(err, slog.Int("pawl.registry.registrations", len(all)))
		}
	}
}

// fail answers all registrations with a failure.
func fail(list []*registration, err error) []*registration {
	for _, q := range list {
		q.out, q.refusal = outcome{}, storeFault(opRegister, err)
		q.answer(0, nil)
	}
	return nil
}

func refused(list []*registration) bool {
	for _, q := range list {
		if q.refusal != nil {
			return true
		}
	}
	return false
}

// combine decides registrations one after the other as one change. Those that depend on what the change holds have to wait.
func (r *Registry) combine(list []*registration) (c *change, now, later []*registration) {
	c = &change{}
	j := r.judge()
	j.draft = newDraft()
	for _, q := range list {
		if j.draft.full() {
			later = append(later, q)
			continue
		}
		q.decide(j)
		switch {
		case !q.writes():
			now = append(now, q)
		case j.draft.conflicts(&q.out.record):
			later = append(later, q)
		default:
			now = append(now, q)
			j.draft.add(&q.out.record)
			c.Remove = append(c.Remove, q.out.replaced...)
			c.Put = append(c.Put, q.out.record)
		}
	}
	return c, now, later
}

// draft is what a change in the making adds to the View, as far as other registrations in it must know. It holds at most one
// version of a subject and nothing that refers to a subject in it.
type draft struct {
	subjects map[Name]bool
	targets  map[Name]bool // of references
	content  map[draftKey][]*row
	ids      map[ContextID]*row
	last     map[string]schema.ID
	bytes    int
}

type draftKey struct {
	context string
	guid    schema.GUID
}

func newDraft() *draft {
	return &draft{subjects: map[Name]bool{}, targets: map[Name]bool{}, content: map[draftKey][]*row{}, ids: map[ContextID]*row{}, last: map[string]schema.ID{}}
}

func (d *draft) full() bool { return len(d.subjects) >= maxBatch || d.bytes >= maxBatchBytes }

// conflicts reports whether a record touches what the draft changes, or changes what the draft refers to.
func (d *draft) conflicts(r *record) bool {
	n := ParseName(r.Subject)
	if d.subjects[n] || d.targets[n] {
		return true
	}
	for _, ref := range r.References {
		if d.subjects[in(n.Context, ref.Subject)] {
			return true
		}
	}
	return false
}

func (d *draft) add(r *record) {
	n := ParseName(r.Subject)
	x := newRow(r, 0, 0, &subject{name: n, full: r.Subject})
	d.subjects[n] = true
	for _, ref := range r.References {
		d.targets[in(n.Context, ref.Subject)] = true
	}
	key := draftKey{n.Context, x.GUID}
	d.content[key] = append(d.content[key], x)
	d.ids[ContextID{n.Context, x.ID}] = x
	d.last[n.Context] = max(d.last[n.Context], x.ID)
	d.bytes += len(r.Schema)
}

// candidates returns the versions of a context that have a GUID, one for each ID, the ID written last first.
func (j judge) candidates(context string, g schema.GUID) []*row {
	var out []*row
	if j.draft != nil {
		drafted := j.draft.content[draftKey{context, g}]
		for i := len(drafted) - 1; i >= 0; i-- {
			out = append(out, drafted[i])
		}
	}
	ids := j.view.idsOf(context, g)
	for i := len(ids) - 1; i >= 0; i-- {
		if r := j.view.byID(context, ids[i]); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// carrier returns a version of a context that has an ID, or nil.
func (j judge) carrier(context string, id schema.ID) *row {
	if j.draft != nil {
		if r := j.draft.ids[ContextID{context, id}]; r != nil {
			return r
		}
	}
	return j.view.byID(context, id)
}

// lastID returns the highest ID given in a context.
func (j judge) lastID(context string) schema.ID {
	last := j.view.lastID(context)
	if j.draft != nil {
		last = max(last, j.draft.last[context])
	}
	return last
}
