package demo

import "embed"

//go:embed schemas
var files embed.FS

// contract is one format's share of the demo.
type contract struct {
	format                 string
	topic                  string
	first, next, forbidden string // texts: version 1, a compatible version 2, and a version 2 that breaks readers
	license                string // what a reader with version 2 finds in a record of version 1: Avro knows defaults, the others do not
}

func contracts() ([]contract, error) {
	all := []contract{
		{format: "AVRO", topic: "packages-avro", first: "package-1.avsc", next: "package-2.avsc", forbidden: "package-bad.avsc", license: "BSD-3-Clause"},
		{format: "PROTOBUF", topic: "packages-protobuf", first: "package-1.proto", next: "package-2.proto", forbidden: "package-bad.proto"},
		{format: "JSON", topic: "packages-json", first: "package-1.json", next: "package-2.json", forbidden: "package-bad.json"},
	}
	for i := range all {
		for _, text := range []*string{&all[i].first, &all[i].next, &all[i].forbidden} {
			data, err := files.ReadFile("schemas/" + *text)
			if err != nil {
				return nil, err
			}
			*text = string(data)
		}
	}
	return all, nil
}

func (c contract) subject() string { return c.topic + "-value" }
