package tracing

import (
	"encoding/hex"
	"strings"
)

// extract returns the span that a request comes from. Of several propagators that find one, the last counts, as in a composite
// propagator of OpenTelemetry.
func (c *Config) extract(header map[string][]string) (found place, is bool) {
	for _, name := range c.Propagators {
		if p, ok := propagators[name](header); ok {
			found, is = p, true
		}
	}
	return found, is
}

// propagators are the headers that are understood. Baggage is for services called from here, and there are none.
var propagators = map[string]func(map[string][]string) (place, bool){
	"tracecontext": traceContext,
	"baggage":      func(map[string][]string) (place, bool) { return place{}, false },
	"b3":           b3Single,
	"b3multi":      b3Multi,
	"none":         func(map[string][]string) (place, bool) { return place{}, false },
}

// only returns the value of a header that is there once. Names are in the form of net/http.
func only(header map[string][]string, name string) string {
	if v := header[name]; len(v) == 1 {
		return v[0]
	}
	return ""
}

// traceContext reads traceparent and tracestate (W3C Trace Context, sections 3.2 and 3.3).
func traceContext(header map[string][]string) (place, bool) {
	p, ok := parseParent(only(header, "Traceparent"))
	if ok {
		p.state = parseState(header["Tracestate"])
	}
	return p, ok
}

// parseParent reads version-trace-span-flags. Later versions may add to that, behind another dash.
func parseParent(text string) (p place, ok bool) {
	const length = 2 + 1 + 32 + 1 + 16 + 1 + 2
	if len(text) < length || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return p, false
	}
	var version, flags [1]byte
	if !digits(version[:], text[:2]) || !digits(p.trace[:], text[3:35]) || !digits(p.span[:], text[36:52]) || !digits(flags[:], text[53:55]) {
		return p, false
	}
	if version[0] == 0xff || version[0] == 0 && len(text) > length || len(text) > length && text[length] != '-' {
		return p, false
	}
	p.flags = flags[0] & (flagSampled | flagRandom)
	return p, p.valid()
}

// digits reads lower-case hexadecimal digits.
func digits(into []byte, text string) bool {
	if strings.ContainsFunc(text, func(r rune) bool { return 'A' <= r && r <= 'F' }) {
		return false
	}
	_, err := hex.Decode(into, []byte(text))
	return err == nil
}

// maxMembers and maxState bound a tracestate, by its members (section 3.3.1.1) and bytes.
const maxMembers, maxState = 32, 4096

// parseState returns a tracestate to pass on, or nothing if it is malformed.
func parseState(lines []string) string {
	text := strings.Join(lines, ",")
	if len(text) > maxState {
		return ""
	}
	var members []string
	seen := map[string]bool{}
	for member := range strings.SplitSeq(text, ",") {
		if member = strings.Trim(member, " \t"); member == "" {
			continue
		}
		key, value, _ := strings.Cut(member, "=")
		if seen[key] || !stateKey(key) || !stateValue(value) || len(members) == maxMembers {
			return ""
		}
		seen[key] = true
		members = append(members, member)
	}
	return strings.Join(members, ",")
}

func stateKey(key string) bool {
	if key == "" || len(key) > 256 || !lower(key[0]) && !digit(key[0]) {
		return false
	}
	for i := range len(key) {
		if c := key[i]; !lower(c) && !digit(c) && strings.IndexByte("_-*/@", c) < 0 {
			return false
		}
	}
	return true
}

func stateValue(value string) bool {
	if value == "" || len(value) > 256 || value[len(value)-1] == ' ' {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == ',' || c == '=' {
			return false
		}
	}
	return true
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }
func digit(c byte) bool { return '0' <= c && c <= '9' }

// b3Single reads trace-span-sampled-parent, of which the last two may be missing (Zipkin's B3, "single header").
func b3Single(header map[string][]string) (place, bool) {
	parts := strings.Split(only(header, "B3"), "-")
	if len(parts) < 2 || len(parts) > 4 {
		return place{}, false
	}
	sampled := ""
	if len(parts) > 2 {
		sampled = parts[2]
	}
	return b3(parts[0], parts[1], sampled)
}

// b3Multi reads X-B3-TraceId and its companions.
func b3Multi(header map[string][]string) (place, bool) {
	sampled := only(header, "X-B3-Sampled")
	if only(header, "X-B3-Flags") == "1" {
		sampled = "d"
	}
	return b3(only(header, "X-B3-Traceid"), only(header, "X-B3-Spanid"), sampled)
}

// b3 reads the parts of a B3 context. A trace's ID may have 64 bits. Who leaves the decision open is taken to keep the trace.
func b3(trace, span, sampled string) (p place, ok bool) {
	if len(trace) == 16 {
		trace = strings.Repeat("0", 16) + trace
	}
	if len(trace) != 32 || len(span) != 16 || !digits(p.trace[:], strings.ToLower(trace)) || !digits(p.span[:], strings.ToLower(span)) {
		return p, false
	}
	switch sampled {
	case "", "1", "d", "true":
		p.flags = flagSampled
	case "0", "false":
	default:
		return p, false
	}
	return p, p.valid()
}
