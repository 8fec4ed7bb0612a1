package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pawl-registry/pawl/fault"
)

// statement is one that is prepared on each connection that uses it.
type statement struct{ name, text string }

// session is one connection, used by one call at a time. It is made when a call needs it, and made again after it broke.
type session struct {
	store      *Store
	statements []statement
	turn       chan struct{}  // holds one token; whoever has it may use conn
	conn       *pgconn.PgConn // nil: none
}

func newSession(s *Store, statements ...statement) *session {
	c := &session{store: s, statements: statements, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// do runs work on the connection. ctx is heard while waiting for the turn and no longer: work then runs to its end or to the
// time-out, because a statement that is given up half-way costs the connection that others wait for. Work that finds the
// connection broken is run a second time on a new one, so it must be able to tell what its first run may have done.
func (c *session) do(ctx context.Context, work func(context.Context, *pgconn.PgConn) error) error {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.store.options.Timeout)
	defer cancel()
	defer context.AfterFunc(c.store.life, cancel)()
	select {
	case <-c.turn:
	case <-ctx.Done():
		return ctx.Err()
	case <-bound.Done():
		return bound.Err()
	}
	defer func() { c.turn <- struct{}{} }()
	if err := cmp.Or(ctx.Err(), bound.Err()); err != nil {
		return err
	}
	old := c.conn != nil
	err := c.run(bound, work)
	if err != nil && old && c.conn == nil && bound.Err() == nil {
		err = c.run(bound, work)
	}
	return err
}

// run is one attempt at work. Whatever the database failed at, the connection is not used again: after a failover, for example,
// it may lead to a server that answers but no longer writes. Errors with a code are answers, not failures.
func (c *session) run(ctx context.Context, work func(context.Context, *pgconn.PgConn) error) error {
	err := c.connect(ctx)
	if err == nil {
		err = work(ctx, c.conn)
	}
	if err != nil && fault.CodeOf(err) == nil {
		c.drop()
	}
	return err
}

func (c *session) connect(ctx context.Context) (err error) {
	if c.conn != nil {
		return nil
	}
	if c.conn, err = pgconn.ConnectConfig(ctx, c.store.config); err != nil {
		return err
	}
	for _, st := range c.statements {
		if _, err := c.conn.Prepare(ctx, st.name, st.text, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *session) drop() {
	if c.conn != nil {
		hangUp(c.conn)
		c.conn = nil
	}
}

// close waits for the call under way, which the end of the store's life ends, and keeps the turn.
func (c *session) close() {
	<-c.turn
	c.drop()
}

// hangUp says goodbye to the server, unless that takes longer than it is worth.
func hangUp(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the server ends the session either way
}

// query runs a prepared statement and hands its rows to each, which must not keep them.
func query(ctx context.Context, conn *pgconn.PgConn, st statement, args [][]byte, each func(row [][]byte) error) error {
	rows := conn.ExecPrepared(ctx, st.name, args, nil, nil)
	var refused error
	for rows.NextRow() {
		if refused == nil {
			refused = each(rows.Values())
		}
	}
	if _, err := rows.Close(); err != nil {
		return err
	}
	return refused
}
