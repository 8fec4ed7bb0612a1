package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock under which the tables are made: "pawl" in ASCII.
const migrationLock = 0x7061776c

// migrate brings the tables to the newest form that this program knows. It refuses a database that a newer program migrated.
// After a failure the caller closes conn, which takes back what was done.
func migrate(ctx context.Context, conn *pgconn.PgConn) error {
	if encoding := conn.ParameterStatus("server_encoding"); encoding != "UTF8" {
		return fault.New(registry.ErrStore, "postgres.Open",
			"the database has encoding %s; make one with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	if _, err := run(ctx, conn, fmt.Sprintf(`BEGIN; SELECT pg_advisory_xact_lock(%d)`, migrationLock)); err != nil {
		return err
	}
	if _, err := run(ctx, conn, `CREATE TABLE IF NOT EXISTS pawl_schema (version int NOT NULL)`); err != nil {
		return err
	}
	text, err := value(ctx, conn, `SELECT coalesce(max(version), 0) FROM pawl_schema`)
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	if err := apply(ctx, conn, at); err != nil {
		return err
	}
	_, err = run(ctx, conn, `COMMIT`)
	return err
}

func apply(ctx context.Context, conn *pgconn.PgConn, at int) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	if at > len(names) {
		return fault.New(registry.ErrStore, "postgres.Open",
			"the tables are of form %d, this program knows forms up to %d: run the newer program", at, len(names))
	}
	for i := at; i < len(names); i++ {
		text, err := migrations.ReadFile(names[i])
		if err != nil {
			return err
		}
		if _, err := run(ctx, conn, string(text)); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimPrefix(names[i], "migrations/"), err)
		}
		if _, err := run(ctx, conn, fmt.Sprintf(`INSERT INTO pawl_schema (version) VALUES (%d)`, i+1)); err != nil {
			return err
		}
	}
	return nil
}

// run runs SQL that takes no arguments, and returns the results of its statements.
func run(ctx context.Context, conn *pgconn.PgConn, sql string) ([]*pgconn.Result, error) {
	return conn.Exec(ctx, sql).ReadAll()
}

// value returns the one value that SQL without arguments gives.
func value(ctx context.Context, conn *pgconn.PgConn, sql string) ([]byte, error) {
	results, err := run(ctx, conn, sql)
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return nil, fmt.Errorf("%s gave no single row", sql)
	}
	return results[0].Rows[0][0], nil
}
