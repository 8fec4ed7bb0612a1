package vfs

import "os"

// grow makes f at least size bytes long without reserving the space.
func grow(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() >= size {
		return err
	}
	return f.Truncate(size)
}
