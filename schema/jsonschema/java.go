package jsonschema

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// javaClasses are the POSIX and java.lang.Character classes of Java's \p{...} in a form that both engines take, to be put
// inside brackets.
var javaClasses = map[string]string{
	"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7F`, "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
	"Punct": `!-/:-@\[-` + "`" + `{-~`, "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1F\x7F`,
	"XDigit": "0-9a-fA-F", "Space": ` \t\n\x0B\f\r`, "IsAlphabetic": `\p{L}\p{Nl}`, "IsDigit": `\p{Nd}`, "IsLetter": `\p{L}`,
	"IsUppercase": `\p{Lu}`, "IsLowercase": `\p{Ll}`, "IsPunctuation": `\p{P}`, "IsWhite_Space": `\s\u0085\p{Z}`,
	"javaLowerCase": `\p{Ll}`, "javaUpperCase": `\p{Lu}`, "javaLetter": `\p{L}`, "javaDigit": `\p{Nd}`,
	"javaLetterOrDigit": `\p{L}\p{Nd}`, "javaWhitespace": `\s`,
}

// javaTranslator rewrites the spellings of java.util.regex.Pattern that other engines do not share: \Q..\E, possessive
// quantifiers, \h, \R, \x{...}, \Z, class names. It refuses what Java refuses and the engines would let pass.
type javaTranslator struct {
	in      string
	out     strings.Builder
	pos     int
	inClass bool
	atom    int   // offset in out of the last atom, -1 if a quantifier has nothing to repeat
	groups  []int // offsets in out of the open groups
}

// fromJava returns the expression in the spelling of .NET and, where possible, of RE2.
func fromJava(text string) (string, error) {
	t := &javaTranslator{in: text, atom: -1}
	for t.pos < len(text) {
		if err := t.step(); err != nil {
			return "", err
		}
	}
	return t.out.String(), nil
}

func (t *javaTranslator) step() error {
	c := t.in[t.pos]
	switch {
	case c == '\\':
		return t.escape()
	case t.inClass:
		t.inClass = c != ']' || t.classStart()
		return t.literal(c)
	case c == '[':
		t.begin()
		t.inClass = true
		return t.literal(c)
	case c == '(':
		t.groups = append(t.groups, t.out.Len())
		t.atom = -1
		return t.group()
	case c == ')' && len(t.groups) > 0:
		t.atom = t.groups[len(t.groups)-1]
		t.groups = t.groups[:len(t.groups)-1]
		return t.literal(c)
	case c == '|':
		t.atom = -1
		return t.literal(c)
	case c == '*' || c == '+' || c == '?' || c == '{':
		return t.quantifier()
	case c == ']' || c == '}':
		t.begin()
		t.out.WriteByte('\\')
		return t.literal(c)
	}
	t.begin()
	return t.literal(c)
}

func (t *javaTranslator) begin() { t.atom = t.out.Len() }

func (t *javaTranslator) literal(c byte) error {
	if c >= utf8.RuneSelf {
		_, n := utf8.DecodeRuneInString(t.in[t.pos:])
		t.out.WriteString(t.in[t.pos : t.pos+n])
		t.pos += n
		return nil
	}
	t.out.WriteByte(c)
	t.pos++
	return nil
}

// classStart reports whether the bracket at pos is the first character of its class, where it stands for itself.
func (t *javaTranslator) classStart() bool {
	before := t.in[:t.pos]
	return strings.HasSuffix(before, "[^") || strings.HasSuffix(before, "[") && !strings.HasSuffix(before, `\[`)
}

// group copies a group's opening; Java's (?<name> is Go's too.
func (t *javaTranslator) group() error {
	if strings.HasPrefix(t.in[t.pos:], "(?P") || strings.HasPrefix(t.in[t.pos:], "(?'") || strings.HasPrefix(t.in[t.pos:], "(?(") || strings.HasPrefix(t.in[t.pos:], "(?#") {
		return fmt.Errorf("%q: unknown kind of group at offset %d", t.in, t.pos)
	}
	n := 1
	if strings.HasPrefix(t.in[t.pos:], "(?") {
		n = 2
		n += openingLength(t.in[t.pos+n:])
	}
	t.out.WriteString(t.in[t.pos : t.pos+n])
	t.pos += n
	return nil
}

// openingLength returns the length of what follows "(?": a look-around, the start of a name, or flags and the colon that ends them.
func openingLength(s string) int {
	for _, sign := range [...]string{"=", "!", ">", "<=", "<!", "<"} {
		if strings.HasPrefix(s, sign) {
			return len(sign)
		}
	}
	n := 0
	for n < len(s) && strings.IndexByte("-imsxud", s[n]) >= 0 {
		n++
	}
	if n < len(s) && s[n] == ':' {
		n++
	}
	return n
}

