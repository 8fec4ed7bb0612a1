package formattest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

// checkDst proves that the append methods keep what dst holds, in success and in failure.
func checkDst(t *testing.T, x exhibit, v Value) {
	m := x.message
	appends := map[string]func(dst []byte) ([]byte, error){
		"Append":              func(d []byte) ([]byte, error) { return m.Append(d, v.Go) },
		"Append a channel":    func(d []byte) ([]byte, error) { return m.Append(d, make(chan int)) },
		"AppendJSON":          func(d []byte) ([]byte, error) { return m.AppendJSON(d, x.payload) },
		"AppendJSON trailing": func(d []byte) ([]byte, error) { return m.AppendJSON(d, append(bytes.Clone(x.payload), 0)) },
		"ParseJSON":           func(d []byte) ([]byte, error) { return m.ParseJSON(d, x.json) },
		"ParseJSON trailing":  func(d []byte) ([]byte, error) { return m.ParseJSON(d, append(bytes.Clone(x.json), '{')) },
		"ParseJSON cut":       func(d []byte) ([]byte, error) { return m.ParseJSON(d, []byte(`{"`)) },
	}
	fails := map[string]bool{"Append a channel": true, "AppendJSON trailing": true, "ParseJSON trailing": true, "ParseJSON cut": true}
	for what, do := range appends {
		for _, room := range []int{0, 1, 4096} {
			dst := append(make([]byte, 0, 3+room), "dst"...)
			got, err := do(dst)
			if string(dst[:3]) != "dst" {
				t.Errorf("%s with room for %d overwrote dst: %q", what, room, dst)
			}
			if fails[what] {
				wantPayload(t, what, err)
			} else if err != nil || !bytes.HasPrefix(got, []byte("dst")) {
				t.Errorf("%s with room for %d: %q, %v", what, room, got, err)
			}
		}
	}
}

func checkTruncated(t *testing.T, x exhibit, refused bool) {
	for n := range x.payload {
		cut := x.payload[:n:n]
		err := x.message.Check(cut)
		var v any
		decodeErr := x.message.Decode(cut, &v)
		_, jsonErr := x.message.AppendJSON(nil, cut)
		if refused {
			wantPayload(t, "Check of a cut payload", err)
			wantPayload(t, "Decode of a cut payload", decodeErr)
			wantPayload(t, "AppendJSON of a cut payload", jsonErr)
		}
		if err == nil && decodeErr != nil {
			t.Errorf("the first %d bytes: Check takes what Decode refuses: %v", n, decodeErr)
		}
	}
}

// checkTrailing adds a zero byte, which continues a payload in no known encoding.
func checkTrailing(t *testing.T, x exhibit) {
	long := append(bytes.Clone(x.payload), 0)
	wantPayload(t, "Check with a trailing byte", x.message.Check(long))
	var v any
	wantPayload(t, "Decode with a trailing byte", x.message.Decode(long, &v))
	_, err := x.message.AppendJSON(nil, long)
	wantPayload(t, "AppendJSON with a trailing byte", err)
}

// checkTargets decodes into what nothing can be decoded into.
func checkTargets(t *testing.T, x exhibit) {
	var nilAny *any
	var nilStruct *struct{ A int }
	for _, v := range []any{nil, 1, struct{}{}, nilAny, nilStruct, make(chan int), func() {}} {
		wantPayload(t, "Decode into a value that cannot hold it", x.message.Decode(x.payload, v))
	}
}

// checkRandom feeds bytes nobody wrote: noise, and the payload with bytes changed. The seed is fixed, so a failure repeats.
func checkRandom(t *testing.T, x exhibit) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		noise := make([]byte, r.IntN(40))
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		feed(t, x, noise)
		if len(x.payload) > 0 {
			bent := bytes.Clone(x.payload)
			for range 1 + r.IntN(3) {
				bent[r.IntN(len(bent))] = byte(r.Uint32())
			}
			feed(t, x, bent)
		}
	}
}

func feed(t *testing.T, x exhibit, payload []byte) {
	t.Helper()
	before := bytes.Clone(payload)
	err := x.message.Check(payload)
	onlyPayload(t, "Check", err)
	var v any
	decodeErr := x.message.Decode(payload, &v)
	onlyPayload(t, "Decode", decodeErr)
	_, jsonErr := x.message.AppendJSON(nil, payload)
	onlyPayload(t, "AppendJSON", jsonErr)
	_, jsonErr = x.message.ParseJSON(nil, payload)
	onlyPayload(t, "ParseJSON", jsonErr)
	if err == nil && decodeErr != nil {
		t.Errorf("payload %x: Check takes what Decode refuses: %v", payload, decodeErr)
	}
	if _, _, err := x.schema.Open(payload); err != nil && !errors.Is(err, schema.ErrPayload) && !errors.Is(err, schema.ErrMessageNotFound) {
		t.Errorf("Open(%x) failed without a code of this module: %v", payload, err)
	}
	if !bytes.Equal(before, payload) {
		t.Errorf("payload %x was changed to %x", before, payload)
	}
}

func onlyPayload(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, schema.ErrPayload) {
		t.Errorf("%s failed without the code %s: %v", what, schema.ErrPayload.Name(), err)
	}
}

func wantPayload(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, schema.ErrPayload) {
		t.Errorf("%s: error %v, want %s", what, err, schema.ErrPayload.Name())
	}
}
