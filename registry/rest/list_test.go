package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
)

// crowded returns a handler over n subjects with names of some 400 bytes, in order, with characters that JSON escapes.
func crowded(t testing.TB, n int) (http.Handler, []string) {
	t.Helper()
	reg := newRegistry(t)
	var names []string
	for i := range n {
		name := fmt.Sprintf("%05d %s %s", i, []string{"plain", `"quoted"\`, "日本 <&>", "\u2028é"}[i%4], strings.Repeat("x", 380))
		names = append(names, name)
		if _, err := reg.Register(context.Background(), registry.Submission{Subject: name, Text: `"int"`}); err != nil {
			t.Fatal(err)
		}
	}
	return rest.New(reg, rest.Options{}), names
}

func TestLongListsAreWrittenInParts(t *testing.T) {
	h, names := crowded(t, 1200) // ten times what is written at once
	for _, tt := range []struct {
		target string
		want   []string
		length bool // whether it is known when the head is written
	}{
		{"/subjects", names, false},
		{"/subjects?offset=100&limit=700", names[100:800], false},
		{"/subjects?offset=1199", names[1199:], true},
		{"/subjects?offset=5000", []string{}, true},
		{"/subjects?limit=3", names[:3], true},
		{"/subjects?subjectPrefix=0000", names[:10], true},
		{"/subjects?subjectPrefix=none", []string{}, true},
		{"/subjects?deletedOnly=true", []string{}, true},
	} {
		w := get(h, tt.target)
		var got []string
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d, %v", tt.target, w.Code, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.target, diff)
		}
		if known := w.Header().Get("Content-Length") != ""; known != tt.length {
			t.Errorf("%s: the length is known: %v", tt.target, known)
		}
		if head := send(h, httptest.NewRequest(http.MethodHead, tt.target, nil)); head.Code != 200 || head.Body.Len() > 0 {
			t.Errorf("HEAD %s: %d, %d bytes", tt.target, head.Code, head.Body.Len())
		}
	}
}

// parts counts the writes of an answer and how large they are, and fails after some.
type parts struct {
	*httptest.ResponseRecorder
	writes, most, limit int
}

func (p *parts) Write(b []byte) (int, error) {
	p.writes++
	p.most = max(p.most, len(b))
	if p.writes > p.limit {
		return 0, errors.New("the client is gone")
	}
	return p.ResponseRecorder.Write(b)
}

func TestNoMoreThanAPartOfALongListIsHeld(t *testing.T) {
	h, names := crowded(t, 400)
	all := &parts{ResponseRecorder: httptest.NewRecorder(), limit: 1000}
	h.ServeHTTP(all, httptest.NewRequest(http.MethodGet, "/subjects", nil))
	if all.writes < 4 || all.most > 40<<10 || !strings.Contains(all.Body.String(), slices.Max(names)[:6]) {
		t.Errorf("%d writes of at most %d bytes", all.writes, all.most)
	}
	left := &parts{ResponseRecorder: httptest.NewRecorder(), limit: 1}
	h.ServeHTTP(left, httptest.NewRequest(http.MethodGet, "/subjects", nil))
	if left.writes != 2 {
		t.Errorf("%d writes to a client that left after the first", left.writes)
	}
}
