package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// A request begins with its size, and that counts: API key, version, correlation id. The client id follows, then, in flexible
// versions, tags.
const (
	sizeBytes   = 4
	prefixBytes = 8
)

// smallFrame is the size up to which a frame is not charged to the memory of all requests: connections are bounded too.
const smallFrame = 16 << 10

// leastRate is the slowest that a frame may arrive, in bytes a second, beyond the read time-out.
const leastRate = 256 << 10

// frame is a request as it came.
type frame struct {
	api         *api
	version     int16
	correlation int32
	payload     []byte // after the correlation id
	release     func()
}

// errNoFrame marks input that cannot be a request; the connection is of no more use.
var errNoFrame = errors.New("not a request")

// frame reads the next request. It fails on a size or a key that is not served: there is no way to answer it, and no telling
// what follows.
func (c *conn) frame(ctx context.Context) (frame, error) {
	idle := time.Now().Add(c.server.opts.IdleTimeout)
	if !c.session.open {
		idle = c.session.by
	}
	if err := c.net.SetReadDeadline(idle); err != nil {
		return frame{}, err
	}
	if _, err := c.in.Peek(1); err != nil {
		return frame{}, err
	}
	if err := c.net.SetReadDeadline(time.Now().Add(c.server.opts.ReadTimeout)); err != nil {
		return frame{}, err
	}
	size, err := c.size()
	if err != nil {
		return frame{}, err
	}
	var head [prefixBytes]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return frame{}, err
	}
	key := int16(binary.BigEndian.Uint16(head[:]))
	f := frame{version: int16(binary.BigEndian.Uint16(head[2:])), correlation: int32(binary.BigEndian.Uint32(head[4:])), api: c.server.apis[key], release: func() {}}
	switch {
	case f.api == nil:
		return frame{}, fmt.Errorf("%w: API key %d (size %d) is not served", errNoFrame, key, size)
	case c.admits(key) != nil:
		return frame{}, c.admits(key)
	case int64(size) > int64(f.api.limit(c.server)):
		return frame{}, fmt.Errorf("%w: %s of %d bytes; at most %d", errNoFrame, f.api.name, size, f.api.limit(c.server))
	}
	c.server.served[key].Add(1)
	return f, c.payload(ctx, &f, int(size)-prefixBytes)
}

// size reads the size of the next request and refuses at once what no request can have, whatever its key.
func (c *conn) size() (int32, error) {
	var head [sizeBytes]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	if most := max(c.server.opts.MaxRequestBytes, large); size < prefixBytes || int64(size) > int64(most) {
		return 0, fmt.Errorf("%w: size %d; from %d to %d", errNoFrame, size, prefixBytes, most)
	}
	return size, nil
}

// payload reads the rest of a frame into a buffer that is charged to the memory of all requests.
func (c *conn) payload(ctx context.Context, f *frame, size int) error {
	var charge int64
	if size > smallFrame {
		charge = min(int64(size)*f.api.expansion(), c.server.opts.MaxRequestMemory)
		if err := c.server.requests.Acquire(ctx, charge); err != nil {
			return err
		}
	}
	buffer := takeBuffer(size)
	f.payload = buffer.b[:size]
	f.release = func() {
		if charge > 0 {
			c.server.requests.Release(charge)
		}
		if f.api.aliased {
			return // the broker may keep parts of it
		}
		buffer.release()
	}
	allowed := c.server.opts.ReadTimeout + time.Duration(size/leastRate)*time.Second
	if err := c.net.SetReadDeadline(time.Now().Add(allowed)); err != nil {
		f.release()
		return err
	}
	if _, err := io.ReadFull(c.in, f.payload); err != nil {
		f.release()
		return err
	}
	return nil
}

// client cuts the rest of the header off the payload and returns the client's id.
func (f *frame) client(flexible bool) (id string, body []byte, err error) {
	r := wire{rest: f.payload}
	if n := r.int16(); n >= 0 {
		id = string(r.take(int(n)))
	}
	if flexible {
		r.tags()
	}
	if r.bad {
		return "", nil, fmt.Errorf("%w: the header of %s is malformed", errNoFrame, f.api.name)
	}
	return id, r.rest, nil
}
