package local

import (
	"container/list"
	"io/fs"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
)

// indexCacheMarks bounds the index entries of sealed segments that are kept in memory: 16 bytes each.
const indexCacheMarks = 2 << 20

// indexes keeps the indexes of sealed segments that were used last.
type indexes struct {
	mu    sync.Mutex
	used  *list.List // of cached, last used first
	at    map[*segment]*list.Element
	marks int
}

type cached struct {
	s *segment
	x index
}

func newIndexes() *indexes { return &indexes{used: list.New(), at: map[*segment]*list.Element{}} }

func (c *indexes) get(s *segment) (index, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[s]
	if e == nil {
		return index{}, false
	}
	c.used.MoveToFront(e)
	return e.Value.(cached).x, true
}

func (c *indexes) put(s *segment, x index) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at[s] != nil {
		return
	}
	c.at[s] = c.used.PushFront(cached{s, x})
	c.marks += len(x.marks)
	for c.marks > indexCacheMarks && c.used.Len() > 1 {
		c.drop(c.used.Back())
	}
}

func (c *indexes) drop(e *list.Element) {
	v := c.used.Remove(e).(cached)
	delete(c.at, v.s)
	c.marks -= len(v.x.marks)
}

func (c *indexes) forget(s *segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.at[s]; e != nil {
		c.drop(e)
	}
}

// indexOf returns the index of all of s.
func (p *partition) indexOf(s *segment) (index, error) {
	if x, known, _ := p.indexNow(s); known == 0 {
		return x, nil
	}
	p.indexing.Lock()
	defer p.indexing.Unlock()
	x, known, _ := p.indexNow(s)
	if known == 0 {
		return x, nil
	}
	if sealed, size := p.sealed(s); sealed {
		return p.sealedIndex(s, size)
	}
	front, err := p.savedIndex(s, known)
	if err != nil {
		return index{}, err
	}
	p.mu.Lock()
	if s.known == known {
		s.index, s.known = front.join(s.index), 0
		defer p.mu.Unlock()
		return s.index, nil
	}
	size := s.size
	p.mu.Unlock()
	return p.sealedIndex(s, size) // it was sealed meanwhile
}

// indexNow returns the index of the bytes of s from known on, and the size that it reaches to.
func (p *partition) indexNow(s *segment) (x index, known, size int64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return s.index, s.known, s.size
}

func (p *partition) sealed(s *segment) (sealed bool, size int64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return s.known == s.size && (len(p.segments) == 0 || p.segments[len(p.segments)-1] != s), s.size
}

// savedIndex returns the index of the first size bytes of s: from its file, else made anew, and saved.
func (p *partition) savedIndex(s *segment, size int64) (index, error) {
	if b, err := readFile(p.e.fs, s.indexName()); err == nil {
		if x, ok := decodeIndex(b, s.base, size); ok {
			return x, nil
		}
	}
	x, err := p.buildIndex(s, size)
	if err != nil {
		return index{}, err
	}
	p.saveIndex(s, x, size)
	return x, nil
}

// saveIndex writes an index to its file. A failure is no matter: indexes are made again from the segment.
func (p *partition) saveIndex(s *segment, x index, size int64) {
	if err := writeIndex(p.e.fs, s.indexName(), x.encode(s.base, size)); err != nil {
		p.e.log.Warn("cannot write an index", "file", s.indexName(), "error", err)
	}
}

// worthSaving is how many entries an index of an unsealed segment must have to be saved when the engine closes.
const worthSaving = 64

// saveLast saves the index of the last segment, so that the next start need not make it again.
func (p *partition) saveLast() {
	s := p.last()
	if s == nil {
		return
	}
	if x, known, size := p.indexNow(s); known == 0 && len(x.marks) >= worthSaving {
		p.saveIndex(s, x, size)
	}
}

// sealedIndex returns the index of a sealed segment: from memory, else as savedIndex does.
func (p *partition) sealedIndex(s *segment, size int64) (index, error) {
	if x, ok := p.e.indexes.get(s); ok {
		return x, nil
	}
	if p.e.files.isGone(&s.file) { // the file of an index may be that of a successor by now
		return index{}, &fs.PathError{Op: "open", Path: s.name, Err: fs.ErrNotExist}
	}
	x, err := p.savedIndex(s, size)
	if err != nil {
		return index{}, err
	}
	p.e.indexes.put(s, x)
	if p.e.files.isGone(&s.file) { // trimmed meanwhile: leave nothing behind
		p.e.indexes.forget(s)
		_ = p.e.fs.Remove(s.indexName()) // perhaps it is gone already
	}
	return x, nil
}

// newestOf returns the largest timestamp of s.
func (p *partition) newestOf(s *segment) (int64, error) {
	p.mu.RLock()
	newest, ok := s.newest, s.hasNewest
	p.mu.RUnlock()
	if ok {
		return newest, nil
	}
	sealed, _ := p.sealed(s) // asked first, so that the index is the final one
	x, err := p.indexOf(s)
	if err != nil {
		return batch.NoTimestamp, err
	}
	if sealed {
		p.mu.Lock()
		s.newest, s.hasNewest = x.max, true
		p.mu.Unlock()
	}
	return x.max, nil
}

// buildIndex reads the headers of the first size bytes of s.
func (p *partition) buildIndex(s *segment, size int64) (index, error) {
	f, err := p.e.files.acquire(&s.file)
	if err != nil {
		return index{}, err
	}
	defer p.e.files.release(&s.file, false)
	x := newIndex()
	err = walk(f, s.name, 0, size, func(header batch.Batch, pos, _ int64) bool {
		x.note(s.base, header, pos)
		return true
	})
	return x, err
}
