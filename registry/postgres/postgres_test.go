package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/postgres"
	"github.com/pawl-registry/pawl/registry/storetest"
)

func open(t *testing.T, url string, options postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStoreSitsTheExam(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		url := database(t)
		again := func(t *testing.T) registry.Store { return open(t, url, postgres.Options{}) }
		return storetest.Fixture{Store: again(t), Reopen: again, Peer: again}
	})
}

func TestGoroutinesEndWithClose(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := open(t, database(t), postgres.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEightMayOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	url := database(t)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), url, postgres.Options{})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer func() { _ = s.Close() }()
			if err := s.Append(t.Context(), registry.Seq(n), []byte(`{}`)); err != nil && !errors.Is(err, registry.ErrStale) {
				t.Errorf("Append: %v", err)
			}
		})
	}
	wg.Wait()
	if forms := server.Query(t, url, `SELECT version FROM pawl_schema`); len(forms) != 1 {
		t.Errorf("the tables were made %d times", len(forms))
	}
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	url := database(t)
	_ = open(t, url, postgres.Options{}).Close()
	execute(t, url, `INSERT INTO pawl_schema VALUES (999)`)
	_, err := postgres.Open(t.Context(), url, postgres.Options{})
	if !errors.Is(err, registry.ErrStore) || !strings.Contains(fault.DetailOf(err), "newer program") {
		t.Errorf("Open gave %v", err)
	}
}

func TestErrorsOfOpenHoldNoPassword(t *testing.T) {
	for _, url := range []string{"postgres://pawl:secret@127.0.0.1:1/none", "postgres://pawl:secret@127.0.0.1:1:2/none", "secret"} {
		_, err := postgres.Open(t.Context(), url, postgres.Options{Timeout: time.Second})
		if !errors.Is(err, registry.ErrStore) || fault.DetailOf(err) == "" || strings.Contains(fault.DetailOf(err), "secret") {
			t.Errorf("Open(%s) gave %v", url, err)
		}
	}
}

func TestWaitSurvivesTheLossOfTheListener(t *testing.T) {
	url := database(t)
	s, peer := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n := range registry.Seq(4) {
		execute(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err := appendSoon(ctx, peer, n); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(ctx, n); err != nil {
			t.Fatalf("Wait after %d: %v", n, err)
		}
	}
}

// appendSoon appends, trying again while the database is away. An append whose outcome is open may turn out to be there.
func appendSoon(ctx context.Context, s *postgres.Store, after registry.Seq) error {
	for {
		err := s.Append(ctx, after, []byte(`{}`))
		if err == nil || errors.Is(err, registry.ErrStale) {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
	}
}

func TestAHangingDatabaseIsReportedAndNotWaitedFor(t *testing.T) {
	p := newProxy(t, admin)
	s := open(t, throughProxy(t, p), postgres.Options{Timeout: impatient})
	if err := s.Append(t.Context(), 0, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	p.hang()
	for range 4 { // more calls than the store has connections: none may wait for ever
		if err := s.Append(t.Context(), 1, []byte(`{}`)); !errors.Is(err, registry.ErrStore) {
			t.Fatalf("Append to a hanging database gave %v", err)
		}
	}
	if err := s.Read(t.Context(), 0, func(registry.Entry) error { return nil }); !errors.Is(err, registry.ErrStore) {
		t.Fatalf("Read from a hanging database gave %v", err)
	}
	p.resume()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := appendSoon(ctx, s, 1); err != nil {
		t.Fatalf("Append after the database came back: %v", err)
	}
}

func TestTheViewsShowWhatAReaderExpects(t *testing.T) {
	url := database(t)
	s := open(t, url, postgres.Options{})
	for i, change := range []string{
		`{"format":1,"time":1,"put":[{"subject":"a","version":1,"id":1,"type":"T","schema":"x"},{"subject":"a","version":2,"id":2,"type":"T","schema":"y"}]}`,
		`{"format":1,"time":2,"hide":[{"subject":"a","version":1}]}`,
		`{"format":1,"time":3,"remove":[{"subject":"a","version":2}]}`,
	} {
		if err := s.Append(t.Context(), registry.Seq(i), []byte(change)); err != nil {
			t.Fatal(err)
		}
	}
	got := server.Query(t, url, `SELECT subject, version, schema, deleted FROM pawl_versions`)
	if diff := cmp.Diff([][]string{{"a", "1", "x", "t"}}, got); diff != "" {
		t.Errorf("pawl_versions (-want +got):\n%s", diff)
	}
}
