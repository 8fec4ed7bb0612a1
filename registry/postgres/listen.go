package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// Wait implements registry.Store. It asks nothing of the database: the listener keeps the known end of the log current, also
// across lost connections.
func (s *Store) Wait(ctx context.Context, after registry.Seq) error {
	for {
		s.mu.Lock()
		known, grown := s.known, s.grown
		s.mu.Unlock()
		if err := s.life.Err(); err != nil {
			return fault.New(registry.ErrStore, "postgres.Wait", "the store is closed")
		}
		if known > after {
			return nil
		}
		select {
		case <-grown:
		case <-s.life.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// saw records that the log reaches at least to seq and wakes those who wait.
func (s *Store) saw(seq registry.Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq > s.known {
		s.known = seq
		close(s.grown)
		s.grown = make(chan struct{})
	}
}

// listen holds one connection for notifications, as long as the store lives, and gets a new one when it breaks.
func (s *Store) listen() {
	pause := 50 * time.Millisecond
	for s.life.Err() == nil {
		heard, err := s.hear()
		if s.life.Err() != nil {
			return
		}
		if heard {
			pause = 50 * time.Millisecond
		}
		s.options.Logger.Warn("listening for changes broke off; connecting again", "store", "postgres", "pause", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-s.life.Done():
			return
		}
		pause = min(2*pause, s.options.Poll)
	}
}

// hear listens on a connection of its own until it breaks. It looks at the table after LISTEN, so nothing is missed between
// two connections.
func (s *Store) hear() (heard bool, err error) {
	conn, err := s.tune()
	if err != nil {
		return false, err
	}
	defer hangUp(conn)
	for {
		if err := s.look(conn); err != nil {
			return heard, err
		}
		heard = true
		if err := s.notified(conn); err != nil {
			return heard, err
		}
	}
}

// tune returns a connection that listens.
func (s *Store) tune() (*pgconn.PgConn, error) {
	ctx, cancel := context.WithTimeout(s.life, s.options.Timeout)
	defer cancel()
	config := s.config.Copy()
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		if seq, err := seqOf([]byte(n.Payload)); err == nil {
			s.saw(seq)
		}
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := run(ctx, conn, `LISTEN pawl_changes`); err != nil {
		hangUp(conn)
		return nil, err
	}
	return conn, nil
}

func (s *Store) look(conn *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(s.life, s.options.Timeout)
	defer cancel()
	end, err := value(ctx, conn, `SELECT coalesce(max(seq), 0) FROM pawl_changes`)
	if err != nil {
		return err
	}
	seq, err := seqOf(end)
	s.saw(seq)
	return err
}

// notified takes notifications until none has come for the time of a poll.
func (s *Store) notified(conn *pgconn.PgConn) error {
	for {
		ctx, cancel := context.WithTimeout(s.life, s.options.Poll)
		err := conn.WaitForNotification(ctx)
		quiet := ctx.Err() != nil
		cancel()
		if err != nil && quiet && s.life.Err() == nil && !conn.IsClosed() {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
