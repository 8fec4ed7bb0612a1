package seglog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
)

var (
	// ErrCorrupt: bytes that were durable fail their checksum or are missing. Nothing was changed.
	ErrCorrupt = fault.NewCode(fault.Internal, "segments_corrupt")
	// ErrFailed: a write or a sync failed; open the log again.
	ErrFailed = fault.NewCode(fault.Unavailable, "segments_failed")
	// ErrClosed: the log was closed.
	ErrClosed = fault.NewCode(fault.Unavailable, "segments_closed")
	// ErrTrimmed: the entries asked for are no longer there.
	ErrTrimmed = fault.NewCode(fault.NotFound, "segments_trimmed")
	// ErrTooLarge: an entry is larger than MaxEntry.
	ErrTooLarge = fault.NewCode(fault.Invalid, "segments_entry_too_large")
)

// Sizes and marks of the format, see FORMAT.md. They reach the disk: frozen.
const (
	magic       = "pawlseg\x01" // the last byte is the version
	headerSize  = 24
	frameSize   = 24
	alignment   = 8
	nameDigits  = 20
	nameSuffix  = ".seg"
	spareSuffix = ".spare"
	indexStride = 64 << 10 // in memory only
)

// MaxEntry is the largest entry, in bytes.
const MaxEntry = 1 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fileName(first uint64) string { return fmt.Sprintf("%0*d%s", nameDigits, first, nameSuffix) }

// parseName is the inverse of fileName.
func parseName(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, nameSuffix)
	if !ok || len(digits) != nameDigits {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0
}

func makeHeader(first uint64) []byte {
	h := make([]byte, headerSize)
	copy(h, magic)
	binary.BigEndian.PutUint64(h[8:], first)
	binary.BigEndian.PutUint32(h[20:], crc32.Checksum(h[:20], castagnoli))
	return h
}

func headerOK(h []byte, first uint64) bool { return string(h) == string(makeHeader(first)) }

// frame is the head of an entry.
type frame struct {
	crc     uint32
	length  uint32
	seq     uint64
	durable uint64
}

func parseFrame(b []byte) frame {
	be := binary.BigEndian
	return frame{crc: be.Uint32(b), length: be.Uint32(b[4:]), seq: be.Uint64(b[8:]), durable: be.Uint64(b[16:])}
}

// size is what the entry takes on disk.
func (f frame) size() int64 { return padded(int64(f.length)) }

func padded(length int64) int64 { return (frameSize + length + alignment - 1) &^ (alignment - 1) }

// entryCRC is the checksum of the entry whose bytes, without padding, are b.
func entryCRC(b []byte) uint32 { return crc32.Checksum(b[4:], castagnoli) }

// plausible tells whether f can head an entry numbered seq within room bytes. It is cheap; the checksum decides.
func (f frame) plausible(room int64) bool {
	return f.seq > 0 && f.length <= MaxEntry && f.durable < f.seq && f.size() <= room
}
