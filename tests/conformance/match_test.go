package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

// matchBody compares a body with the pattern of a step.
func matchBody(pattern string, body []byte) error {
	if pattern == "" {
		return nil
	}
	if text, is := strings.CutPrefix(pattern, "= "); is {
		if string(body) != text {
			return fmt.Errorf("body %s, want %s", body, text)
		}
		return nil
	}
	if text, is := strings.CutPrefix(pattern, "~ "); is {
		return matchText(text, string(body))
	}
	want, err := decodeJSON([]byte(pattern))
	if err != nil {
		return fmt.Errorf("the pattern is no JSON: %w", err)
	}
	got, err := decodeJSON(body)
	if err != nil {
		return fmt.Errorf("body %s: %w", body, err)
	}
	if err := match("", want, got); err != nil {
		return fmt.Errorf("%w\nbody %s", err, body)
	}
	return nil
}

func decodeJSON(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the value")
	}
	return v, nil
}

func matchText(pattern, text string) error {
	re, err := regexp.Compile("(?s)" + pattern)
	if err != nil {
		return err
	}
	if !re.MatchString(text) {
		return fmt.Errorf("%q does not match %q", text, pattern)
	}
	return nil
}

// match compares values; path says where for the error.
func match(path string, want, got any) error {
	switch w := want.(type) {
	case map[string]any:
		return matchObject(path, w, inText(got))
	case []any:
		return matchList(path, w, inText(got))
	case string:
		if pattern, is := strings.CutPrefix(w, "~"); is {
			if err := matchText(pattern, fmt.Sprint(got)); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		}
	}
	if want != got {
		return fmt.Errorf("%s: got %v, want %v", path, got, want)
	}
	return nil
}

// inText returns the JSON inside a text.
func inText(v any) any {
	if s, is := v.(string); is {
		if inside, err := decodeJSON([]byte(s)); err == nil {
			return inside
		}
	}
	return v
}

func matchObject(path string, want map[string]any, got any) error {
	g, is := got.(map[string]any)
	if !is {
		return fmt.Errorf("%s: got %v, want an object", path, got)
	}
	for name, w := range want {
		v, there := g[name]
		if w == nil && there {
			return fmt.Errorf("%s.%s: got %v, want no such member", path, name, v)
		}
		if w == nil {
			continue
		}
		if !there {
			return fmt.Errorf("%s.%s is missing", path, name)
		}
		if err := match(path+"."+name, w, v); err != nil {
			return err
		}
	}
	return nil
}

func matchList(path string, want []any, got any) error {
	g, is := got.([]any)
	if !is || len(g) != len(want) {
		return fmt.Errorf("%s: got %v, want %d elements", path, got, len(want))
	}
	for i := range want {
		if err := match(fmt.Sprintf("%s[%d]", path, i), want[i], g[i]); err != nil {
			return err
		}
	}
	return nil
}

// The patterns can fail: a pattern that matches everything would prove nothing.
func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, body string
		matches       bool
	}{
		{``, `anything`, true},
		{`= ab`, `ab`, true},
		{`= ab`, `abc`, false},
		{`~ ^a.c$`, "a\nc", true},
		{`~ ^b`, `ab`, false},
		{`{}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, true},
		{`{"a":1}`, `{"b":1}`, false},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":null}`, `{"b":1}`, true},
		{`{"a":null}`, `{"a":1}`, false},
		{`{"a":null}`, `{"a":null}`, false},
		{`{"a":"~^x"}`, `{"a":"xy"}`, true},
		{`{"a":"~^x"}`, `{"a":"yx"}`, false},
		{`{"a":{"b":[1]}}`, `{"a":"{\"b\": [1]}"}`, true},
		{`{"a":{"b":[1]}}`, `{"a":"{\"b\": [2]}"}`, false},
		{`[1,2]`, `[1,2]`, true},
		{`[1,2]`, `[1,2,3]`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[]`, `{}`, false},
		{`{}`, `[]`, false},
		{`3`, `3`, true},
		{`3`, `4`, false},
		{`{"a":1}`, `no JSON`, false},
		{`no JSON`, `{}`, false},
	}
	for _, tt := range tests {
		if err := matchBody(tt.pattern, []byte(tt.body)); (err == nil) != tt.matches {
			t.Errorf("pattern %s on %s: %v", tt.pattern, tt.body, err)
		}
	}
}
