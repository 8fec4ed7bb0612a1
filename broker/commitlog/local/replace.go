package local

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Names of files of a compaction. Frozen.
const (
	cleanedSuffix = ".cleaned" // being written: of no use
	swapSuffix    = ".swap"    // complete and durable: stands for the segments from its base up to its end
)

// replacement is a new segment in the place of old ones.
type replacement struct {
	old   []*segment
	fresh *segment
}

func swapName(dir string, base, next batch.Offset) string {
	return path.Join(dir, fmt.Sprintf("%0*d-%0*d%s", offsetDigits, base, offsetDigits, next, swapSuffix))
}

func parseSwap(name string) (base, next batch.Offset, ok bool) {
	digits, ok := strings.CutSuffix(name, swapSuffix)
	if !ok || len(digits) != 2*offsetDigits+1 || digits[offsetDigits] != '-' {
		return 0, 0, false
	}
	from, err := strconv.ParseInt(digits[:offsetDigits], 10, 64)
	upTo, err2 := strconv.ParseInt(digits[offsetDigits+1:], 10, 64)
	return batch.Offset(from), batch.Offset(upTo), err == nil && err2 == nil && 0 <= from && from < upTo
}

// replace puts a segment, whose file is complete, durable and called cleaned, in the place of others. From the moment that its
// name says what it stands for, it counts, after a crash too.
func (p *partition) replace(r replacement, x index, cleaned string) error {
	p.reshaping.Lock()
	defer p.reshaping.Unlock()
	p.indexing.Lock()
	defer p.indexing.Unlock()
	if err := p.usable("local.Compact"); err != nil {
		return errors.Join(err, p.e.fs.Remove(cleaned))
	}
	swap := swapName(p.dir, r.fresh.base, r.fresh.next)
	if err := p.e.fs.Rename(cleaned, swap); err != nil {
		return p.e.fail("local.Compact", err)
	}
	if err := p.e.fs.SyncDir(p.dir); err != nil {
		return p.e.fail("local.Compact", err)
	}
	r.fresh.alias = swap
	p.e.indexes.put(r.fresh, x)
	if !p.splice(r) { // all of it was trimmed meanwhile
		r.old = append(r.old, r.fresh)
		return wrapDisk(p.unlink(r.old))
	}
	p.unsettled = append(p.unsettled, r)
	return p.settle()
}

// splice replaces the old segments in the list, those that were not trimmed meanwhile. It reports whether there were any.
func (p *partition) splice(r replacement) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	isOld := func(s *segment) bool { return slices.Contains(r.old, s) }
	from := slices.IndexFunc(p.segments, isOld)
	if from < 0 {
		return false
	}
	to := from
	for to < len(p.segments) && isOld(p.segments[to]) {
		to++
	}
	p.segments = slices.Concat(p.segments[:from], []*segment{r.fresh}, p.segments[to:])
	return true
}

// settle deletes the replaced files and gives the new ones their names. What cannot be done now, because a system does not
// delete files that are read, is done by the next compaction or the next start. p.reshaping and p.indexing are held.
func (p *partition) settle() error {
	for len(p.unsettled) > 0 {
		r := p.unsettled[0]
		if err := p.unlink(r.old); err != nil {
			return wrapDisk(err)
		}
		if err := p.e.fs.SyncDir(p.dir); err != nil {
			return p.e.fail("local.Compact", err)
		}
		if err := p.e.files.settle(&r.fresh.file); err != nil {
			return wrapDisk(err)
		}
		if err := p.e.fs.SyncDir(p.dir); err != nil {
			return p.e.fail("local.Compact", err)
		}
		p.unsettled = p.unsettled[1:]
	}
	return nil
}

// finishReplacing does what a crash kept settle from doing, and deletes what was not complete.
func (p *partition) finishReplacing() error {
	files, err := p.e.fs.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	for _, name := range names {
		if strings.HasSuffix(name, cleanedSuffix) {
			err = p.e.fs.Remove(path.Join(p.dir, name))
		} else if base, next, ok := parseSwap(name); ok {
			err = p.finishSwap(names, name, base, next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *partition) finishSwap(names []string, swap string, base, next batch.Offset) error {
	for _, name := range names {
		stem, isIndex := strings.CutSuffix(name, indexSuffix)
		if isIndex {
			stem += segmentSuffix
		} else {
			stem = name
		}
		if at, ok := parseSegment(stem); ok && base <= at && at < next {
			if err := p.e.fs.Remove(path.Join(p.dir, name)); err != nil {
				return err
			}
		}
	}
	if err := p.e.fs.SyncDir(p.dir); err != nil {
		return err
	}
	if err := p.e.fs.Rename(path.Join(p.dir, swap), newSegment(p.dir, base).name); err != nil {
		return err
	}
	return p.e.fs.SyncDir(p.dir)
}
