package tracing

import (
	"encoding/binary"
	"log/slog"
	"math"
)

// message is a message of Protobuf in the making. Fields are those of opentelemetry/proto/collector/trace/v1 and below.
type message []byte

// The wire types of Protobuf.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

func (m message) tag(field, wire int) message {
	return binary.AppendUvarint(m, uint64(field)<<3|uint64(wire))
}

func (m message) number(field int, n uint64) message {
	if n == 0 {
		return m
	}
	return binary.AppendUvarint(m.tag(field, wireVarint), n)
}

func (m message) fixed64(field int, n uint64) message {
	return binary.LittleEndian.AppendUint64(m.tag(field, wire64), n)
}

func (m message) fixed32(field int, n uint32) message {
	return binary.LittleEndian.AppendUint32(m.tag(field, wire32), n)
}

func (m message) text(field int, s string) message {
	if s == "" {
		return m
	}
	return append(binary.AppendUvarint(m.tag(field, wireBytes), uint64(len(s))), s...)
}

// bytes adds a field also if it is empty: as a member of a oneof or of a list it counts.
func (m message) bytes(field int, b []byte) message {
	return append(binary.AppendUvarint(m.tag(field, wireBytes), uint64(len(b))), b...)
}

// protobuf returns an ExportTraceServiceRequest.
func (o *origin) protobuf(batch []*Span) []byte {
	spans := message{}.bytes(1, message{}.text(1, scope).text(2, o.version))
	for _, s := range batch {
		spans = spans.bytes(2, o.protobufSpan(s))
	}
	spans = spans.text(3, schemaURL)
	var resource message
	for _, a := range o.attrs {
		resource = resource.bytes(1, o.protobufAttr(a))
	}
	return message{}.bytes(1, message{}.bytes(1, resource).bytes(2, spans).text(3, schemaURL))
}

func (o *origin) protobufSpan(s *Span) message {
	m := message{}.bytes(1, s.place.trace[:]).bytes(2, s.place.span[:]).text(3, s.place.state)
	if s.parent != [8]byte{} {
		m = m.bytes(4, s.parent[:])
	}
	m = m.text(5, o.text(s.name)).number(6, uint64(s.kind))
	m = m.fixed64(7, uint64(s.start.UnixNano())).fixed64(8, uint64(s.end.UnixNano()))
	for _, a := range s.attrs {
		m = m.bytes(9, o.protobufAttr(a))
	}
	m = m.number(10, uint64(s.dropped))
	if s.failed {
		m = m.bytes(15, message{}.text(2, o.text(s.failure)).number(3, statusError))
	}
	return m.fixed32(16, s.flags())
}

func (o *origin) protobufAttr(a slog.Attr) message {
	return message{}.text(1, a.Key).bytes(2, protobufValue(o.value(a.Value)))
}

// protobufValue returns an AnyValue.
func protobufValue(v any) message {
	switch v := v.(type) {
	case string:
		return message{}.bytes(1, []byte(v))
	case bool:
		n := byte(0)
		if v {
			n = 1
		}
		return append(message{}.tag(2, wireVarint), n)
	case int64:
		return binary.AppendUvarint(message{}.tag(3, wireVarint), uint64(v))
	case float64:
		return message{}.fixed64(4, math.Float64bits(v))
	case []string:
		var list message
		for _, s := range v {
			list = list.bytes(1, message{}.bytes(1, []byte(s)))
		}
		return message{}.bytes(5, list)
	}
	return nil
}
