//go:build !windows

package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile uses flock: it ends with the process, whatever kills it, and two opens in one process exclude each other too.
func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

func lockHeld(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }
