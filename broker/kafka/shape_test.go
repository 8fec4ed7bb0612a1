package kafka

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fill sets every field that a request can have, and two elements in each array.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "UnknownTags" && name != "Version" && name != "ReplicaState" && name != "ClusterID" {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	}
}

// Every shape follows the definition of its request in every version served, byte for byte.
func TestShapesFitTheirRequests(t *testing.T) {
	for _, a := range table() {
		s := parseShape(a.shape)
		for version := a.min; version <= a.max; version++ {
			for _, filled := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/%v", a.name, version, filled), func(t *testing.T) {
					r := kmsg.RequestForKey(a.key)
					if filled {
						fill(reflect.ValueOf(r).Elem())
					}
					r.SetVersion(version)
					body := r.AppendTo(nil)
					if rest, err := s.fits(a.key, version, r.IsFlexible(), body); err != nil || rest != 0 {
						t.Fatalf("does not fit: %v, %d bytes are left over", err, rest)
					}
					if len(body) == 0 {
						return
					}
					if _, err := s.fits(a.key, version, r.IsFlexible(), body[:len(body)-1]); err == nil {
						t.Error("fits although the last byte is gone")
					}
					if rest, err := s.fits(a.key, version, r.IsFlexible(), append(body, 0)); err != nil || rest != 1 {
						t.Errorf("of one byte too much %d are left over: %v", rest, err)
					}
				})
			}
		}
	}
}

func TestTagsAreBounded(t *testing.T) {
	s := parseShape("s 4 s 3+:s")
	heartbeat := []byte{2, 'g', 0, 0, 0, 1, 2, 'm', 0}
	tests := []struct {
		name string
		tags []byte
		ok   bool
	}{
		{"none", []byte{0}, true},
		{"one unknown", []byte{1, 9, 1, 7}, true},
		{"a count that nothing follows", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, false},
		{"a count beyond 32 bits", []byte{0xff, 0xff, 0xff, 0xff, 0x7f}, false},
		{"a size beyond the end", []byte{1, 9, 5, 7}, false},
		{"more than allowed", append([]byte{0xd0, 0x0f}, make([]byte, 4000)...), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.fits(12, 4, true, append(heartbeat[:len(heartbeat):len(heartbeat)], tt.tags...))
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever the bytes, a body that fits its shape is one that kmsg reads, and walking it ends.
func FuzzRequests(f *testing.F) {
	apis := make(map[int16]api)
	for _, a := range table() {
		a.parsed = parseShape(a.shape)
		apis[a.key] = a
		for _, version := range []int16{a.min, a.max} {
			r := kmsg.RequestForKey(a.key)
			fill(reflect.ValueOf(r).Elem())
			r.SetVersion(version)
			f.Add(a.key, version, r.AppendTo(nil))
		}
	}
	f.Fuzz(func(_ *testing.T, key, version int16, body []byte) {
		a, ok := apis[key]
		if !ok || version < a.min || version > a.max {
			return
		}
		r := kmsg.RequestForKey(key)
		r.SetVersion(version)
		if _, err := a.parsed.fits(key, version, r.IsFlexible(), body); err != nil {
			return
		}
		if err := r.ReadFrom(body); err != nil {
			return // a field that must not be null is: the one thing that shapes do not say
		}
	})
}
