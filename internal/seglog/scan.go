package seglog

import (
	"errors"
	"io"

	"github.com/pawl-registry/pawl/internal/vfs"
)

// chunk is how much a scan reads at a time, in bytes.
const chunk = 256 << 10

// errBad ends a scan at bytes that are not the entry expected there.
var errBad = errors.New("no valid entry")

// scanner walks the entries of a file.
type scanner struct {
	f    vfs.File
	end  int64 // of what may be looked at
	at   point // the entry to come
	buf  []byte
	from int64 // position of buf in the file
}

// window returns n bytes at pos, reading on if need be.
func (s *scanner) window(pos, n int64) ([]byte, error) {
	if pos < s.from || pos+n > s.from+int64(len(s.buf)) {
		want := min(max(n, chunk), s.end-pos)
		if int64(cap(s.buf)) < want {
			s.buf = make([]byte, want)
		}
		s.buf, s.from = s.buf[:want], pos
		if got, err := s.f.ReadAt(s.buf, pos); int64(got) < want && err != nil {
			s.buf = s.buf[:0]
			if errors.Is(err, io.EOF) {
				return nil, errBad
			}
			return nil, err
		}
	}
	return s.buf[pos-s.from : pos-s.from+n], nil
}

// next returns the payload of the entry at s.at and moves on. It fails with errBad where there is no such entry, and then
// stays. The payload is valid until the next call.
func (s *scanner) next() ([]byte, error) {
	if s.end-s.at.pos < frameSize {
		return nil, errBad
	}
	head, err := s.window(s.at.pos, frameSize)
	if err != nil {
		return nil, err
	}
	f := parseFrame(head)
	if f.seq != s.at.seq || !f.plausible(s.end-s.at.pos) {
		return nil, errBad
	}
	entry, err := s.window(s.at.pos, frameSize+int64(f.length))
	if err != nil {
		return nil, err
	}
	if entryCRC(entry) != f.crc {
		return nil, errBad
	}
	s.at = point{s.at.seq + 1, s.at.pos + f.size()}
	return entry[frameSize:], nil
}

// searchFactor bounds what a search checks, as a multiple of what it looks through: a payload may be made of heads of entries
// that claim to be long.
const searchFactor = 16

// search looks for a valid entry behind s.at.pos, where next found none, that accept takes. Entries are aligned, so that it
// can find one behind any amount of damage. Number and place of an entry must agree, which leaves next to nothing to check:
// those in between take their room.
func (s *scanner) search(accept func(frame) bool) (bool, error) {
	budget := searchFactor * (s.end - s.at.pos)
	for pos := s.at.pos; s.end-pos >= frameSize; pos += alignment {
		head, err := s.window(pos, frameSize)
		if err != nil {
			return false, err
		}
		f := parseFrame(head)
		if !f.plausible(s.end-pos) || !accept(f) || f.seq-s.at.seq > uint64(pos-s.at.pos)/frameSize {
			continue
		}
		if budget -= f.size(); budget < 0 {
			return false, nil
		}
		entry, err := s.window(pos, frameSize+int64(f.length))
		if err != nil {
			return false, err
		}
		if entryCRC(entry) == f.crc {
			return true, nil
		}
	}
	return false, nil
}
