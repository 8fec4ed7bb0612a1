package migrate

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

// image is one side of a comparison as it was when it was read. Only its owner changes it; close frees the disk.
type image struct {
	contexts map[string]int            // to the highest ID given away, 0 if unknown
	configs  map[string]openapi.Config // what is stored under each name
	modes    map[string]string
	entries  []entry // by subject and version, after seal
	at       map[place]int
	leftover map[string]bool // contexts that hold the remains of an interrupted run
	texts    *spool
	names    map[string]string // one copy of each subject's name
	head     headLine          // of the file that it was read from
	aliases  map[string]bool   // names without schemas that other subjects' schemas are reached by
}

type place struct {
	subject string
	version int
}

func (p place) String() string { return fmt.Sprintf("%s version %d", p.subject, p.version) }

// entry is what memory keeps of a version.
type entry struct {
	place
	id      int
	deleted bool
	sum     [sha256.Size]byte // of the content
	guid    schema.GUID       // zero if the registry does not state it
	refs    []place           // resolved
	off     int64             // of its line in the spool
	size    int
}

func newImage() (*image, error) {
	s, err := newSpool()
	if err != nil {
		return nil, err
	}
	return &image{
		contexts: map[string]int{}, configs: map[string]openapi.Config{}, modes: map[string]string{}, at: map[place]int{},
		leftover: map[string]bool{}, texts: s, names: map[string]string{}, aliases: map[string]bool{},
	}, nil
}

func (im *image) close() { im.texts.close() }

// add takes a version in. One that is there already gives way: a registry that is written to may show it twice.
func (im *image) add(v version) error {
	if _, subject := cut(v.Subject); subject == reserved {
		im.leftover[contextOf(v.Subject)] = true
		return nil
	}
	e := entry{place: place{im.name(v.Subject), v.Version}, id: v.ID, deleted: v.Deleted, guid: parseGUID(v.GUID)}
	context := contextOf(v.Subject)
	for _, r := range v.References {
		e.refs = append(e.refs, place{im.name(referred(context, r.Subject)), r.Version})
	}
	var err error
	if e.sum, err = v.sum(); err != nil {
		return err
	}
	text, err := encode(line{Schema: &v})
	if err != nil {
		return err
	}
	e.size = len(text)
	if e.off, err = im.texts.add(text); err != nil {
		return err
	}
	if i, again := im.at[e.place]; again {
		im.entries[i] = e
		return nil
	}
	im.at[e.place] = len(im.entries)
	im.entries = append(im.entries, e)
	return nil
}

func (im *image) name(s string) string {
	if known, ok := im.names[s]; ok {
		return known
	}
	im.names[s] = s
	return s
}

// parseGUID reads a GUID; what is none is as good as not stated.
func parseGUID(text string) schema.GUID {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != len(schema.GUID{}) {
		return schema.GUID{}
	}
	return schema.GUID(b)
}

// seal brings the entries into their order: that of files, the same for every registry of the same content.
func (im *image) seal() {
	slices.SortFunc(im.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.version, b.version))
	})
	for i, e := range im.entries {
		im.at[e.place] = i
	}
}

// version reads an entry back from the spool.
func (im *image) version(i int) (version, error) {
	text, err := im.texts.read(im.entries[i].off, im.entries[i].size)
	if err != nil {
		return version{}, err
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil || l.Schema == nil {
		return version{}, cli.File(fmt.Errorf("the temporary file is damaged: %w", errors.Join(err)))
	}
	l.Schema.Deleted = im.entries[i].deleted
	return *l.Schema, nil
}

// highest returns the highest ID among the entries of each context.
func (im *image) highest() map[string]int {
	out := map[string]int{}
	for _, e := range im.entries {
		c := contextOf(e.subject)
		out[c] = max(out[c], e.id)
	}
	return out
}

// subjects counts the subjects of the sealed entries.
func (im *image) subjects() int {
	n := 0
	for i, e := range im.entries {
		if i == 0 || e.subject != im.entries[i-1].subject {
			n++
		}
	}
	return n
}

// spool keeps lines in a temporary file that has no name, so that it goes with the process.
type spool struct {
	file *os.File
	w    *bufio.Writer
	end  int64
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "pawl-*.jsonl")
	if err != nil {
		return nil, cli.File(err)
	}
	_ = os.Remove(f.Name()) // where open files cannot be removed, close does it
	return &spool{file: f, w: bufio.NewWriterSize(f, 1<<16)}, nil
}

func (s *spool) add(text []byte) (off int64, err error) {
	off = s.end
	n, err := s.w.Write(text)
	s.end += int64(n)
	if err != nil {
		return 0, cli.File(err)
	}
	return off, nil
}

// read returns what add took. It may be called from many goroutines at once after flush.
func (s *spool) read(off int64, size int) ([]byte, error) {
	text := make([]byte, size)
	if _, err := s.file.ReadAt(text, off); err != nil {
		return nil, cli.File(err)
	}
	return text, nil
}

func (s *spool) flush() error {
	if err := s.w.Flush(); err != nil {
		return cli.File(err)
	}
	return nil
}

func (s *spool) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name()) // gone already, as a rule
}
