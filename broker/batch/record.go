package batch

// Record is one record of a batch. Its slices alias the bytes it was read from.
type Record struct {
	Offset    Offset
	Timestamp int64  // milliseconds since the Unix epoch
	Key       []byte // nil is null, which differs from empty
	Value     []byte // nil is null (a tombstone), which differs from empty
	Headers   []Header
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte // nil is null
}
