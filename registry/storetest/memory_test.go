package storetest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Fixture {
		m := storetest.NewMemory()
		return storetest.Fixture{
			Store:  m,
			Reopen: func(*testing.T) registry.Store { return m.Reopen() },
			Peer:   func(*testing.T) registry.Store { return m.Peer() },
		}
	})
}
