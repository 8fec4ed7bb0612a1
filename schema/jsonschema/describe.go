package jsonschema

import (
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// describe turns findings into the contract's differences.
func describe(found []finding, q schema.Question) []schema.Difference {
	return describeBy(ruleTable(), found, q)
}

func describeBy(table map[string]rule, found []finding, q schema.Question) []schema.Difference {
	if len(found) == 0 {
		return nil
	}
	reader, writer := q.Words()
	out := make([]schema.Difference, 0, len(found))
	for _, f := range found {
		path := "#/" + f.path
		name := path[strings.LastIndexByte(path, '/')+1:]
		detail := strings.NewReplacer("{r}", reader, "{w}", writer, "{p}", "'"+path+"'", "{n}", "'"+name+"'").Replace(table[f.rule].sentence)
		out = append(out, schema.Difference{Rule: f.rule, Path: path, Detail: detail, Message: confluentMessage(f.rule, detail)})
	}
	return out
}

// confluentMessage is the shape of Confluent's messages: the description opens with one kind of quote and closes with the other.
func confluentMessage(rule, detail string) string {
	return `{errorType:"` + rule + `", description:"` + detail + `'}`
}
