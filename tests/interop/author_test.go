package interop

import (
	"strconv"
	"strings"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/test"
)

// toAuthor carries an order in the generated message that Confluent ships for tests. The message has no 64-bit number and no
// float, so the two travel as text in the works.
func toAuthor(o order) *test.Author {
	works := append([]string{strconv.FormatInt(o.Quantity, 10), strconv.FormatFloat(o.Price, 'g', -1, 64)}, o.Tags...)
	return &test.Author{
		Name:     o.ID,
		Id:       int32(len(o.Tags)),
		Picture:  []byte(strings.Repeat("p", len(o.ID))),
		Works:    works,
		PiiOneof: &test.Author_OneofMessage{OneofMessage: &test.Pizza{Size: "L", Toppings: o.Tags}},
	}
}

func fromAuthor(a *test.Author) order {
	o := order{ID: a.GetName(), Tags: []string{}}
	if len(a.GetWorks()) < 2 || len(a.GetPicture()) != len(a.GetName()) || int(a.GetId()) != len(a.GetOneofMessage().GetToppings()) {
		return order{ID: "the message lost fields on its way: " + a.String()}
	}
	o.Quantity, _ = strconv.ParseInt(a.GetWorks()[0], 10, 64)
	o.Price, _ = strconv.ParseFloat(a.GetWorks()[1], 64)
	o.Tags = append(o.Tags, a.GetWorks()[2:]...)
	return o
}
