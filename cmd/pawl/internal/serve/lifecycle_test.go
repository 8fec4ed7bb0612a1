package serve_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
)

// listening returns a listener on this machine.
func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// status asks until the server listens.
func status(t *testing.T, url string) int {
	t.Helper()
	for late := time.Now().Add(30 * time.Second); time.Now().Before(late); {
		if res, err := http.Get(url); err == nil {
			_ = res.Body.Close()
			return res.StatusCode
		}
	}
	t.Fatalf("nothing listens at %s", url)
	return 0
}

// A database that takes connections and says nothing keeps a server starting.
func TestAServerThatWaitsForItsStoreIsAliveAndNotStarted(t *testing.T) {
	mute := listening(t)
	free := listening(t)
	cfg := config(t)
	cfg.HTTP, cfg.Store, cfg.Postgres = free.Addr().String(), "postgres", "postgres://u:p@"+mute.Addr().String()+"/d?sslmode=disable"
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		s, err := serve.Start(ctx, cfg, formats.All(), slog.New(slog.DiscardHandler))
		if err == nil {
			stop(t, s)
		}
		failed <- err
	}()
	for path, want := range map[string]int{"/health/live": 200, "/health/startup": 503, "/health/ready": 503, "/subjects": 503} {
		if got := status(t, "http://"+cfg.HTTP+path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	cancel()
	if err := <-failed; err == nil {
		t.Error("the server started without its store")
	}
	if res, err := http.Get("http://" + cfg.HTTP + "/health/live"); err == nil {
		_ = res.Body.Close()
		t.Error("a server that failed to start still answers")
	}
}

// A request whose body is on its way when the server is told to stop is answered, and what it asked for is kept.
func TestARequestUnderWayIsAnsweredAtAStop(t *testing.T) {
	cfg := config(t)
	s, err := serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", s.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	body := `{"schema":"\"int\""}`
	if _, err := fmt.Fprintf(c, "POST /subjects/late/versions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)); err != nil {
		t.Fatal(err)
	}
	answer := bufio.NewReader(c)
	if line, err := answer.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := answer.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		stop(t, s)
	}()
	for { // until nobody new is let in
		other, err := net.Dial("tcp", s.HTTP)
		if err != nil {
			break
		}
		_ = other.Close()
	}
	if _, err := io.WriteString(c, body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(answer, nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", res, err)
	}
	<-done
	again := start(t, cfg)
	if got := status(t, "http://"+again.HTTP+"/subjects/late/versions/1"); got != http.StatusOK {
		t.Errorf("what was acknowledged at the stop is gone: %d", got)
	}
}
