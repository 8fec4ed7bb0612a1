package serde

import (
	"context"
	"reflect"
	"sync"
)

// Serde encodes and decodes values of one Go type: a struct, a map, or a pointer to a struct or generated message.
type Serde[T any] struct {
	encoder *Encoder
	decoder *Decoder
	kind    reflect.Kind
	element reflect.Type // what a pointer type points to
	structs *sync.Pool   // of *T, for struct types: to hand the codec a pointer without allocating one per value
}

// NewSerde joins an encoder and a decoder under one type. Either may be nil if only the other way is used.
func NewSerde[T any](e *Encoder, d *Decoder) Serde[T] {
	t := reflect.TypeFor[T]()
	s := Serde[T]{encoder: e, decoder: d, kind: t.Kind()}
	switch s.kind {
	case reflect.Pointer:
		s.element = t.Elem()
	case reflect.Struct:
		s.structs = &sync.Pool{New: func() any { return new(T) }}
	}
	return s
}

// Encode appends frame and payload of v to dst. A nil pointer is the null record. For struct types, EncoderOptions.MessageOf
// gets a pointer to v. See Encoder.Encode.
func (s Serde[T]) Encode(ctx context.Context, dst []byte, topic string, v T) ([]byte, error) {
	if s.kind == reflect.Pointer && reflect.ValueOf(v).IsNil() {
		return nil, nil
	}
	if s.structs == nil {
		return s.encoder.Encode(ctx, dst, topic, v)
	}
	p := s.structs.Get().(*T)
	*p = v
	out, err := s.encoder.Encode(ctx, dst, topic, p)
	var zero T
	*p = zero
	s.structs.Put(p)
	return out, err
}

// Decode decodes a framed record. The null record gives the zero T, for pointer types nil. See Decoder.Decode.
func (s Serde[T]) Decode(ctx context.Context, topic string, data []byte) (T, error) {
	var v T
	if s.kind != reflect.Pointer || data == nil {
		err := s.decoder.Decode(ctx, topic, data, &v)
		return v, err
	}
	v = reflect.New(s.element).Interface().(T)
	err := s.decoder.Decode(ctx, topic, data, v)
	return v, err
}
