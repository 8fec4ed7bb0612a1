package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/pawl-registry/pawl/fault"
)

// buffer is a pooled target of decompression.
type buffer struct {
	b   []byte
	src bytes.Reader
}

// keepBytes is the largest buffer that goes back into the pool, so that one giant batch does not stay for ever.
const keepBytes = 8 << 20

var (
	buffers     = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, 64<<10)} }}
	gzipReaders sync.Pool
	lz4Readers  = sync.Pool{New: func() any { return lz4.NewReader(nil) }}
	zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		// DecodeAll writes into the capacity it is given and no further: that is the bound on a hostile frame.
		return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(0))
	})
)

var errBound = errors.New("more bytes than allowed")

func takeBuffer() *buffer { return buffers.Get().(*buffer) }

func (t *buffer) release() {
	t.src.Reset(nil)
	if cap(t.b) <= keepBytes {
		t.b = t.b[:0]
		buffers.Put(t)
	}
}

// decompress fills t.b with what src unpacks to, at most maxBytes.
func (t *buffer) decompress(c Codec, src []byte, maxBytes int) (err error) {
	defer func() {
		// The decoders are not ours and the bytes are a stranger's: a panic in one must cost the batch, not the broker.
		if p := recover(); p != nil {
			err = fault.Wrap(ErrCompression, "batch.Records", fmt.Errorf("panic: %v", p), "the %s data is malformed", c)
		}
	}()
	t.b = t.b[:0]
	switch c {
	case Gzip:
		err = t.gunzip(src, maxBytes)
	case Snappy:
		err = t.unsnappy(src, maxBytes)
	case LZ4:
		err = t.unlz4(src, maxBytes)
	case Zstd:
		err = t.unzstd(src, maxBytes)
	default:
		return fault.New(ErrCodec, "batch.Records", "codec %d is unknown", c)
	}
	if errors.Is(err, errBound) {
		return fault.New(ErrTooLarge, "batch.Records", "the records unpack to more than %d bytes", maxBytes)
	}
	if err != nil {
		return fault.Wrap(ErrCompression, "batch.Records", err, "the %s data is malformed", c)
	}
	return nil
}

func (t *buffer) gunzip(src []byte, maxBytes int) error {
	t.src.Reset(src)
	zr, ok := gzipReaders.Get().(*gzip.Reader)
	if !ok {
		zr = new(gzip.Reader)
	}
	defer gzipReaders.Put(zr)
	if err := zr.Reset(&t.src); err != nil {
		return err
	}
	return t.fill(zr, maxBytes)
}

func (t *buffer) unlz4(src []byte, maxBytes int) error {
	t.src.Reset(src)
	zr := lz4Readers.Get().(*lz4.Reader)
	defer lz4Readers.Put(zr)
	defer zr.Reset(nil)
	zr.Reset(&t.src)
	return t.fill(zr, maxBytes)
}

// fill reads r to its end into t.b.
func (t *buffer) fill(r io.Reader, maxBytes int) error {
	for {
		if len(t.b) == cap(t.b) {
			t.b = append(t.b, 0)[:len(t.b)]
		}
		room := min(cap(t.b), maxBytes+1)
		if room <= len(t.b) {
			return errBound
		}
		n, err := r.Read(t.b[len(t.b):room])
		t.b = t.b[:len(t.b)+n]
		if len(t.b) > maxBytes {
			return errBound
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *buffer) unzstd(src []byte, maxBytes int) error {
	zd, err := zstdDecoder()
	if err != nil {
		return err
	}
	// Frames of streaming producers (Java's among them) do not tell their size: try what the pool gave, then larger.
	for limit := max(cap(t.b), 4*len(src)); ; limit *= 4 {
		limit = min(limit, maxBytes)
		if cap(t.b) < limit {
			t.b = make([]byte, 0, limit)
		}
		out, err := zd.DecodeAll(src, t.b[:0:limit])
		if err == nil {
			t.b = out
			return nil
		}
		if !errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			return err
		}
		if limit >= maxBytes {
			return errBound
		}
	}
}

func (t *buffer) unsnappy(src []byte, maxBytes int) error {
	if isXerial(src) {
		return t.unxerial(src, maxBytes)
	}
	return t.appendSnappy(src, maxBytes)
}

// appendSnappy unpacks one raw snappy block behind t.b.
func (t *buffer) appendSnappy(block []byte, maxBytes int) error {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return err
	}
	have := len(t.b)
	if n > maxBytes-have {
		return errBound
	}
	// A snappy copy makes at most 64 bytes from three, so a block that claims more is a lie told to make us allocate.
	if n/64 > len(block) {
		return errors.New("a block claims more than it can hold")
	}
	if cap(t.b)-have < n {
		t.b = append(make([]byte, 0, max(have+n, 2*cap(t.b))), t.b...)
	}
	out, err := s2.Decode(t.b[have:have+n:have+n], block)
	if err != nil {
		return err
	}
	t.b = t.b[:have+len(out)]
	return nil
}
