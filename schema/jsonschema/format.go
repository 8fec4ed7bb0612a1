package jsonschema

import v5 "github.com/santhosh-tekuri/jsonschema/v5"

// formatCheck asserts a format. The classic drafts assert formats, as Confluent's validator for them does; in the modern ones
// a format is an annotation, and so is one whose name nobody knows.
type formatCheck struct {
	name  string
	valid func(any) bool
}

func (o *objectCompiler) format() *formatCheck {
	v := o.typed("format", jsonString)
	if v == nil {
		return nil
	}
	name := v.text
	if name == "regex" {
		return &formatCheck{name, validPattern}
	}
	if valid := v5.Formats[name]; valid != nil {
		return &formatCheck{name, valid}
	}
	return nil
}

func validPattern(v any) bool {
	text, ok := v.(string)
	if !ok {
		return true
	}
	_, err := compilePattern(text)
	return err == nil
}
