package jsonschema_test

import (
	"encoding/json"
	"testing"
)

// TestPatternsAreJavas shows that patterns mean what java.util.regex makes of them, found anywhere in the string.
func TestPatternsAreJavas(t *testing.T) {
	for _, c := range []struct {
		pattern   string
		fits, not []string
	}{
		{`b`, []string{"abc"}, []string{"ac"}},
		{`^[a-z]{2,3}$`, []string{"ab", "abc"}, []string{"a", "abcd", "AB"}},
		{`^(?!foo)\w+$`, []string{"bar", "fo"}, []string{"foobar"}},
		{`(?<=€)\d+`, []string{"€12"}, []string{"$12"}},
		{`^(\w)\1$`, []string{"aa"}, []string{"ab"}},
		{`^a++b$`, []string{"aab"}, []string{"b"}},
		{`^a++ab$`, nil, []string{"aab"}},
		{`^(?>a|ab)c$`, []string{"ac"}, []string{"abc"}},
		{`^\Q.+(\E$`, []string{".+("}, []string{"ab("}},
		{`^\Q.+`, []string{".+x"}, []string{"ab"}},
		{`^\p{Alpha}\p{Digit}[\p{Upper}_]$`, []string{"a1B", "Z9_"}, []string{"a1b", "é1B"}},
		{`^\P{Punct}$`, []string{"a"}, []string{"!"}},
		{`^\p{IsAlphabetic}\p{L}\p{Lu}$`, []string{"éaÄ"}, []string{"1aÄ"}},
		{`^\p{javaLowerCase}$`, []string{"ß"}, []string{"S"}},
		{`^\h\R$`, []string{" \r\n", "\t\n"}, []string{"a\n"}},
		{`^\u00e9\x41\x{1F600}\t$`, []string{"éA😀\t"}, []string{"eA😀\t"}},
		{`^[]a]$`, []string{"]", "a"}, []string{"b"}},
		{`^a]b}$`, []string{"a]b}"}, []string{"ab"}},
		{`^[\[\]{}()*+.?^$|\\-]+$`, []string{`[]{}()*+.?^$|\-`}, []string{"a"}},
		{`(?i)^straße$`, []string{"STRAßE"}, []string{"x"}},
		{`^(?<year>\d{4})-\d\d$`, []string{"2024-05"}, []string{"24-05"}},
		{`^[a-z](?:-?[a-z])*$`, []string{"a-b", "ab"}, []string{"a--b"}},
		{`^(?i:-?a)(?=!)`, []string{"-A!", "a!"}, []string{"a"}},
		{`^(?!x)\_\€[\_\-]$`, []string{"_€_", "_€-"}, []string{"x€_"}},
		{`^.$`, []string{"😀"}, []string{"ab"}},
	} {
		m := message(t, `{"pattern":`+quoted(t, c.pattern)+`}`)
		for i, list := range [][]string{c.fits, c.not} {
			for _, s := range list {
				if err := m.Check([]byte(quoted(t, s))); (err == nil) != (i == 0) {
					t.Errorf("%s on %q: %v, want a match = %t", c.pattern, s, err, i == 0)
				}
			}
		}
	}
}

func TestPatternsThatJavaRefuses(t *testing.T) {
	for _, p := range []string{`(`, `)`, `[`, `*a`, `a**`, `{1}`, `a{`, `a{x}`, `\`, `\y`, `(?P<n>a)`, `(?'n'a)`, `[z-a]`, `\p{Nonsense}`, `a{2,1}`, `a{1-3}`} {
		if _, err := format(`{"pattern":` + quoted(t, p) + `}`); err == nil {
			t.Errorf("%s is taken", p)
		}
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
