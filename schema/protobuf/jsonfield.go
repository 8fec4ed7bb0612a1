package protobuf

import "encoding/json"

// jsonKind is how a value looks in JSON.
type jsonKind uint8

const (
	jsonInt32 jsonKind = iota
	jsonInt64
	jsonUint32
	jsonUint64
	jsonSint32
	jsonSint64
	jsonFixed32
	jsonFixed64
	jsonSfixed32
	jsonSfixed64
	jsonFloat
	jsonDouble
	jsonBool
	jsonText
	jsonBytes
	jsonEnum
	jsonMessage
	jsonMap
)

var scalarKinds = map[string]jsonKind{
	"int32": jsonInt32, "int64": jsonInt64, "uint32": jsonUint32, "uint64": jsonUint64, "sint32": jsonSint32, "sint64": jsonSint64,
	"fixed32": jsonFixed32, "fixed64": jsonFixed64, "sfixed32": jsonSfixed32, "sfixed64": jsonSfixed64, "float": jsonFloat,
	"double": jsonDouble, "bool": jsonBool, "string": jsonText, "bytes": jsonBytes,
}

// jsonForm marks the well-known types, which have JSON forms of their own.
type jsonForm uint8

const (
	formObject jsonForm = iota
	formTimestamp
	formWrapper
	formOther // left to protojson
)

var jsonForms = map[string]jsonForm{
	"google.protobuf.Timestamp": formTimestamp, "google.protobuf.Duration": formOther, "google.protobuf.Any": formOther,
	"google.protobuf.FieldMask": formOther, "google.protobuf.Struct": formOther, "google.protobuf.Value": formOther,
	"google.protobuf.ListValue": formOther,
	"google.protobuf.BoolValue": formWrapper, "google.protobuf.BytesValue": formWrapper, "google.protobuf.DoubleValue": formWrapper,
	"google.protobuf.FloatValue": formWrapper, "google.protobuf.Int32Value": formWrapper, "google.protobuf.Int64Value": formWrapper,
	"google.protobuf.StringValue": formWrapper, "google.protobuf.UInt32Value": formWrapper, "google.protobuf.UInt64Value": formWrapper,
}

// jsonField is what the JSON form needs to know of a field.
type jsonField struct {
	kind     jsonKind
	order    int
	name     string // JSON name
	key      string // the same, quoted and with a colon
	list     bool
	implicit bool   // the zero value counts as not set
	oneof    uint64 // bit of the oneof
	crowded  bool   // the oneof has no bit
	enum     map[int32]string
	numbers  map[string]int32 // of an enum, by name

	number int32
	proto  string // name in the .proto file
	tag    []byte // in front of each value, or of all packed ones
	packed bool
}

func (j *jsonField) describe(f *field, oneof int, proto3 bool) {
	j.name = jsonName(f.name)
	if f.jsonName != nil {
		j.name = *f.jsonName
	}
	quoted, _ := json.Marshal(j.name)
	j.key = string(quoted) + ":"
	j.list = f.label == repeated && j.kind != jsonMap
	j.implicit = proto3 && oneof == 0 && f.label == noLabel && j.kind < jsonMessage // lists have a label
	j.proto = f.name
	j.packed = j.list && proto3
	for _, o := range f.options {
		if o.name == "packed" && !o.paren {
			j.packed = j.list && o.value.text == "true"
		}
	}
	if oneof > 0 {
		j.oneof = 1 << (oneof - 1)
		j.crowded = j.oneof == 0
	}
}

// enumField lists the names of an enum by number, the first of several, and its numbers by name. NullValue is not an enum to JSON.
func enumField(t located) *jsonField {
	j := &jsonField{kind: jsonEnum}
	if t.full == "google.protobuf.NullValue" {
		return j
	}
	j.enum, j.numbers = map[int32]string{}, map[string]int32{}
	for _, v := range t.enum.values {
		if _, twice := j.enum[v.number]; !twice {
			j.enum[v.number] = v.name
		}
		j.numbers[v.name] = v.number
	}
	return j
}
