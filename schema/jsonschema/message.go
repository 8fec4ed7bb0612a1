package jsonschema

type message struct{ schema *parsed }
