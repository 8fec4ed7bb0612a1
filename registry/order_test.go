package registry

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf16"
)

func TestCompareUTF16(t *testing.T) {
	texts := []string{"", "a", "ab", "b", "é", "ı", "\ud7ff", "\ue000", "｡", "\uffff", "\U00010000", "😀", "😀a", "a😀", "a｡", "a\ud7ff", "日本", "日本語"}
	for _, a := range texts {
		for _, b := range texts {
			want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
			if got := compareUTF16(a, b); got != want {
				t.Errorf("compareUTF16(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

// A view lists what a sorted slice would, whatever comes and goes between the questions.
func TestListingsAgreeWithASortedSlice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	v, seq := newView(), Seq(0)
	have := map[string]bool{}
	for round := range 2000 {
		name := fmt.Sprintf("%s%03d", []string{"", ":.a:", ":.a.b:", ":.｡:"}[r.IntN(4)], r.IntN(60))
		seq++
		if have[name] && r.IntN(2) == 0 {
			v.apply(seq, &change{Remove: []place{{name, 1}}})
			delete(have, name)
		} else {
			v.apply(seq, &change{Put: []record{{Subject: name, Version: 1, ID: 1, Type: "T", Schema: "x"}}})
			have[name] = true
		}
		if round%7 != 0 {
			continue
		}
		for _, p := range []string{":*:", ":*:01", "", "02", ":.a:", ":.a.b:0", ":.none:"} {
			checkListing(t, v, have, p)
		}
		if t.Failed() {
			return
		}
	}
}

func checkListing(t *testing.T, v *view, have map[string]bool, text string) {
	t.Helper()
	p := parsePrefix(text)
	var want, got []string
	for name := range have {
		if p.takes(ParseName(name)) {
			want = append(want, name)
		}
	}
	slices.SortFunc(want, compareUTF16)
	for _, l := range v.list(p) {
		got = append(got, l.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("prefix %q lists %v, want %v", text, got, want)
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]struct {
		name  Name
		usual string
	}{
		"foo":        {Name{".", "foo"}, "foo"},
		"":           {Name{".", ""}, ""},
		":.:foo":     {Name{".", "foo"}, "foo"},
		":.:":        {Name{".", ""}, ""},
		":.ctx:foo":  {Name{".ctx", "foo"}, ":.ctx:foo"},
		":.ctx:":     {Name{".ctx", ""}, ":.ctx:"},
		":.ctx":      {Name{".ctx", ""}, ":.ctx:"},
		":.ctx:a:b":  {Name{".ctx", "a:b"}, ":.ctx:a:b"},
		":ctx:foo":   {Name{".", ":ctx:foo"}, ":ctx:foo"},
		":*:foo":     {Name{".", ":*:foo"}, ":*:foo"},
		"a:.b:c":     {Name{".", "a:.b:c"}, "a:.b:c"},
		":.a.b:c d/": {Name{".a.b", "c d/"}, ":.a.b:c d/"},
	} {
		got := ParseName(text)
		if got != want.name || got.String() != want.usual {
			t.Errorf("ParseName(%q) = %+v, printed %q; want %+v, %q", text, got, got.String(), want.name, want.usual)
		}
		if again := ParseName(got.String()); again != got {
			t.Errorf("%q: the usual form reads as %+v, want %+v", text, again, got)
		}
	}
	for text, want := range map[string]string{"ctx": ".ctx", ".ctx": ".ctx", ":.ctx:": ".ctx", ".": ".", ":.:": "."} {
		if got := ParseContext(text); got != want {
			t.Errorf("ParseContext(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFindWithGaps(t *testing.T) {
	var rows []*row
	for _, n := range []int{1, 2, 5, 9, 1 << 30} {
		rows = append(rows, &row{Version: Version{Number: n}})
	}
	for _, n := range []int{-1, 0, 1, 2, 3, 5, 9, 10, 1 << 30, 1<<31 - 1} {
		got := find(rows, n)
		i := slices.IndexFunc(rows, func(r *row) bool { return cmp.Compare(r.Number, n) == 0 })
		if (i >= 0) != (got != nil) || got != nil && got != rows[i] {
			t.Errorf("find(%d) = %v", n, got)
		}
	}
}