// quantifier copies a quantifier; a possessive one makes its atom an atomic group.
func (t *javaTranslator) quantifier() error {
	n := 1
	if t.in[t.pos] == '{' {
		if n = repetition(t.in[t.pos:]); n == 0 {
			return fmt.Errorf("%q: illegal repetition at offset %d", t.in, t.pos)
		}
	}
	if t.atom < 0 {
		return fmt.Errorf("%q: nothing to repeat at offset %d", t.in, t.pos)
	}
	q := t.in[t.pos : t.pos+n]
	t.pos += n
	rest := t.in[t.pos:]
	switch {
	case strings.HasPrefix(rest, "+"):
		t.pos++
		atom := t.out.String()
		t.out.Reset()
		t.out.WriteString(atom[:t.atom] + "(?>" + atom[t.atom:] + q + ")")
	case strings.HasPrefix(rest, "?"):
		t.pos++
		t.out.WriteString(q + "?")
	default:
		t.out.WriteString(q)
	}
	if q[0] == '{' {
		return nil // Java lets a counted repetition be repeated again
	}
	t.atom = -1
	return nil
}

// repetition returns the length of a {n}, {n,} or {n,m} at the start of s, or 0.
func repetition(s string) int {
	i, digits := 1, 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		digits++
	}
	if digits == 0 || digits > 9 || i >= len(s) {
		return 0
	}
	if s[i] == ',' {
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		}
	}
	if i < len(s) && s[i] == '}' {
		return i + 1
	}
	return 0
}

// escape copies or rewrites an escape sequence.
func (t *javaTranslator) escape() error {
	if t.pos+1 >= len(t.in) {
		return fmt.Errorf("%q ends in a backslash", t.in)
	}
	if !t.inClass {
		t.begin()
	}
	rest := t.in[t.pos:]
	switch c := rest[1]; c {
	case 'Q':
		return t.quoted()
	case 'E':
		t.pos += 2
		return nil
	case 'h':
		return t.rewrite(2, ` \t\x{A0}`, true)
	case 'R':
		return t.rewrite(2, `(?:\r\n|[\n\x0B\f\r])`, false)
	case 'Z':
		return t.rewrite(2, `(?=\r?\n?\z)`, false)
	case 'p', 'P':
		return t.property()
	case 'e':
		return t.rewrite(2, `\x1B`, false)
	default:
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			if strings.IndexByte("tnrfabBdDsSwWvVAzGkxucHXN", c) < 0 {
				return fmt.Errorf("%q: unknown escape \\%c at offset %d", t.in, c, t.pos)
			}
			return t.letter(rest)
		}
	}
	t.pos++
	if c := rest[1]; c != '_' && c < utf8.RuneSelf { // the only sign that the engines take for part of an escape by name
		t.out.WriteByte('\\')
	}
	return t.literal(t.in[t.pos])
}

// letter copies an escape by letter, and spells code points in hexadecimal braces' stead.
func (t *javaTranslator) letter(rest string) error {
	if rest[1] == 'u' && len(rest) >= 6 {
		return t.rewrite(6, string(runeOf(rest[2:6])), false)
	}
	if strings.HasPrefix(rest, `\x{`) {
		if end := strings.IndexByte(rest, '}'); end > 0 {
			return t.rewrite(end+1, string(runeOf(rest[3:end])), false)
		}
	}
	t.out.WriteString(rest[:2])
	t.pos += 2
	return nil
}

func runeOf(hex string) rune {
	var r rune
	if _, err := fmt.Sscanf(hex, "%x", &r); err != nil || !utf8.ValidRune(r) {
		return utf8.RuneError
	}
	return r
}

// rewrite steps over n bytes and writes with; set wraps it in brackets outside a class.
func (t *javaTranslator) rewrite(n int, with string, set bool) error {
	t.pos += n
	if len(with) == 1 || utf8.RuneCountInString(with) == 1 {
		if strings.ContainsAny(with, `\.+*?()|[]{}^$-`) {
			with = `\` + with
		}
	}
	with = strings.ReplaceAll(with, `\x{A0}`, "\u00a0")
	if set && !t.inClass {
		with = "[" + with + "]"
	}
	t.out.WriteString(with)
	return nil
}

func (t *javaTranslator) quoted() error {
	body := t.in[t.pos+2:]
	n := len(body)
	if end := strings.Index(body, `\E`); end >= 0 {
		body, n = body[:end], end+2
	}
	t.pos += 2 + n
	for _, r := range body {
		t.begin()
		if strings.ContainsRune(`\.+*?()|[]{}^$-&~#`, r) {
			t.out.WriteByte('\\')
		}
		t.out.WriteRune(r)
	}
	return nil
}

// property rewrites \p{Name} by Java's names and passes Unicode's on.
func (t *javaTranslator) property() error {
	rest := t.in[t.pos:]
	end := strings.IndexByte(rest, '}')
	if len(rest) < 4 || rest[2] != '{' || end < 0 {
		t.out.WriteString(rest[:2])
		t.pos += 2
		return nil
	}
	name := rest[3:end]
	if class, ok := javaClasses[name]; ok && (!t.inClass || rest[1] == 'p') {
		if rest[1] == 'P' {
			class = "^" + class
		}
		return t.rewrite(end+1, class, true)
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "script="), "general_category=")
	if short, ok := strings.CutPrefix(name, "Is"); ok && len(short) <= 2 {
		name = short
	}
	return t.rewrite(end+1, rest[:2]+"{"+name+"}", false)
}
