package postgres

import (
	"bytes"
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// appendStatement writes a row only behind the end of the log. Of two that run at once, the second waits for the first and
// writes nothing.
var appendStatement = statement{"append", `
WITH written AS (
    INSERT INTO pawl_changes (seq, data)
    SELECT $1::bigint + 1, $2::json
    WHERE (SELECT coalesce(max(seq), 0) FROM pawl_changes) = $1::bigint
    ON CONFLICT DO NOTHING
    RETURNING seq)
SELECT seq, pg_notify('pawl_changes', seq::text)::text FROM written`}

var entryStatement = statement{"entry", `SELECT data::text FROM pawl_changes WHERE seq = $1::bigint`}

// Append implements registry.Store. If the connection breaks under way it tries once more, and looks whether the change is there
// because the first attempt reached the database after all.
func (s *Store) Append(ctx context.Context, after registry.Seq, data []byte) error {
	const op = "postgres.Append"
	again := false
	err := s.writer.do(ctx, func(ctx context.Context, conn *pgconn.PgConn) error {
		written, err := exists(ctx, conn, appendStatement, number(after), data)
		if err == nil && !written && again {
			written, err = holds(ctx, conn, after+1, data)
		}
		if err == nil && !written {
			return fault.New(registry.ErrStale, op, "the log does not end at change %d", after)
		}
		again = true
		return err
	})
	if err != nil {
		return s.failed(ctx, op, err)
	}
	s.saw(after + 1)
	return nil
}

// exists reports whether a statement gives a row.
func exists(ctx context.Context, conn *pgconn.PgConn, st statement, args ...[]byte) (found bool, err error) {
	err = query(ctx, conn, st, args, func([][]byte) error {
		found = true
		return nil
	})
	return found, err
}

// holds reports whether the change at seq is data.
func holds(ctx context.Context, conn *pgconn.PgConn, seq registry.Seq, data []byte) (same bool, err error) {
	err = query(ctx, conn, entryStatement, [][]byte{number(seq)}, func(row [][]byte) error {
		same = bytes.Equal(row[0], data)
		return nil
	})
	return same, err
}

// A page of Read is bounded by rows and by their size as stored, which PostgreSQL may have compressed, so that neither the
// connection nor much memory is held while yield works. The first page is small: a reader that keeps up needs no more.
const (
	firstRows, pageRows = 256, 2048
	pageBytes           = 1 << 19
)

// readStatement gives a page and, with each row, the end of the log at that moment. The size of a stored value is known
// without reading it.
var readStatement = statement{"read", `
SELECT seq, data::text, (SELECT max(seq) FROM pawl_changes) FROM (
    SELECT seq, data, sum(size) OVER (ORDER BY seq) - size AS before
    FROM (SELECT seq, data, pg_column_size(data) AS size FROM pawl_changes WHERE seq > $1::bigint ORDER BY seq LIMIT $2::int) rows
) page WHERE before < $3::bigint ORDER BY seq`}

// Read implements registry.Store. A reader that is at the end, or a page from it, costs one statement. No statement is open
// while yield works.
func (s *Store) Read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) error {
	var end registry.Seq // of the log when the first page was read
	for rows := firstRows; end == 0 || after < end; rows = pageRows {
		page, last, err := s.page(ctx, after, rows)
		if err != nil {
			return s.failed(ctx, "postgres.Read", err)
		}
		if len(page) == 0 {
			return nil
		}
		if end == 0 {
			end = last
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

// page returns changes after a sequence and the end of the log.
func (s *Store) page(ctx context.Context, after registry.Seq, rows int) (page []registry.Entry, end registry.Seq, err error) {
	args := [][]byte{number(after), number(registry.Seq(rows)), number(pageBytes)}
	err = s.reader.do(ctx, func(ctx context.Context, conn *pgconn.PgConn) error {
		page = page[:0]
		return query(ctx, conn, readStatement, args, func(row [][]byte) error {
			seq, err := seqOf(row[0])
			if err == nil {
				end, err = seqOf(row[2])
			}
			page = append(page, registry.Entry{Seq: seq, Data: bytes.Clone(row[1])})
			return err
		})
	})
	s.saw(end)
	return page, end, err
}

// number and seqOf are the text form of numbers, which the statements take and give.
func number(n registry.Seq) []byte { return strconv.AppendUint(nil, uint64(n), 10) }

func seqOf(text []byte) (registry.Seq, error) {
	n, err := strconv.ParseUint(string(text), 10, 63)
	return registry.Seq(n), err
}
