package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

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
	conn, err := pgx.ConnectConfig(s.life, s.pool.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(s.life, `LISTEN pawl_changes`); err != nil {
		return false, err
	}
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

func (s *Store) look(conn *pgx.Conn) error {
	ctx, cancel := s.bounded(s.life)
	defer cancel()
	var end int64
	if err := conn.QueryRow(ctx, endSQL).Scan(&end); err != nil {
		return err
	}
	s.saw(registry.Seq(end))
	return nil
}

// notified takes notifications until none has come for the time of a poll.
func (s *Store) notified(conn *pgx.Conn) error {
	for {
		ctx, cancel := context.WithTimeout(s.life, s.options.Poll)
		n, err := conn.WaitForNotification(ctx)
		quiet := ctx.Err() != nil
		cancel()
		if err != nil {
			if quiet && s.life.Err() == nil && !conn.IsClosed() {
				return nil
			}
			return err
		}
		if seq, err := strconv.ParseUint(n.Payload, 10, 63); err == nil {
			s.saw(registry.Seq(seq))
		}
	}
}
