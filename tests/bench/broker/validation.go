package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/twmb/franz-go/pkg/kgo"
)

// validated is the configuration of a topic whose records must name a schema of its subject.
var validated = map[string]string{"confluent.value.schema.validation": "true"}

// twin returns the same server, with topics that validate.
func (s *server) twin() *server {
	t := *s
	t.name, t.topic = s.name+", id", validated
	return &t
}

// validations are produced to pawl alone, with validation on and off.
func validations(bytes int) []workload {
	var all []workload
	for _, codec := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"lz4", kgo.Lz4Compression()}, {"snappy", kgo.SnappyCompression()}, {"zstd", kgo.ZstdCompression()}} {
		all = append(all, workload{name: "validate, " + codec.name, size: kibibyte, partitions: 1, codec: codec.codec, records: bytes / kibibyte,
			on: func(s *server) bool { return s.registry != "" && !s.durable }, prepare: register, run: produce, twins: true})
	}
	return all
}

// register gives the topic a schema and frames the values with its id.
func register(ctx context.Context, j *job) error {
	schema, err := json.Marshal(map[string]string{"schema": `{"type":"record","name":"Line","fields":[{"name":"text","type":"string"}]}`})
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s/subjects/%s-value/versions", j.server.registry, j.topic)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(schema))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	var registered struct{ ID uint32 }
	if err := json.Unmarshal(body, &registered); err != nil || registered.ID == 0 {
		return fmt.Errorf("registering a schema: %s: %s", res.Status, body)
	}
	for _, v := range j.values {
		v[0] = 0
		binary.BigEndian.PutUint32(v[1:], registered.ID)
	}
	return nil
}
