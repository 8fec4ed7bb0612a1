package conformance_test

import (
	"os"
	"testing"

	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
	"github.com/pawl-registry/pawl/registry/postgres"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/tests/postgrestest"
)

var server *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { server = s }))
}

// stores makes an empty store of each kind.
var stores = map[string]func(testing.TB) registry.Store{
	"memory": func(testing.TB) registry.Store { return storetest.NewMemory() },
	"embedded": func(t testing.TB) registry.Store {
		s, err := embedded.Open(t.Context(), vfs.OS(t.TempDir()), "registry", embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
	"postgres": func(t testing.TB) registry.Store {
		s, err := postgres.Open(t.Context(), server.Database(t), postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}
