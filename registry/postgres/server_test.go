package postgres_test

import (
	"os"
	"testing"

	"github.com/pawl-registry/pawl/tests/postgrestest"
)

// server is the PostgreSQL that the tests of this package share, admin the URL of its maintenance database.
var (
	server *postgrestest.Server
	admin  string
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { server, admin = s, s.Admin }))
}

func database(t *testing.T) string {
	t.Helper()
	return server.Database(t)
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	server.Execute(t, url, sql)
}
