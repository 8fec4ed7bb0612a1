package jsonschema

import v5 "github.com/santhosh-tekuri/jsonschema/v5"

// formatCheck asserts a format. The classic drafts assert the formats they define, as Confluent's validator for them does; in
// the modern drafts a format is an annotation, and so is one that the draft does not define.
type formatCheck struct {
	name  string
	valid func(any) bool
}

// The drafts that brought each format.
var formatSince = map[string]draft{
	"date-time": draft04, "email": draft04, "hostname": draft04, "ipv4": draft04, "ipv6": draft04, "uri": draft04,
	"uri-reference": draft06, "uri-template": draft06, "json-pointer": draft06,
	"date": draft07, "time": draft07, "iri": draft07, "iri-reference": draft07, "regex": draft07, "relative-json-pointer": draft07,
}

func (o *objectCompiler) format() *formatCheck {
	v := o.typed("format", jsonString)
	if v == nil {
		return nil
	}
	since, known := formatSince[v.text]
	if !known || !o.from(since) {
		return nil
	}
	if v.text == "regex" {
		return &formatCheck{v.text, validPattern}
	}
	return &formatCheck{v.text, v5.Formats[v.text]}
}

// fits applies the check. The checks are a library's; one that panics on a string has not found it valid.
func (f *formatCheck) fits(s string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return f.valid(s)
}

func validPattern(v any) bool {
	text, ok := v.(string)
	if !ok {
		return true
	}
	_, err := compilePattern(text)
	return err == nil
}
