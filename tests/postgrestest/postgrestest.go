// Package postgrestest starts a real PostgreSQL for tests, in a temporary folder and as an ordinary user, makes databases on it,
// and lets it crash, restart and hang. Nothing outlives the test binary.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Server is a running PostgreSQL.
type Server struct {
	// Admin is the URL of the maintenance database.
	Admin string

	dir     string
	command func() *exec.Cmd // starts the server over its data
	process *exec.Cmd
	made    atomic.Int64
}

// Start starts a server. Whoever starts it stops it with Stop. Settings such as "fsync=on" take the place of those that make
// tests quick.
func Start(settings ...string) (*Server, error) {
	dir, err := os.MkdirTemp("", "pawl-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(settings); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Stop ends the server at once and removes its data.
func (s *Server) Stop() {
	s.Crash()
	_ = os.RemoveAll(s.dir)
}

// Main is what a TestMain does that shares one server among the tests of a package: it starts the server, hands it to use, runs
// the tests and returns the exit status.
func Main(m *testing.M, use func(*Server)) int {
	s, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		return 1
	}
	defer s.Stop()
	use(s)
	return m.Run()
}

// PID returns the process id of the server, whose children serve the connections.
func (s *Server) PID() int { return s.process.Process.Pid }

func (s *Server) start(settings []string) error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	owner, err := ordinaryUser(s.dir)
	if err != nil {
		return err
	}
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = s.dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
		return cmd
	}
	data := filepath.Join(s.dir, "data")
	if out, err := as("initdb", "-D", data, "-U", "pawl", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port := strconv.Itoa(freePort())
	args := []string{"-D", data, "-p", port, "-k", s.dir}
	for _, set := range append([]string{"listen_addresses=127.0.0.1", "fsync=off", "max_connections=200"}, settings...) {
		args = append(args, "-c", set)
	}
	s.command = func() *exec.Cmd { return as("postgres", args...) }
	s.Admin = "postgres://pawl@127.0.0.1:" + port + "/postgres"
	return s.Revive()
}

func (s *Server) ready() error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var conn *pgconn.PgConn
		if conn, err = pgconn.Connect(context.Background(), s.Admin); err == nil {
			return conn.Close(context.Background())
		}
	}
	return fmt.Errorf("the PostgreSQL server did not answer within 30 s: %w", err)
}

// Database makes an empty database for a test and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d", s.made.Add(1))
	s.Execute(t, s.Admin, "CREATE DATABASE "+name)
	return strings.TrimSuffix(s.Admin, "/postgres") + "/" + name
}

// Execute runs SQL on the database of a URL.
func (s *Server) Execute(t testing.TB, url, sql string) {
	t.Helper()
	s.Query(t, url, sql)
}

// Query runs SQL on the database of a URL and returns the rows of its last statement, as text; NULL is empty.
func (s *Server) Query(t testing.TB, url, sql string) [][]string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var rows [][]string
	for _, r := range results[len(results)-1].Rows {
		row := make([]string, len(r))
		for i, value := range r {
			row[i] = string(value)
		}
		rows = append(rows, row)
	}
	return rows
}

func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, filepath.Dir(path))
	}
	for i := len(found) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(found[i], "initdb")); err == nil {
			return found[i], nil
		}
	}
	return "", errors.New("no PostgreSQL server is installed: run scripts/test-deps, which make test does")
}

// ordinaryUser returns whom to run the server as (initdb refuses root), and gives that user the folder.
func ordinaryUser(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
	}
	return nil, errors.New("neither a user postgres nor nobody to run the server as")
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
