package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// The catalog file, see FORMAT.md. Frozen.
const (
	catalogName   = "catalog"
	catalogMagic  = "pawlcat\x01" // the last byte is the version
	catalogHead   = 28            // magic, the write-ahead log's position, the last id, how many entries
	catalogEntry  = 8 + 1 + 2 + 8 + 8 + 8 + 8
	flagCorrupt   = 1
	catalogFooter = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// point is a place in a partition's segments up to which everything is durable.
type point struct {
	offset batch.Offset // one past the last durable record
	base   batch.Offset // of the segment
	pos    int64        // in the segment
}

// entry is what the catalog knows of one log.
type entry struct {
	id      logID
	name    string
	start   batch.Offset
	point   point
	corrupt bool // recovery found durable data missing
}

// catalog is the table of all logs, folded from records.
type catalog struct {
	mu     sync.Mutex
	wal    uint64 // records before it are folded in, and their batches are durable in segments
	lastID logID
	byID   map[logID]*entry
	byName map[string]*entry
}

func newCatalog() *catalog {
	return &catalog{wal: 1, byID: map[logID]*entry{}, byName: map[string]*entry{}}
}

// fold applies a record. Doing so twice changes nothing.
func (c *catalog) fold(r record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID = max(c.lastID, r.id)
	e := c.byID[r.id]
	switch {
	case r.kind == kindCreate && e == nil:
		c.add(&entry{id: r.id, name: string(r.body)})
	case r.kind == kindCreate:
		c.byName[e.name] = e // an older log of that name was folded in once more, and out
	case r.kind == kindRemove && e != nil:
		delete(c.byID, r.id)
		if c.byName[e.name] == e {
			delete(c.byName, e.name)
		}
	case r.kind == kindTrim && e != nil:
		e.start = max(e.start, r.start())
	}
}

func (c *catalog) add(e *entry) {
	c.byID[e.id] = e
	c.byName[e.name] = e
	c.lastID = max(c.lastID, e.id)
}

func (c *catalog) newID() logID {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID++
	return c.lastID
}

// named returns a copy of the entry of a name.
func (c *catalog) named(name string) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byName[name]; e != nil {
		return *e, true
	}
	return entry{}, false
}

// get returns a copy of the entry of an id.
func (c *catalog) get(id logID) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byID[id]; e != nil {
		return *e, true
	}
	return entry{}, false
}

// update changes the entry of an id, if it is still there.
func (c *catalog) update(id logID, change func(e *entry)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byID[id]; e != nil {
		change(e)
	}
}

func (c *catalog) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]string, 0, len(c.byName))
	return slices.AppendSeq(names, maps.Keys(c.byName))
}

func (c *catalog) encode() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	be := binary.BigEndian
	b := make([]byte, 0, catalogHead+len(c.byID)*(catalogEntry+24))
	b = be.AppendUint64(append(b, catalogMagic...), c.wal)
	b = be.AppendUint64(b, uint64(c.lastID))
	b = be.AppendUint32(b, uint32(len(c.byID)))
	for _, id := range slices.Sorted(maps.Keys(c.byID)) {
		b = c.byID[id].append(b)
	}
	return be.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func (e *entry) append(b []byte) []byte {
	be := binary.BigEndian
	b = be.AppendUint64(b, uint64(e.id))
	flags := byte(0)
	if e.corrupt {
		flags = flagCorrupt
	}
	b = append(b, flags)
	b = append(be.AppendUint16(b, uint16(len(e.name))), e.name...)
	for _, v := range []int64{int64(e.start), int64(e.point.offset), int64(e.point.base), e.point.pos} {
		b = be.AppendUint64(b, uint64(v))
	}
	return b
}

var errCatalog = errors.New("the catalog is damaged")

func decodeCatalog(b []byte) (*catalog, error) {
	be := binary.BigEndian
	if len(b) < catalogHead+catalogFooter || string(b[:8]) != catalogMagic {
		return nil, errCatalog
	}
	body, sum := b[:len(b)-catalogFooter], be.Uint32(b[len(b)-catalogFooter:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, errCatalog
	}
	c := newCatalog()
	c.wal, c.lastID = be.Uint64(b[8:]), logID(be.Uint64(b[16:]))
	rest := body[catalogHead:]
	for range be.Uint32(b[24:]) {
		e, after, err := decodeEntry(rest)
		if err != nil {
			return nil, err
		}
		c.add(e)
		rest = after
	}
	if len(rest) != 0 {
		return nil, errCatalog
	}
	return c, nil
}

func decodeEntry(b []byte) (*entry, []byte, error) {
	be := binary.BigEndian
	if len(b) < catalogEntry {
		return nil, nil, errCatalog
	}
	e := &entry{id: logID(be.Uint64(b)), corrupt: b[8]&flagCorrupt != 0}
	name := int(be.Uint16(b[9:]))
	if len(b) < catalogEntry+name {
		return nil, nil, errCatalog
	}
	e.name = string(b[11 : 11+name])
	b = b[11+name:]
	e.start = batch.Offset(be.Uint64(b))
	e.point = point{offset: batch.Offset(be.Uint64(b[8:])), base: batch.Offset(be.Uint64(b[16:])), pos: int64(be.Uint64(b[24:]))}
	if e.start < 0 || e.point.base < 0 || e.point.offset < e.point.base || e.point.pos < 0 {
		return nil, nil, errCatalog
	}
	return e, b[32:], commitlog.CheckName(e.name)
}

// readCatalog returns the catalog of a data directory, or a new one if the directory is new.
func readCatalog(fsys vfs.FS) (*catalog, error) {
	b, err := readFile(fsys, catalogName)
	if errors.Is(err, fs.ErrNotExist) {
		return newCatalog(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	c, err := decodeCatalog(b)
	if err != nil {
		return nil, fault.Wrap(commitlog.ErrCorrupt, "local.Open", err, "%s is damaged: restore it from a backup", catalogName)
	}
	return c, nil
}

// write puts the catalog in the place of the old one: a crash leaves one of the two, whole.
func (c *catalog) write(fsys vfs.FS) error {
	return replaceFile(fsys, catalogName, c.encode())
}

func replaceFile(fsys vfs.FS, name string, b []byte) error {
	f, err := fsys.Create(name + ".new")
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(b, 0); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(name+".new", name); err != nil {
		return err
	}
	return fsys.SyncDir(".")
}

func readFile(fsys vfs.FS, name string) (b []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b = make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) && err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}
