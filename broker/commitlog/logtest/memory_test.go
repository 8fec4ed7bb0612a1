package logtest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	logtest.Run(t, func(*testing.T) logtest.Fixture {
		m := logtest.NewMemory()
		return logtest.Fixture{Engine: m, Reopen: func(*testing.T) commitlog.Engine { m = m.Reopen(); return m }}
	})
}
