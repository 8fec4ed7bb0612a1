package jsonschema

import (
	"net/url"
	"strings"
)

// baseURI is the base of a document that has no identifier of its own.
const baseURI = "mem://input"

// resolve resolves a reference against a base (RFC 3986). A reference that is no URI, such as a Go-style name with spaces, is
// taken literally.
func resolve(base, ref string) string {
	if ref == "" || ref == "#" {
		return withoutFragment(base)
	}
	if strings.HasPrefix(ref, "#") {
		return withoutFragment(base) + ref
	}
	r, err := url.Parse(ref)
	if err != nil || r.IsAbs() {
		return strings.TrimSuffix(ref, "#")
	}
	b, err := url.Parse(base)
	if err != nil {
		return ref
	}
	if b.Opaque != "" { // urn:...: nothing can be relative to it
		return ref
	}
	ref, fragment, has := strings.Cut(ref, "#")
	r, err = url.Parse(ref)
	if err != nil {
		return ref
	}
	out := b.ResolveReference(r).String()
	if has && fragment != "" {
		out += "#" + fragment
	}
	return out
}

func withoutFragment(uri string) string {
	uri, _, _ = strings.Cut(uri, "#")
	return uri
}

func fragmentOf(uri string) string {
	_, fragment, _ := strings.Cut(uri, "#")
	return fragment
}

// pointer follows a JSON pointer (the fragment without '#') from v and calls pass, if not nil, for each value on the way. It
// returns nil if a step leads nowhere. Steps are URL-decoded before ~1 and ~0 are.
func pointer(v *value, fragment string, pass func(*value)) *value {
	if fragment == "" {
		return v
	}
	for _, step := range strings.Split(fragment, "/")[1:] {
		if pass != nil {
			pass(v)
		}
		if v = v.encodedStep(step); v == nil {
			return nil
		}
	}
	return v
}

// encodedStep takes one step of a pointer, URL-decoded or, failing that, as it is written.
func (v *value) encodedStep(step string) *value {
	if decoded, err := url.QueryUnescape(step); err == nil {
		if x := v.step(unescapeStep(decoded)); x != nil {
			return x
		}
	}
	return v.step(unescapeStep(step))
}

func unescapeStep(step string) string {
	return strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
}

func (v *value) step(name string) *value {
	switch v.kind {
	case jsonObject:
		return v.get(name)
	case jsonArray:
		i := 0
		for _, c := range []byte(name) {
			if c < '0' || c > '9' || i >= len(v.items) {
				return nil
			}
			i = i*10 + int(c-'0')
		}
		if name != "" && i < len(v.items) {
			return v.items[i]
		}
	}
	return nil
}
