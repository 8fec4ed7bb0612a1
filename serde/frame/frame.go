package frame

import (
	"encoding/binary"
	"strconv"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// The magic bytes are frozen: they are on every wire and disk that ever held a framed record.
const (
	MagicID   byte = 0x00 // a 4-byte ID follows
	MagicGUID byte = 0x01 // a 16-byte GUID follows
)

// The names of the record headers that carry a frame instead of the key or the value. If a record has several headers of one
// name, the last one counts.
const (
	KeyHeader   = "__key_schema_id"
	ValueHeader = "__value_schema_id"
)

// Sizes of the two forms in bytes.
const (
	SizeID   = 1 + 4
	SizeGUID = 1 + 16
)

var (
	// ErrEmpty is the code of data without a single byte.
	ErrEmpty = fault.NewCode(fault.Invalid, "frame_empty")
	// ErrMagic is the code of data that starts with neither magic byte: its producer used no schema-aware serializer.
	ErrMagic = fault.NewCode(fault.Invalid, "frame_unknown_magic")
	// ErrShort is the code of data that ends within the ID or the GUID.
	ErrShort = fault.NewCode(fault.Invalid, "frame_truncated")
)

// Ref names a schema: by GUID if ByGUID is set, else by ID. It is comparable.
type Ref struct {
	ID     schema.ID
	GUID   schema.GUID
	ByGUID bool
}

// String prints the ID in decimal or the GUID in its usual form.
func (r Ref) String() string {
	if r.ByGUID {
		return r.GUID.String()
	}
	return strconv.Itoa(int(r.ID))
}

// Append appends the frame of r to dst.
func Append(dst []byte, r Ref) []byte {
	if r.ByGUID {
		return append(append(dst, MagicGUID), r.GUID[:]...)
	}
	return AppendID(dst, r.ID)
}

// AppendID appends magic byte 0 and the ID to dst.
func AppendID(dst []byte, id schema.ID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, MagicID), uint32(id))
}

// Split takes the frame off data and returns what it names and the body behind it, which aliases data and may be empty. It
// fails with ErrEmpty, ErrMagic or ErrShort.
func Split(data []byte) (Ref, []byte, error) {
	if len(data) >= SizeID && data[0] == MagicID {
		return Ref{ID: schema.ID(binary.BigEndian.Uint32(data[1:]))}, data[SizeID:], nil
	}
	if len(data) >= SizeGUID && data[0] == MagicGUID {
		return Ref{GUID: schema.GUID(data[1:SizeGUID]), ByGUID: true}, data[SizeGUID:], nil
	}
	return Ref{}, nil, refuse(data)
}

func refuse(data []byte) error {
	const op = "frame.Split"
	switch {
	case len(data) == 0:
		return fault.New(ErrEmpty, op, "0 bytes where a schema ID is expected; produce with a schema-aware serializer, or send null")
	case data[0] == MagicID:
		return fault.New(ErrShort, op, "%d bytes, but magic byte 0 and a schema ID take %d", len(data), SizeID)
	case data[0] == MagicGUID:
		return fault.New(ErrShort, op, "%d bytes, but magic byte 1 and a schema GUID take %d", len(data), SizeGUID)
	}
	return fault.New(ErrMagic, op, "the first byte is 0x%02x, not a magic byte (0x00 or 0x01); produce with a schema-aware serializer", data[0])
}
