package tracing_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/internal/tracing"
)

func FuzzTraceContext(f *testing.F) {
	f.Add("00-"+trace+"-"+parent+"-01", "a=1,b=2")
	f.Add("cc-"+trace+"-"+parent+"-01-x", "a=1,a=2, ,\t")
	f.Add(trace+"-"+parent+"-1", "a@b=\x00")
	f.Fuzz(func(t *testing.T, text, state string) {
		id, span, kept, ok := tracing.TraceContext(map[string][]string{"Traceparent": {text}, "Tracestate": {state}})
		if ok && !strings.HasPrefix(text[2:], "-"+hex.EncodeToString([]byte(id))+"-"+hex.EncodeToString([]byte(span))+"-") {
			t.Errorf("%q gave %x %x", text, id, span)
		}
		if len(kept) > len(state) || strings.ContainsAny(kept, "\r\n\x00") {
			t.Errorf("%q gave the state %q", state, kept)
		}
		if tracing.B3(text) && strings.Count(text, "-") < 1 {
			t.Errorf("%q is no B3", text)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte{0x0a, 2, 8, 1}, false)
	f.Add([]byte(`{"partialSuccess":{"rejectedSpans":"3"}}`), true)
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, false)
	f.Fuzz(func(t *testing.T, answer []byte, inJSON bool) {
		if n := tracing.RefusedSpans(answer, inJSON); n < 0 {
			t.Errorf("%d spans", n)
		}
	})
}

func TestRefusedSpansAreReadInBothForms(t *testing.T) {
	for _, c := range []struct {
		answer string
		json   bool
		want   int
	}{
		{`{"partialSuccess":{"rejectedSpans":"3","errorMessage":"m"}}`, true, 3},
		{`{"partialSuccess":{"rejectedSpans":4}}`, true, 4},
		{`{"partialSuccess":{"rejectedSpans":-4}}`, true, 0},
		{`{}`, true, 0},
		{`<html>`, true, 0},
		{"", false, 0},
		{"\x0a\x05\x12\x01m\x08\x07", false, 7}, // the message first
		{"\x10\x01\x19\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x02\x08\x05", false, 5}, // behind fields of later versions
		{"\x0a\x09\x08\x07", false, 0},
	} {
		if got := tracing.RefusedSpans([]byte(c.answer), c.json); got != c.want {
			t.Errorf("%q: %d, want %d", c.answer, got, c.want)
		}
	}
}
