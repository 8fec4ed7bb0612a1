package serde

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// lease is the latest version of a subject, for a while. Its readers look at two atomics and never wait: when the time is over
// the first of them starts a renewal in the background and all go on with what is known.
type lease struct {
	subject  string
	current  atomic.Pointer[Resolved]
	over     atomic.Bool // set by a timer, cleared by the renewal
	renewing atomic.Bool
	gone     atomic.Bool // the registry said that the subject has no live version any more
}

// Latest returns the newest live version of a qualified subject, at most Options.LatestTTL old unless the registry is silent.
func (r *Resolver) Latest(ctx context.Context, subject string) (*Resolved, error) {
	l, err := r.lease(ctx, subject)
	if err != nil {
		return nil, err
	}
	return r.read(ctx, l), nil
}

// lease returns the lease of a subject, taking one out if there is none.
func (r *Resolver) lease(ctx context.Context, subject string) (*lease, error) {
	return r.latest.get(ctx, subject, func(ctx context.Context) (*lease, error) {
		res, err := r.fetchLatest(ctx, subject)
		if err != nil {
			return nil, err
		}
		l := &lease{subject: subject}
		l.current.Store(res)
		r.arm(l, r.options.LatestTTL)
		return l, nil
	})
}

// read returns what the lease holds and sees to its renewal.
func (r *Resolver) read(ctx context.Context, l *lease) *Resolved {
	if l.over.Load() && l.renewing.CompareAndSwap(false, true) {
		go r.renew(context.WithoutCancel(ctx), l)
	}
	return l.current.Load()
}

func (r *Resolver) renew(ctx context.Context, l *lease) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	res, err := r.fetchLatest(ctx, l.subject)
	next := r.options.LatestTTL
	switch {
	case err == nil && res.ID == l.current.Load().ID: // the same: plans built on the old value stay good
	case err == nil:
		l.current.Store(res)
	case fault.KindOf(err) == fault.NotFound:
		l.gone.Store(true)
		r.latest.known.drop(l.subject)
	default:
		next = min(next, r.options.NegativeTTL)
	}
	l.over.Store(false)
	l.renewing.Store(false)
	r.arm(l, next)
}

// arm sets the time at which the lease is over, up to a tenth early so that leases taken out together do not end together.
func (r *Resolver) arm(l *lease, d time.Duration) {
	if l.gone.Load() {
		return
	}
	early := time.Duration(maphash.String(r.seed, l.subject) % uint64(d/10+1))
	time.AfterFunc(d-early, func() { l.over.Store(true) })
}

func (r *Resolver) fetchLatest(ctx context.Context, subject string) (*Resolved, error) {
	reg, err := r.schemas.Latest(ctx, subject)
	if err != nil {
		return nil, asked("serde.Resolver.Latest", fmt.Sprintf("the latest version of subject %q", subject), err)
	}
	reg.Subject = subject
	return r.parse(ctx, "", reg)
}
