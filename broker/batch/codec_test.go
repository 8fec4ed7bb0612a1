package batch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/broker/batch"
)

var codecs = []batch.Codec{batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd}

// repack replaces the body of an uncompressed batch.
func repack(plain batch.Batch, codec batch.Codec, body []byte) batch.Batch {
	b := append(bytes.Clone(plain[:batch.HeaderSize]), body...)
	b[22] = byte(codec)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	return reseal(b)
}

func xerial(body []byte, block int) []byte {
	out := []byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01")
	for len(body) > 0 {
		n := min(block, len(body))
		packed := s2.EncodeSnappy(nil, body[:n])
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(packed))), packed...)
		body = body[n:]
	}
	return out
}

type closer interface {
	Write([]byte) (int, error)
	Close() error
}

// streamed writes body in small steps, so that no size is known ahead.
func streamed(t *testing.T, w closer, out *bytes.Buffer, body []byte) []byte {
	t.Helper()
	for len(body) > 0 {
		n := min(1000, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryCodecOfEveryClientIsRead(t *testing.T) {
	want := records(300)
	plain := build(t, batch.Spec{}, want)
	for i := range want {
		want[i].Offset = batch.Offset(i)
	}
	body := []byte(plain[batch.HeaderSize:])
	franz := func(c kgo.CompressionCodec) []byte {
		z, err := kgo.DefaultCompressor(c)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := z.Compress(new(bytes.Buffer), body)
		return bytes.Clone(out)
	}
	var gz, zs, l4, l4small bytes.Buffer
	zw, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	small := lz4.NewWriter(&l4small)
	if err := small.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(true), lz4.BlockChecksumOption(true)); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name  string
		codec batch.Codec
		body  []byte
	}{
		{"plain", batch.None, body},
		{"franz-go gzip", batch.Gzip, franz(kgo.GzipCompression())},
		{"franz-go snappy", batch.Snappy, franz(kgo.SnappyCompression())},
		{"franz-go lz4", batch.LZ4, franz(kgo.Lz4Compression())},
		{"franz-go zstd", batch.Zstd, franz(kgo.ZstdCompression())},
		{"xerial snappy in blocks", batch.Snappy, xerial(body, 4096)},
		{"xerial snappy in one block", batch.Snappy, xerial(body, 1<<20)},
		{"streamed gzip", batch.Gzip, streamed(t, gzip.NewWriter(&gz), &gz, body)},
		{"streamed lz4", batch.LZ4, streamed(t, lz4.NewWriter(&l4), &l4, body)},
		{"lz4 with checksums", batch.LZ4, streamed(t, small, &l4small, body)},
		{"streamed zstd", batch.Zstd, streamed(t, zw, &zs, body)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, _, err := batch.Open(repack(plain, c.codec, c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, collect(t, b)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatWeCompressIsReadBack(t *testing.T) {
	for _, c := range codecs {
		b := build(t, batch.Spec{Codec: c}, records(50))
		if got, _, err := batch.Open(b); err != nil || got.Codec() != c || len(collect(t, got)) != 50 {
			t.Errorf("%s: %v", c, err)
		}
		if named, ok := batch.CodecByName(c.String()); !ok || named != c {
			t.Errorf("%s: its name means %s", c, named)
		}
	}
	if _, ok := batch.CodecByName("brotli"); ok {
		t.Error("brotli is no codec")
	}
	if _, err := batch.Build(nil, batch.Spec{Codec: 6}, records(1)); !errors.Is(err, batch.ErrCodec) {
		t.Errorf("Build with codec 6: %v", err)
	}
}

func TestDecompressionIsBounded(t *testing.T) {
	bomb := []batch.Record{{Value: make([]byte, 3<<20)}}
	for _, c := range codecs[1:] {
		b := build(t, batch.Spec{Codec: c}, bomb)
		yielded := false
		err := b.Records(1<<20, func(int, batch.Record) bool { yielded = true; return true })
		if !errors.Is(err, batch.ErrTooLarge) || yielded {
			t.Errorf("%s: 3 MiB under a bound of 1 MiB gave %v", c, err)
		}
		size := len(build(t, batch.Spec{}, bomb)) - batch.HeaderSize
		if err := b.Records(size-1, func(int, batch.Record) bool { return true }); !errors.Is(err, batch.ErrTooLarge) {
			t.Errorf("%s: one byte under the size gave %v", c, err)
		}
		if err := b.Records(size, func(int, batch.Record) bool { return true }); err != nil {
			t.Errorf("%s: the exact size as the bound gave %v", c, err)
		}
	}
	lies := repack(build(t, batch.Spec{}, records(1)), batch.Snappy, []byte{0xff, 0xff, 0xff, 0x7f, 0, 0})
	if err := lies.Records(1<<30, func(int, batch.Record) bool { return true }); !errors.Is(err, batch.ErrCompression) {
		t.Errorf("a snappy block of 6 bytes that claims 256 MiB: %v", err)
	}
}

func TestDamagedCompressionIsAnError(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range codecs[1:] {
		good := build(t, batch.Spec{Codec: c}, records(40))
		body := []byte(good[batch.HeaderSize:])
		for cut := range len(body) {
			b := repack(good, c, body[:cut])
			if err := b.Records(1<<20, func(int, batch.Record) bool { return true }); err == nil {
				t.Fatalf("%s cut at %d of %d bytes was read without an error", c, cut, len(body))
			}
		}
		for range 300 { // a flipped bit may go unseen without a checksum inside, but it never breaks the reader
			bad := bytes.Clone(body)
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
			_ = repack(good, c, bad).Records(1<<20, func(int, batch.Record) bool { return true })
		}
	}
	short := repack(build(t, batch.Spec{}, records(1)), batch.Snappy, append(xerial([]byte("x"), 1), 0, 0))
	if err := short.Records(1<<20, func(int, batch.Record) bool { return true }); !errors.Is(err, batch.ErrCompression) {
		t.Errorf("a xerial block with half a length: %v", err)
	}
}

func TestMalformedRecordsAreRefused(t *testing.T) {
	// length, attributes, timestamp delta, offset delta, key length, value length, header count
	good := []byte{12, 0, 0, 0, 1, 1, 0}
	if got := build(t, batch.Spec{}, []batch.Record{{}}); !bytes.Equal(got[batch.HeaderSize:], good) {
		t.Fatalf("the smallest record is %x", []byte(got[batch.HeaderSize:]))
	}
	cases := map[string][]byte{
		"a length past the end":         {14, 0, 0, 0, 1, 1, 0},
		"a negative length":             {11, 0, 0, 0, 1, 1, 0},
		"bytes after the fields":        {14, 0, 0, 0, 1, 1, 0, 0},
		"bytes after the record":        {12, 0, 0, 0, 1, 1, 0, 9},
		"a key past the end":            {12, 0, 0, 0, 8, 1, 0},
		"a key length of -2":            {12, 0, 0, 0, 3, 1, 0},
		"a header count past the end":   {12, 0, 0, 0, 1, 1, 8},
		"a negative header count":       {12, 0, 0, 0, 1, 1, 1},
		"a header with a null key":      {16, 0, 0, 0, 1, 1, 2, 1, 1},
		"an offset delta beyond":        {12, 0, 0, 2, 1, 1, 0},
		"a negative offset delta":       {12, 0, 0, 1, 1, 1, 0},
		"an endless varint":             {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a 32-bit number in six bytes":  {22, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 1, 0},
		"a 64-bit number in ten and up": {34, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 1, 0},
	}
	plain := build(t, batch.Spec{}, []batch.Record{{}})
	for name, body := range cases {
		t.Run(name, func(t *testing.T) {
			b, _, err := batch.Open(repack(plain, batch.None, body))
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Records(0, func(int, batch.Record) bool { return true }); !errors.Is(err, batch.ErrRecord) {
				t.Errorf("Records: %v, want %v", err, batch.ErrRecord)
			}
		})
	}
}
