package postgres_test

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
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// admin is the URL of the maintenance database of the server that the tests of this package share: a real PostgreSQL in a
// temporary folder, run as an ordinary user.
var admin string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres tests:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "pawl-postgres-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	stop, err := startServer(dir)
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

func startServer(dir string) (stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	owner, err := ordinaryUser(dir)
	if err != nil {
		return nil, err
	}
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := as("initdb", "-D", data, "-U", "pawl", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port := freePort()
	server := as("postgres", "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200")
	server.Stderr, err = os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	}
	admin = fmt.Sprintf("postgres://pawl@127.0.0.1:%d/postgres", port)
	if err := serverReady(); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
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
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func serverReady() error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(context.Background(), admin); err == nil {
			return conn.Close(context.Background())
		}
	}
	return fmt.Errorf("the PostgreSQL server did not answer within 30 s: %w", err)
}

// database makes an empty database for a test and returns its URL.
func database(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("t%d", time.Now().UnixNano())
	execute(t, admin, "CREATE DATABASE "+name)
	return strings.TrimSuffix(admin, "/postgres") + "/" + name
}

func execute(t *testing.T, url, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
