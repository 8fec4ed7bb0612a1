package kafka

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"time"
)

// queued is how many requests of one connection may be in flight.
const queued = 64

// conn is one client's connection.
type conn struct {
	server *Server
	net    net.Conn
	in     *bufio.Reader
	host   string // of the client, as DescribeGroups shows it
	queue  chan task
	out    []byte // reused by the worker from answer to answer

	session session
	mute    muting
}

// message is what a response can do.
type message interface {
	AppendTo(dst []byte) []byte
}

// task is a request in its connection's queue.
type task struct {
	correlation int32
	flexible    bool // the header of the response has tags
	// finish does the work that is left and returns the response, or nil if the client wants none.
	finish  func(ctx context.Context) (message, error)
	release func() // after the response was written or given up
	last    error  // why the connection ends after the response; nil: it does not
}

func newConn(s *Server, nc net.Conn) *conn {
	host, _, err := net.SplitHostPort(nc.RemoteAddr().String())
	if err != nil {
		host = nc.RemoteAddr().String()
	}
	return &conn{server: s, net: nc, in: bufio.NewReaderSize(nc, 16<<10), host: "/" + host, queue: make(chan task, queued)}
}

// serve runs the connection until the client goes, it misbehaves, or ctx ends.
func (c *conn) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { closeQuietly(c.net) })
	defer stop()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		c.report(c.guard(func() error { return c.work(ctx) }))
		cancel()                 // which ends the reader
		for t := range c.queue { // until the reader closes it
			t.release()
		}
	}()
	err := c.guard(func() error { return c.read(ctx) })
	if ctx.Err() == nil {
		c.report(err)
	}
	cancel()
	close(c.queue)
	<-worked
	closeQuietly(c.net)
}

// guard turns a panic of f into an error: a defect met by one request must not end the others.
func (c *conn) guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return f()
}

// report logs why a connection ends, unless the client simply went.
func (c *conn) report(err error) {
	var ne net.Error
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled):
	case errors.Is(err, errOver):
		c.server.logger.Debug("connection closed", "remote", c.net.RemoteAddr().String(), "error", err)
	case errors.As(err, &ne):
		c.server.logger.Debug("connection lost", "remote", c.net.RemoteAddr().String(), "error", err)
	default:
		c.server.logger.Warn("connection closed", "remote", c.net.RemoteAddr().String(), "error", err)
	}
}

// read takes frames off the socket and queues their tasks.
func (c *conn) read(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	for {
		t, err := c.next(ctx)
		if err != nil {
			return err
		}
		select {
		case c.queue <- t:
		case <-ctx.Done():
			t.release()
			return nil
		}
		if t.last != nil {
			<-ctx.Done() // until the worker has answered
			return nil
		}
	}
}

// next reads the next request and makes its task.
func (c *conn) next(ctx context.Context) (task, error) {
	if c.session.bare {
		return c.bare(ctx)
	}
	f, err := c.frame(ctx)
	if err != nil {
		return task{}, err
	}
	if !c.mute.wait(ctx) {
		f.release()
		return task{}, ctx.Err()
	}
	t, err := c.accept(ctx, f)
	if err != nil {
		f.release()
	}
	return t, err
}

// work finishes the tasks in order and writes the responses.
func (c *conn) work(ctx context.Context) error {
	for {
		select {
		case t, ok := <-c.queue:
			if !ok {
				return nil
			}
			err := c.answer(ctx, t)
			t.release()
			if err == nil && t.last != nil {
				c.part()
				err = t.last
			}
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// part says goodbye after the last answer. Closing a socket while bytes of the client are unread resets it, and the client may
// lose the answer that it has not read yet: what still comes is thrown away for a moment.
func (c *conn) part() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.net.SetReadDeadline(time.Now().Add(time.Second)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.net, writeChunk) // until the client closes, the second is over, or it sends on and on
}

func (c *conn) answer(ctx context.Context, t task) error {
	m, err := t.finish(ctx)
	if err != nil || m == nil {
		return err
	}
	out := append(c.out[:0], 0, 0, 0, 0)
	if _, bare := m.(bareAnswer); !bare {
		out = binary.BigEndian.AppendUint32(out, uint32(t.correlation))
	}
	if t.flexible {
		out = append(out, 0)
	}
	var cuts []cut
	if f, ok := m.(*fetchAnswer); ok {
		defer f.release()
		out, cuts = f.encode(out)
	} else {
		out = m.AppendTo(out)
	}
	c.out = nil
	if cap(out) <= keptOut {
		c.out = out
	}
	size := len(out) - sizeBytes
	for _, one := range cuts {
		size += len(one.data)
	}
	binary.BigEndian.PutUint32(out, uint32(size))
	return c.write(pieces(out, cuts))
}

// pieces puts the data of the cuts into their places.
func pieces(out []byte, cuts []cut) net.Buffers {
	all := make(net.Buffers, 0, 2*len(cuts)+1)
	at := 0
	for _, one := range cuts {
		all = append(all, out[at:one.at], one.data)
		at = one.at
	}
	return append(all, out[at:])
}

const (
	keptOut    = 256 << 10 // the largest buffer a connection keeps between responses
	writeChunk = 1 << 20   // written under one deadline
)

// write gives the client the write time-out anew for each chunk: a slow one may take long, a stuck one is dropped.
func (c *conn) write(all net.Buffers) error {
	for len(all) > 0 {
		var chunk net.Buffers
		for room := writeChunk; room > 0 && len(all) > 0; {
			n := min(room, len(all[0]))
			chunk = append(chunk, all[0][:n])
			room -= n
			if all[0] = all[0][n:]; len(all[0]) == 0 {
				all = all[1:]
			}
		}
		if err := c.net.SetWriteDeadline(time.Now().Add(c.server.opts.WriteTimeout)); err != nil {
			return err
		}
		if _, err := chunk.WriteTo(c.net); err != nil {
			return err
		}
	}
	return nil
}
