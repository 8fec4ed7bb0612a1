package postgres

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// Options are the settings of a Store. The zero value is fit for use.
type Options struct {
	// Timeout bounds each call's work on the database, the making of a connection included, so that a database that hangs is
	// reported and not waited for. Default 10 s.
	Timeout time.Duration
	// Poll is how often the listener looks at the table although nothing was notified. Default 5 s.
	Poll time.Duration
	// Logger receives the fate of the listener's connection. Default: nothing is logged.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Store keeps changes in a PostgreSQL database. It implements registry.Store.
type Store struct {
	config  *pgconn.Config // never altered
	options Options
	writer  *session
	reader  *session
	life    context.Context // ends with Close
	end     context.CancelFunc
	closing sync.Once
	ended   sync.WaitGroup

	mu    sync.Mutex
	known registry.Seq  // the end of the log as far as this process has seen it
	grown chan struct{} // closed and replaced when known grows
}

var _ registry.Store = (*Store)(nil)

// Open connects to the database of a postgres:// URL, makes or migrates the tables, and starts listening. Errors have the code
// registry.ErrStore; their detail never holds the password of the URL.
func Open(ctx context.Context, url string, options Options) (*Store, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, fault.New(registry.ErrStore, "postgres.Open", "the URL of the store is not of the form postgres://user@host:port/database")
	}
	s := &Store{config: config, options: options.withDefaults(), grown: make(chan struct{})}
	s.configure()
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.writer = newSession(s, appendStatement, entryStatement)
	s.reader = newSession(s, readStatement)
	if err := s.prepare(ctx); err != nil {
		s.end()
		return nil, openError(config, err)
	}
	s.ended.Go(s.listen)
	return s, nil
}

func (s *Store) configure() {
	c := s.config
	c.RuntimeParams = maps.Clone(c.RuntimeParams)
	c.RuntimeParams["application_name"] = "pawl"
	c.RuntimeParams["synchronous_commit"] = "on" // acknowledged means durable, whatever the server's default
	// Of several hosts, one that hangs must leave time for the others.
	hosts := map[string]bool{c.Host: true}
	for _, f := range c.Fallbacks {
		hosts[f.Host] = true
	}
	if share := s.options.Timeout / time.Duration(len(hosts)); c.ConnectTimeout <= 0 || c.ConnectTimeout > share {
		c.ConnectTimeout = share
	}
}

func openError(c *pgconn.Config, err error) error {
	if fault.CodeOf(err) != nil {
		return err
	}
	return fault.Wrap(registry.ErrStore, "postgres.Open", err,
		"cannot use database %q on %s:%d as %q: see that the server runs and that the user may connect and create tables", c.Database, c.Host, c.Port, c.User)
}

// prepare makes or migrates the tables on a connection of its own: waiting for a server that is starting, or for another process
// that makes the tables, may take longer than a statement may.
func (s *Store) prepare(ctx context.Context) error {
	const patience = 3
	ctx, cancel := context.WithTimeout(ctx, patience*s.options.Timeout)
	defer cancel()
	config := s.config.Copy()
	config.ConnectTimeout *= patience
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	return migrate(ctx, conn)
}

// Close implements registry.Store.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.end()
		s.ended.Wait()
		s.writer.close()
		s.reader.close()
	})
	return nil
}

// failed gives a failure of the database the code of a store, and words that tell what to look at. The end of the caller's ctx
// is no failure of the database.
func (s *Store) failed(ctx context.Context, op string, err error) error {
	var refusal *pgconn.PgError
	switch {
	case err == nil, fault.CodeOf(err) != nil, err == ctx.Err():
		return err
	case s.life.Err() != nil:
		return fault.Wrap(registry.ErrStore, op, err, "the store is closed")
	case errors.As(err, &refusal):
		return fault.Wrap(registry.ErrStore, op, err, "the database refused (SQLSTATE %s); try again", refusal.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(registry.ErrStore, op, err, "the database did not answer within %s; try again", s.options.Timeout)
	}
	return fault.Wrap(registry.ErrStore, op, err, "the database cannot be reached; try again")
}
