package local

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/seglog"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// recover brings the segments to what the write-ahead log says, makes that durable, and empties the write-ahead log. It can be
// cut short anywhere and begun again.
func (e *Engine) recover(ctx context.Context, wal *seglog.Log) error {
	first, next := wal.Bounds()
	if first > e.catalog.wal || next < e.catalog.wal {
		return fault.New(commitlog.ErrCorrupt, "local.Open",
			"the catalog needs the write-ahead log from record %d on; it holds %d to %d", e.catalog.wal, first, next)
	}
	if err := e.foldAll(wal); err != nil {
		return err
	}
	if err := e.checkLeftovers(); err != nil {
		return err
	}
	e.committer = newCommitter(e, wal)
	if err := e.replayAll(ctx, wal); err != nil {
		return err
	}
	if err := wal.Roll(); err != nil {
		return translate("local.Open", err)
	}
	if err := e.checkpoint(); err != nil {
		return translate("local.Open", err)
	}
	return nil
}

func eachRecord(wal *seglog.Log, from uint64, visit func(r record) error) error {
	return wal.Read(from, func(seq uint64, payload []byte) error {
		r, ok := parseRecord(payload)
		if !ok {
			return fault.New(commitlog.ErrCorrupt, "local.Open", "record %d of the write-ahead log is of an unknown kind: use a newer version", seq)
		}
		return visit(r)
	})
}

// foldAll applies what the records say of logs, so that batches of removed logs are known for what they are.
func (e *Engine) foldAll(wal *seglog.Log) error {
	err := eachRecord(wal, e.catalog.wal, func(r record) error {
		e.catalog.fold(r)
		return nil
	})
	return wrapDisk(err)
}

func wrapDisk(err error) error {
	if err == nil || fault.CodeOf(err) != nil {
		return err
	}
	return translate("local.Open", err)
}

// checkLeftovers deletes folders of logs that are not in the catalog: their removal was cut short, or their name never
// became durable. A folder with an id that was never given says that the catalog is not the one of this directory.
func (e *Engine) checkLeftovers() error {
	list, err := e.fs.ReadDir(logsName)
	if errors.Is(err, fs.ErrNotExist) {
		return e.makeLogsDir()
	}
	if err != nil {
		return translate("local.Open", err)
	}
	for _, d := range list {
		digits, _, _ := strings.Cut(d.Name(), "-")
		id, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || !d.IsDir() {
			continue // not ours
		}
		if _, ok := e.catalog.get(logID(id)); ok {
			continue
		}
		if logID(id) > e.catalog.lastID {
			return fault.New(commitlog.ErrCorrupt, "local.Open", "%s/%s is not in the catalog: restore %s from a backup", logsName, d.Name(), catalogName)
		}
		if err := removeDir(e.fs, path.Join(logsName, d.Name())); err != nil {
			return translate("local.Open", err)
		}
	}
	return nil
}

func (e *Engine) makeLogsDir() error {
	if err := e.fs.MkdirAll(logsName); err != nil {
		return translate("local.Open", err)
	}
	if err := e.fs.SyncDir("."); err != nil {
		return translate("local.Open", err)
	}
	return nil
}

func removeDir(fsys vfs.FS, dir string) error {
	list, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := fsys.Remove(path.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return fsys.Remove(dir)
}

// replay is a partition in recovery.
type replay struct {
	p       *partition
	tail    tail
	settled bool
	corrupt bool
}

func (e *Engine) replayAll(ctx context.Context, wal *seglog.Log) error {
	replays := map[logID]*replay{}
	err := eachRecord(wal, e.catalog.wal, func(r record) error {
		if r.kind != kindBatch {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return e.replayOne(replays, r)
	})
	if err != nil {
		return wrapDisk(err)
	}
	for id, r := range replays {
		if r == nil {
			continue
		}
		if err := e.endReplay(id, r); err != nil {
			return wrapDisk(err)
		}
	}
	return nil
}

func (e *Engine) endReplay(id logID, r *replay) error {
	if r.corrupt {
		e.log.Error("durable data of a log is missing; it will not open", "dir", r.p.dir)
		e.catalog.update(id, func(c *entry) { c.corrupt = true })
		delete(e.partitions, id)
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	return r.p.finish()
}

// settle cuts off the tail, once it is certain that the log is whole up to there.
func (r *replay) settle() error {
	if r.settled {
		return nil
	}
	r.settled = true
	return r.p.cutTail(r.tail)
}

// replayOne puts one batch where it belongs, unless it is there.
func (e *Engine) replayOne(replays map[logID]*replay, rec record) error {
	r, known := replays[rec.id]
	if !known {
		var err error
		if r, err = e.beginReplay(rec.id); err != nil {
			return err
		}
		replays[rec.id] = r
	}
	b := batch.Batch(rec.body)
	switch {
	case r == nil || r.corrupt || b.BaseOffset() < r.p.end:
		return nil // removed, given up, or there
	case b.BaseOffset() > r.p.end:
		r.corrupt = true // what lies between was durable once
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	return r.p.rewrite(b)
}

// beginReplay loads the partition of an id; nil if the log is gone.
func (e *Engine) beginReplay(id logID) (*replay, error) {
	c, ok := e.catalog.get(id)
	if !ok || c.corrupt {
		return nil, nil
	}
	r := &replay{p: e.newPartition(c)}
	var err error
	r.tail, err = r.p.load(c.point)
	if r.corrupt = errors.Is(err, commitlog.ErrCorrupt); err != nil && !r.corrupt {
		return nil, err
	}
	e.partitions[id] = r.p
	return r, nil
}

// rewrite is append without the write-ahead log, for a batch that came from there.
func (p *partition) rewrite(b batch.Batch) error {
	s, err := p.room(int64(len(b)), int64(b.LastOffsetDelta()))
	if err == nil {
		err = p.write(s, b)
	}
	if err != nil {
		return translate("local.Open", err)
	}
	p.appended(s, b, commitlog.OS)
	return nil
}
