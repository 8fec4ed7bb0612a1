package kafka

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/quota"
)

// muting is until when a connection is not read from (KIP-219): a client that was told to wait and does not is made to.
type muting struct{ until atomic.Int64 }

func (m *muting) set(wait time.Duration) {
	until := time.Now().Add(wait).UnixNano()
	for old := m.until.Load(); until > old && !m.until.CompareAndSwap(old, until); {
		old = m.until.Load()
	}
}

// wait returns when the connection may be read from; false if ctx ended first.
func (m *muting) wait(ctx context.Context) bool {
	for until := m.until.Load(); until != 0; {
		left := time.Until(time.Unix(0, until))
		if left <= 0 {
			m.until.CompareAndSwap(until, 0)
			return true
		}
		if !sleep(ctx, left) {
			return false
		}
		until = m.until.Load()
	}
	return true
}

// charge counts bytes against the client's quota, mutes the connection if they are too many, and returns for how long.
func (c *conn) charge(k quota.Kind, client string, bytes int) time.Duration {
	a := c.server.opts.Access
	if a == nil {
		return 0
	}
	rate, shared, ok := a.quotas.Load().Find(quota.Client{User: c.user(), ID: client}, k)
	if !ok {
		return 0
	}
	wait := a.meters.Charge(shared, k, rate, bytes, time.Now())
	if wait > 0 {
		c.mute.set(wait)
	}
	return wait
}

// user returns the name of the principal without its type.
func (c *conn) user() string { return c.session.principal[len(userType):] }

// charged counts a Produce and tells the client how long to wait.
func (c *conn) charged(client string, bytes int, finish func(context.Context) (message, error)) func(context.Context) (message, error) {
	wait := c.charge(quota.Produce, client, bytes)
	if wait == 0 {
		return finish
	}
	return func(ctx context.Context) (message, error) {
		m, err := finish(ctx)
		if r, ok := m.(*kmsg.ProduceResponse); ok && r != nil {
			r.ThrottleMillis = millis(wait)
		}
		return m, err
	}
}

// throttled serves a Fetch within the client's quota. One that comes while others have used it up is answered with no topics,
// as Kafka does; one that goes over it is answered in full, and what follows must wait.
func (c *call) throttled(next func(*call) message) message {
	if wait := c.conn.charge(quota.Fetch, c.client, 0); wait > 0 {
		return &fetchAnswer{version: c.version, throttle: millis(wait)}
	}
	m := next(c)
	if a, ok := m.(*fetchAnswer); ok {
		a.throttle = millis(c.conn.charge(quota.Fetch, c.client, a.size))
	}
	return m
}

// millis rounds up, so that who waits as long as told has waited long enough.
func millis(d time.Duration) int32 { return int32((d + time.Millisecond - 1) / time.Millisecond) }
