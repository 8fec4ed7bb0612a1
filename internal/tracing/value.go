package tracing

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"
)

// value is what an attribute is in OTLP: a string, bool, int64, float64 or []string.
func (o *origin) value(v slog.Value) any {
	switch v = v.Resolve(); v.Kind() {
	case slog.KindString:
		return o.text(v.String())
	case slog.KindBool:
		return v.Bool()
	case slog.KindInt64:
		return v.Int64()
	case slog.KindUint64:
		return int64(v.Uint64())
	case slog.KindFloat64:
		return v.Float64()
	case slog.KindDuration:
		return v.Duration().Seconds()
	case slog.KindTime:
		return v.Time().UTC().Format(time.RFC3339Nano)
	}
	if list, is := v.Any().([]string); is {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = o.text(s)
		}
		return out
	}
	return o.text(fmt.Sprint(v.Any()))
}

// text returns a text as OTLP takes it: valid UTF-8, within the bound of the configuration.
func (o *origin) text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if o.maxLength <= 0 || utf8.RuneCountInString(s) <= o.maxLength {
		return s
	}
	n := 0
	for i := range s {
		if n == o.maxLength {
			return s[:i]
		}
		n++
	}
	return s
}
