package batch

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/pawl-registry/pawl/fault"
)

var (
	gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	lz4Writers  = sync.Pool{New: func() any { return lz4.NewWriter(nil) }}
	zstdEncoder = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil) })
)

// compress replaces the records behind the header by their compressed form.
func (w *writer) compress() error {
	if w.spec.Codec == None {
		return nil
	}
	body := w.out[w.start+HeaderSize:]
	packed, err := pack(w.spec.Codec, body)
	if err != nil {
		return err
	}
	w.out = append(w.out[:w.start+HeaderSize], packed...)
	return nil
}

func pack(c Codec, body []byte) ([]byte, error) {
	switch c {
	case Gzip:
		zw := gzipWriters.Get().(*gzip.Writer)
		defer gzipWriters.Put(zw)
		return stream(zw, body)
	case LZ4:
		zw := lz4Writers.Get().(*lz4.Writer)
		defer lz4Writers.Put(zw)
		return stream(zw, body)
	case Snappy:
		return s2.EncodeSnappy(nil, body), nil
	case Zstd:
		zw, err := zstdEncoder()
		if err != nil {
			return nil, fault.Wrap(ErrCompression, "batch.Build", err, "no zstd encoder")
		}
		return zw.EncodeAll(body, nil), nil
	}
	return nil, fault.New(ErrCodec, "batch.Build", "codec %d is unknown", c)
}

// streamWriter is what gzip and lz4 writers share.
type streamWriter interface {
	Write(p []byte) (int, error)
	Close() error
}

func stream(zw streamWriter, body []byte) ([]byte, error) {
	var out bytes.Buffer
	switch zw := zw.(type) {
	case *gzip.Writer:
		zw.Reset(&out)
	case *lz4.Writer:
		zw.Reset(&out)
	}
	if _, err := zw.Write(body); err != nil {
		return nil, fault.Wrap(ErrCompression, "batch.Build", err, "cannot compress")
	}
	if err := zw.Close(); err != nil {
		return nil, fault.Wrap(ErrCompression, "batch.Build", err, "cannot compress")
	}
	return out.Bytes(), nil
}
