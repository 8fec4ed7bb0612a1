package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// Options are the settings of a Store. The zero value is fit for use.
type Options struct {
	// Timeout bounds each statement, so that a database that hangs is reported and not waited for. Default 10 s.
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

// Store keeps changes in a PostgreSQL database. It implements registry.Store and registry.Compactor.
type Store struct {
	pool    *pgxpool.Pool
	options Options
	life    context.Context // ends with Close
	end     context.CancelFunc
	ended   sync.WaitGroup

	mu    sync.Mutex
	known registry.Seq  // the end of the log as far as this process has seen it
	grown chan struct{} // closed and replaced when known grows
}

var (
	_ registry.Store     = (*Store)(nil)
	_ registry.Compactor = (*Store)(nil)
)

// Open connects to the database of a postgres:// URL, makes or migrates the tables, and starts listening. Errors have the code
// registry.ErrStore; their detail never holds the password of the URL.
func Open(ctx context.Context, url string, options Options) (*Store, error) {
	options = options.withDefaults()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fault.New(registry.ErrStore, "postgres.Open", "the URL of the store is not of the form postgres://user@host:port/database")
	}
	config.ConnConfig.RuntimeParams["application_name"] = "pawl"
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "on" // acknowledged means durable, whatever the server's default
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, openError(config, err)
	}
	s := &Store{pool: pool, options: options, grown: make(chan struct{})}
	if err := s.prepare(ctx); err != nil {
		pool.Close()
		return nil, openError(config, err)
	}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.ended.Go(s.listen)
	return s, nil
}

func openError(config *pgxpool.Config, err error) error {
	if fault.CodeOf(err) != nil {
		return err
	}
	c := config.ConnConfig
	return fault.Wrap(registry.ErrStore, "postgres.Open", err,
		"cannot use database %q on %s:%d as %q: see that the server runs and that the user may connect and create tables", c.Database, c.Host, c.Port, c.User)
}

func (s *Store) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*s.options.Timeout)
	defer cancel()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return migrate(ctx, conn.Conn())
}

const appendSQL = `
WITH written AS (
    INSERT INTO pawl_changes (seq, data)
    SELECT $1::bigint + 1, $2::json
    WHERE (SELECT coalesce(max(seq), 0) FROM pawl_changes) = $1::bigint
    ON CONFLICT DO NOTHING
    RETURNING seq)
SELECT seq, pg_notify('pawl_changes', seq::text)::text FROM written`

// Append implements registry.Store.
func (s *Store) Append(ctx context.Context, after registry.Seq, data []byte) error {
	const op = "postgres.Append"
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var seq int64
	err := s.pool.QueryRow(ctx, appendSQL, int64(after), string(data)).Scan(&seq, nil)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(registry.ErrStale, op, "the log does not end at change %d", after)
	}
	if err != nil {
		return s.failed(op, err)
	}
	s.saw(registry.Seq(seq))
	return nil
}

// A page of Read is bounded by rows and by bytes, so that neither a connection nor much memory is held while yield works.
const (
	pageRows  = 1000
	pageBytes = 4 << 20
)

const readSQL = `
SELECT seq, data::text FROM (
    SELECT seq, data, sum(octet_length(data::text)) OVER (ORDER BY seq) - octet_length(data::text) AS before
    FROM (SELECT seq, data FROM pawl_changes WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3) rows
) page WHERE before < $4 ORDER BY seq`

// Read implements registry.Store.
func (s *Store) Read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) error {
	end, err := s.lookup(ctx)
	if err != nil {
		return err
	}
	for after < end {
		page, err := s.page(ctx, after, end)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil // a snapshot took the rest: its own seq was yielded already
		}
		for _, e := range page {
			if err := yield(e); err != nil {
				return err
			}
			after = e.Seq
		}
	}
	return nil
}

func (s *Store) lookup(ctx context.Context) (registry.Seq, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var end int64
	if err := s.pool.QueryRow(ctx, endSQL).Scan(&end); err != nil {
		return 0, s.failed("postgres.Read", err)
	}
	s.saw(registry.Seq(end))
	return registry.Seq(end), nil
}

const endSQL = `SELECT coalesce(max(seq), 0) FROM pawl_changes`

func (s *Store) page(ctx context.Context, after, end registry.Seq) ([]registry.Entry, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(ctx, readSQL, int64(after), int64(end), pageRows, pageBytes)
	if err != nil {
		return nil, s.failed("postgres.Read", err)
	}
	page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (registry.Entry, error) {
		var seq int64
		var data []byte
		err := row.Scan(&seq, &data)
		return registry.Entry{Seq: registry.Seq(seq), Data: data}, err
	})
	if err != nil {
		return nil, s.failed("postgres.Read", err)
	}
	return page, nil
}

// Compact implements registry.Compactor. The rows before upTo go and the row at upTo becomes the snapshot, in one transaction.
func (s *Store) Compact(ctx context.Context, upTo registry.Seq, data []byte) error {
	const op = "postgres.Compact"
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE pawl_changes SET data = $2::json, snapshot = true WHERE seq = $1`, int64(upTo), string(data))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return fault.New(registry.ErrStale, op, "there is no change %d to put a snapshot at", upTo)
		}
		_, err = tx.Exec(ctx, `DELETE FROM pawl_changes WHERE seq < $1`, int64(upTo))
		return err
	})
	if err != nil {
		return s.failed(op, err)
	}
	return nil
}

// Close implements registry.Store.
func (s *Store) Close() error {
	s.end()
	s.ended.Wait()
	s.pool.Close()
	return nil
}

// bounded ends ctx with the store's life and after the time-out of one statement.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (s *Store) failed(op string, err error) error {
	if fault.CodeOf(err) != nil {
		return err
	}
	if s.life.Err() != nil {
		return fault.Wrap(registry.ErrStore, op, err, "the store is closed")
	}
	return fault.Wrap(registry.ErrStore, op, err, "the database did not answer: try again")
}
