package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock under which the tables are made: "pawl" in ASCII.
const migrationLock = 0x7061776c

// migrate brings the tables to the newest form that this program knows. It refuses a database that a newer program migrated.
func migrate(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
			return err
		}
		if err := checkEncoding(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS pawl_schema (version int NOT NULL)`); err != nil {
			return err
		}
		var at int
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM pawl_schema`).Scan(&at); err != nil {
			return err
		}
		return apply(ctx, tx, at)
	})
}

func checkEncoding(ctx context.Context, tx pgx.Tx) error {
	var encoding string
	if err := tx.QueryRow(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fault.New(registry.ErrStore, "postgres.Open",
			"the database has encoding %s; make one with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	return nil
}

func apply(ctx context.Context, tx pgx.Tx, at int) error {
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
		if _, err := tx.Exec(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimPrefix(names[i], "migrations/"), err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO pawl_schema (version) VALUES ($1)`, i+1); err != nil {
			return err
		}
	}
	return nil
}
