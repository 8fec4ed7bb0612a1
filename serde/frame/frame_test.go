package frame_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

var guid = schema.GUID{0xde, 0xad, 0xbe, 0xef, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func TestBytesOnTheWire(t *testing.T) {
	tests := []struct {
		name string
		ref  frame.Ref
		want []byte
	}{
		{"smallest id", frame.Ref{ID: 1}, []byte{0, 0, 0, 0, 1}},
		{"big-endian", frame.Ref{ID: 0x01020304}, []byte{0, 1, 2, 3, 4}},
		{"largest id", frame.Ref{ID: 1<<31 - 1}, []byte{0, 0x7f, 0xff, 0xff, 0xff}},
		{"negative id", frame.Ref{ID: -1}, []byte{0, 0xff, 0xff, 0xff, 0xff}},
		{"guid", frame.Ref{GUID: guid, ByGUID: true}, append([]byte{1}, guid[:]...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := frame.Append([]byte("before"), tt.ref)
			if want := append([]byte("before"), tt.want...); !bytes.Equal(got, want) {
				t.Fatalf("Append = %x, want %x", got, want)
			}
			ref, body, err := frame.Split(append(tt.want, "body"...))
			if err != nil || string(body) != "body" {
				t.Fatalf("Split: body %q, error %v", body, err)
			}
			if diff := cmp.Diff(tt.ref, ref); diff != "" {
				t.Errorf("Split (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryShortOrForeignInputIsRefusedWithItsCode(t *testing.T) {
	long := append([]byte{frame.MagicGUID}, guid[:]...)
	for n := range frame.SizeID {
		want := frame.ErrShort
		if n == 0 {
			want = frame.ErrEmpty
		}
		refused(t, make([]byte, n), want)
	}
	for n := 1; n < frame.SizeGUID; n++ {
		refused(t, long[:n], frame.ErrShort)
	}
	refused(t, nil, frame.ErrEmpty)
	refused(t, []byte(`{"plain":"json"}`), frame.ErrMagic)
	refused(t, []byte{2, 0, 0, 0, 1, 9}, frame.ErrMagic)
}

func refused(t *testing.T, data []byte, want *fault.Code) {
	t.Helper()
	ref, body, err := frame.Split(data)
	if !errors.Is(err, want) {
		t.Errorf("Split(%x) error = %v, want %s", data, err, want.Name())
	}
	if body != nil || ref != (frame.Ref{}) {
		t.Errorf("Split(%x) = %v, %x beside its error", data, ref, body)
	}
	if fault.DetailOf(err) == "" {
		t.Errorf("Split(%x): no detail for the caller", data)
	}
}

func TestABodyMayBeEmpty(t *testing.T) {
	_, body, err := frame.Split([]byte{0, 0, 0, 0, 7})
	if err != nil || body == nil || len(body) != 0 {
		t.Fatalf("body %v, error %v", body, err)
	}
}

func TestRefPrintsWhatItNames(t *testing.T) {
	if got := (frame.Ref{ID: 42}).String(); got != "42" {
		t.Errorf("id prints as %q", got)
	}
	if got := (frame.Ref{GUID: guid, ByGUID: true}).String(); got != "deadbeef-0405-0607-0809-0a0b0c0d0e0f" {
		t.Errorf("guid prints as %q", got)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	buf := make([]byte, 0, 64)
	ref := frame.Ref{ID: 9}
	if n := testing.AllocsPerRun(100, func() {
		out := frame.Append(buf, ref)
		if _, _, err := frame.Split(out); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{0, 0, 0, 0, 1})
	f.Add(append([]byte{1}, guid[:]...))
	f.Add([]byte{1, 2, 3})
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ref, body, err := frame.Split(data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("kind of %v", err)
			}
			return
		}
		if again := append(frame.Append(nil, ref), body...); !bytes.Equal(again, data) {
			t.Fatalf("%x came back as %x", data, again)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	data := []byte{0, 0, 0, 0, 42, 1, 2, 3}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := frame.Split(data); err != nil {
			b.Fatal(err)
		}
	}
}
