package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/postgres"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// impatient is how long the stores of these tests wait for a database that hangs.
const impatient = 500 * time.Millisecond

// terminate cuts every connection of this database but its own.
const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> 'postgres' AND pid <> pg_backend_pid()`

func TestStoreSitsTheExamOfTrouble(t *testing.T) {
	troubles := map[string]func(t *testing.T){
		"connections are cut": func(t *testing.T) {
			for range 5 {
				execute(t, admin, terminate)
			}
		},
		"the server crashes": restart,
		"the server hangs": func(t *testing.T) {
			hang(t)
			<-time.After(2 * impatient) // the trouble itself: calls have to run into their time-out
			resume(t)
		},
	}
	for name, disturb := range troubles {
		t.Run(name, func(t *testing.T) {
			storetest.Trouble(t, func(t *testing.T) storetest.Fixture {
				url := database(t)
				again := func(t *testing.T) registry.Store {
					return open(t, url, postgres.Options{Timeout: impatient, Poll: impatient})
				}
				return storetest.Fixture{Store: again(t), Reopen: again, Peer: again}
			}, disturb)
		})
	}
}

func restart(t *testing.T) {
	server.Crash()
	if err := server.Revive(); err != nil {
		t.Fatal(err)
	}
}

func hang(t *testing.T) {
	t.Helper()
	if err := server.Hang(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resume(t) })
}

func resume(t *testing.T) {
	t.Helper()
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
}

// A caller that leaves must not take the connection with it.
func TestACancelledCallHarmsNoOther(t *testing.T) {
	url := database(t)
	s := open(t, url, postgres.Options{})
	if err := s.Append(t.Context(), 0, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(t.Context(), 0, func(registry.Entry) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for len(processes(t, url)) < 3 { // the listener connects in the background
		time.Sleep(time.Millisecond)
	}
	before := fmt.Sprint(processes(t, url))
	gone, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for gone.Err() == nil {
				if err := s.Read(gone, 0, func(registry.Entry) error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Read: %v", err)
				}
				if err := s.Append(gone, 0, []byte(`{}`)); !errors.Is(err, registry.ErrStale) && !errors.Is(err, context.Canceled) {
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	for n := range registry.Seq(50) {
		if err := s.Read(t.Context(), n, func(registry.Entry) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	wg.Wait()
	if err := s.Append(t.Context(), 1, []byte(`{}`)); err != nil {
		t.Errorf("Append after others left: %v", err)
	}
	if after := fmt.Sprint(processes(t, url)); after != before {
		t.Errorf("connections were made anew: processes %s before, %s after", before, after)
	}
}

// processes lists those of the server that serve connections of stores to a database.
func processes(t *testing.T, url string) [][]string {
	t.Helper()
	return server.Query(t, url, `SELECT pid FROM pg_stat_activity WHERE application_name = 'pawl' AND datname = current_database() ORDER BY pid`)
}

func TestAStoreHoldsThreeConnections(t *testing.T) {
	url := database(t)
	s := open(t, url, postgres.Options{})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			_ = s.Append(t.Context(), 0, []byte(`{}`))
			_ = s.Read(t.Context(), 0, func(registry.Entry) error { return nil })
		})
	}
	wg.Wait()
	if err := s.Wait(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if n := len(processes(t, url)); n > 3 {
		t.Errorf("%d connections", n)
	}
}

// An append whose connection was cut after the database had committed it is acknowledged, not refused as stale and not
// written twice.
func TestAnAppendThatWasCutOffIsLookedUp(t *testing.T) {
	p := newProxy(t, admin)
	s := open(t, throughProxy(t, p), postgres.Options{})
	if err := s.Append(t.Context(), 0, []byte(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	p.loseAnswers()
	if err := s.Append(t.Context(), 1, []byte(`{"n":2}`)); err != nil {
		t.Errorf("Append gave %v", err)
	}
	var got []string
	if err := s.Read(t.Context(), 0, func(e registry.Entry) error {
		got = append(got, string(e.Data))
		return nil
	}); err != nil || fmt.Sprint(got) != `[{"n":1} {"n":2}]` {
		t.Errorf("the log holds %s, %v", got, err)
	}
}

// As above, but what is there is somebody else's.
func TestAnAppendThatWasCutOffAndLostIsStale(t *testing.T) {
	p := newProxy(t, admin)
	url := database(t)
	other := open(t, url, postgres.Options{})
	s := open(t, proxied(url, p), postgres.Options{})
	if err := s.Append(t.Context(), 0, []byte(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := other.Append(t.Context(), 1, []byte(`{"n":"other"}`)); err != nil {
		t.Fatal(err)
	}
	p.loseAnswers()
	if err := s.Append(t.Context(), 1, []byte(`{"n":2}`)); !errors.Is(err, registry.ErrStale) {
		t.Errorf("Append gave %v", err)
	}
}

func TestAReadTransactionDoesNotHoldUpAStart(t *testing.T) {
	url := database(t)
	_ = open(t, url, postgres.Options{}).Close()
	reader := connect(t, url)
	run(t, reader, `BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM pawl_changes, pawl_schema, pawl_versions`)
	s := open(t, url, postgres.Options{})
	if err := s.Append(t.Context(), 0, []byte(`{}`)); err != nil {
		t.Errorf("Append beside a read transaction: %v", err)
	}
}

// A lock that somebody took on the table is a database that hangs: reported in time, and over when the lock is.
func TestALockedTableIsReportedAndNotWaitedFor(t *testing.T) {
	url := database(t)
	s := open(t, url, postgres.Options{Timeout: impatient})
	locker := connect(t, url)
	run(t, locker, `BEGIN; LOCK TABLE pawl_changes`)
	err := s.Append(t.Context(), 0, []byte(`{}`))
	if !errors.Is(err, registry.ErrStore) || fault.DetailOf(err) == "" {
		t.Errorf("Append to a locked table gave %v", err)
	}
	if err := s.Read(t.Context(), 0, func(registry.Entry) error { return nil }); !errors.Is(err, registry.ErrStore) {
		t.Errorf("Read from a locked table gave %v", err)
	}
	run(t, locker, `ROLLBACK`)
	if err := appendSoon(t.Context(), s, 0); err != nil {
		t.Errorf("Append after the lock was gone: %v", err)
	}
}

func TestARefusalOfTheDatabaseIsReported(t *testing.T) {
	url := database(t)
	s := open(t, url, postgres.Options{})
	execute(t, url, `ALTER TABLE pawl_changes RENAME TO elsewhere`)
	err := s.Append(t.Context(), 0, []byte(`{}`))
	if !errors.Is(err, registry.ErrStore) || fault.DetailOf(err) != "the database refused (SQLSTATE 42P01); try again" {
		t.Errorf("Append without a table gave %v", err)
	}
	execute(t, url, `ALTER TABLE elsewhere RENAME TO pawl_changes`)
	if err := s.Append(t.Context(), 0, []byte(`{}`)); err != nil {
		t.Errorf("Append after the table came back: %v", err)
	}
}

func connect(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func run(t *testing.T, conn *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
