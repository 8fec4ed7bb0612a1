package auth

import (
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// File is what was read from files that may change. Ask with Value.
type File[T any] struct {
	paths  []string
	parse  func(texts [][]byte) (T, error)
	clock  func() time.Time
	logger *slog.Logger

	mu     sync.Mutex
	value  T
	stamps []stamp
	look   time.Time // when to look at the files again
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
}

// lookEvery is how old the knowledge of a file may be.
const lookEvery = time.Second

// OpenFile reads files and parses them together. Errors have the code ErrConfig.
func OpenFile[T any](clock func() time.Time, logger *slog.Logger, parse func(texts [][]byte) (T, error), paths ...string) (*File[T], error) {
	f := &File[T]{paths: paths, parse: parse, clock: clock, logger: logger, look: clock().Add(lookEvery)}
	var err error
	if f.stamps, err = f.stat(); err != nil {
		return nil, err
	}
	if f.value, err = f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// Value returns what the files hold, or held when they could last be read.
func (f *File[T]) Value() T {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock()
	if now.Before(f.look) {
		return f.value
	}
	f.look = now.Add(lookEvery)
	if err := f.refresh(); err != nil {
		f.logger.Warn("a changed file cannot be used; what was read before stays in force", "files", f.paths, "error", err)
	}
	return f.value
}

func (f *File[T]) refresh() error {
	stamps, err := f.stat()
	if err != nil {
		return err
	}
	same := true
	for i, s := range stamps {
		same = same && s.size == f.stamps[i].size && s.modified.Equal(f.stamps[i].modified)
	}
	if same {
		return nil
	}
	value, err := f.read()
	if err != nil {
		return err
	}
	f.value, f.stamps = value, stamps
	f.logger.Info("files were read again", "files", f.paths)
	return nil
}

func (f *File[T]) stat() ([]stamp, error) {
	all := make([]stamp, len(f.paths))
	for i, path := range f.paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fault.Wrap(ErrConfig, "auth.File", err, "%v", err)
		}
		all[i] = stamp{info.ModTime(), info.Size()}
	}
	return all, nil
}

func (f *File[T]) read() (T, error) {
	texts := make([][]byte, len(f.paths))
	var none T
	for i, path := range f.paths {
		var err error
		if texts[i], err = os.ReadFile(path); err != nil {
			return none, fault.Wrap(ErrConfig, "auth.File", err, "%v", err)
		}
	}
	value, err := f.parse(texts)
	if err != nil {
		return none, fault.Wrap(ErrConfig, "auth.File", err, "%s: %s", f.paths[0], textOf(err))
	}
	return value, nil
}

func textOf(err error) string {
	if d := fault.DetailOf(err); d != "" {
		return d
	}
	return err.Error()
}

// One makes a parser of a single file into one for OpenFile.
func One[T any](parse func(text []byte) (T, error)) func([][]byte) (T, error) {
	return func(texts [][]byte) (T, error) { return parse(texts[0]) }
}
