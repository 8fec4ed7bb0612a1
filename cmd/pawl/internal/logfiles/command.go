package logfiles

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// Command returns `pawl log`.
func Command(a *cli.App) *cobra.Command {
	return cli.Group("log", "Look into the files of the broker's logs, without a server", dump(a), verify(a))
}

// source is where the files are.
type source struct {
	data  string
	force bool
}

func (s *source) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.data, "data", "./pawl-data", "folder of all data, or of the logs alone")
	c.Flags().BoolVar(&s.force, "force-read", false, "read although a server is running: what changes meanwhile may look like damage")
}

// open returns the archive in the data folder, and what keeps servers away until it is closed.
func (s *source) open() (*local.Archive, io.Closer, error) {
	dir := s.data
	if _, err := os.Stat(filepath.Join(dir, "log", "catalog")); err == nil {
		dir = filepath.Join(dir, "log")
	}
	held, err := s.lock(dir)
	if err != nil {
		return nil, nil, err
	}
	archive, err := local.OpenArchive(os.DirFS(dir))
	if err == nil {
		return archive, held, nil
	}
	err = errors.Join(err, held.Close())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, cli.Usagef("%s holds no logs: name the folder that `pawl serve` was given with --data", s.data)
	}
	if fault.CodeOf(err) == nil {
		return nil, nil, cli.File(err)
	}
	return nil, nil, fault.Wrap(cli.ErrFindings, "pawl log", err, "%s: %s", dir, fault.DetailOf(err))
}

// lock takes the lock of a running server, if the folder has one.
func (s *source) lock(dir string) (io.Closer, error) {
	if _, err := os.Stat(filepath.Join(dir, "LOCK")); s.force || errors.Is(err, fs.ErrNotExist) {
		return unlocked{}, nil
	}
	held, err := vfs.Lock(vfs.OS(dir), "LOCK")
	if errors.Is(err, vfs.ErrLocked) {
		return nil, fault.Wrap(vfs.ErrLocked, "pawl log", err, "%s belongs to a server that is running: stop it, or read all the same with --force-read", s.data)
	}
	if errors.Is(err, fs.ErrPermission) { // a copy that cannot be written has no server
		return unlocked{}, nil
	}
	if err != nil {
		return nil, cli.File(err)
	}
	return held, nil
}

type unlocked struct{}

func (unlocked) Close() error { return nil }

// choose returns the logs that args name, all if there are none.
func choose(archive *local.Archive, args []string) ([]local.ArchivedLog, error) {
	all, err := archive.Logs()
	if err != nil {
		return nil, cli.File(err)
	}
	if len(args) == 0 {
		return all, nil
	}
	var chosen []local.ArchivedLog
	for _, name := range args {
		before := len(chosen)
		for _, l := range all {
			if l.Name == name {
				chosen = append(chosen, l)
			}
		}
		if len(chosen) == before {
			return nil, cli.Usagef("there is no log %q: a log is called <topic>-<partition>; `pawl log verify` lists all", name)
		}
	}
	return chosen, nil
}
