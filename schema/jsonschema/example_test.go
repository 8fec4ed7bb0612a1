package jsonschema_test

import (
	"fmt"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

func Example() {
	old, err := jsonschema.Format.Parse(schema.Source{Text: `{"title":"User","type":"object","properties":{"id":{"type":"integer"}},"additionalProperties":false}`}, nil)
	if err != nil {
		panic(err)
	}
	next, err := jsonschema.Format.Parse(schema.Source{Text: `{"title":"User","type":"object","properties":{"id":{"type":"integer","minimum":1}},"additionalProperties":false}`}, nil)
	if err != nil {
		panic(err)
	}
	for _, d := range next.Differences(old, schema.Question{Reader: "new", Writer: "old"}) {
		fmt.Println(d.Rule, d.Path)
	}
	user, err := next.Message("User")
	if err != nil {
		panic(err)
	}
	fmt.Println(fault.DetailOf(user.Check([]byte(`{"id":0}`))))
	// Output:
	// MINIMUM_ADDED #/properties/id/minimum
	// the payload does not fit its schema at #/id: 0 is less than 1 (keyword minimum)
}
