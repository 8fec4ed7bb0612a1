package batch

import "github.com/pawl-registry/pawl/fault"

var (
	// ErrShort: the bytes end before the batch does. Reading on may complete it.
	ErrShort = fault.NewCode(fault.Invalid, "batch_too_short")
	// ErrLength: the batch length is smaller than a header.
	ErrLength = fault.NewCode(fault.Invalid, "batch_bad_length")
	// ErrMagic: the message format is not v2. The older formats are not served.
	ErrMagic = fault.NewCode(fault.Invalid, "batch_unsupported_magic")
	// ErrChecksum: the CRC-32C does not match the bytes.
	ErrChecksum = fault.NewCode(fault.Invalid, "batch_checksum_mismatch")
	// ErrHeader: header fields contradict each other or the size of the batch.
	ErrHeader = fault.NewCode(fault.Invalid, "batch_bad_header")
	// ErrCodec: the compression codec is unknown.
	ErrCodec = fault.NewCode(fault.Invalid, "batch_unknown_codec")
	// ErrCompression: the compressed records cannot be decompressed.
	ErrCompression = fault.NewCode(fault.Invalid, "batch_bad_compression")
	// ErrTooLarge: the decompressed records pass the bound that the caller gave.
	ErrTooLarge = fault.NewCode(fault.Invalid, "batch_too_large")
	// ErrRecord: a record cannot be parsed, or the records do not match the header.
	ErrRecord = fault.NewCode(fault.Invalid, "batch_bad_record")
)
