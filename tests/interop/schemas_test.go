package interop

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/test"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// driven is a party whose serdes and Kafka client are those of another language.
type driven struct{ *driver }

// message tells a driver of the generated message: the descriptors of its file and those it imports, imports first.
func message(t *testing.T, with args) args {
	t.Helper()
	var files []string
	seen := map[string]bool{}
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i))
		}
		raw, err := proto.Marshal(protodesc.ToFileDescriptorProto(f))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, base64.StdEncoding.EncodeToString(raw))
	}
	author := (&test.Author{}).ProtoReflect().Descriptor()
	add(author.ParentFile())
	with["descriptor"], with["message"] = files, string(author.FullName())
	return with
}

func (p driven) write(_ context.Context, t *testing.T, f format, topic string, all []order) {
	t.Helper()
	with := args{"topic": topic, "format": f}
	values := make([]json.RawMessage, len(all))
	for i, o := range all {
		values[i] = told(t, f, o)
	}
	with["values"] = values
	if f == protobufFormat {
		message(t, with)
	} else {
		with["schema"], _ = text(f)
	}
	p.do(t, "write", with, nil)
}

func (p driven) read(_ context.Context, t *testing.T, f format, topic, group string, n int) []order {
	t.Helper()
	with := args{"topic": topic, "format": f, "group": group, "n": n}
	if f == protobufFormat {
		message(t, with)
	}
	var values []json.RawMessage
	p.do(t, "read", with, &values)
	var got []order
	for _, v := range values {
		got = append(got, untold(t, f, v))
	}
	return got
}

// told is an order as the drivers are told of it.
func told(t *testing.T, f format, o order) json.RawMessage {
	t.Helper()
	encode := func() ([]byte, error) { return json.Marshal(o) }
	if f == protobufFormat {
		encode = func() ([]byte, error) { return protojson.Marshal(toAuthor(o)) }
	}
	raw, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func untold(t *testing.T, f format, raw json.RawMessage) order {
	t.Helper()
	if f == protobufFormat {
		var a test.Author
		if err := protojson.Unmarshal(raw, &a); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		return fromAuthor(&a)
	}
	var o order
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return o
}
