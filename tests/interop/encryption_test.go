package interop

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/encryption"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/encryption/localkms"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/avrov2"
)

// Confluent's rules for client-side field encryption make their keys in the key registry: a record is written by one client
// and read by another, which finds the kek and the dek there.
func TestConfluentFieldEncryption(t *testing.T) {
	encryption.Register()
	t.Cleanup(func() { *serde.GlobalRuleRegistry() = serde.NewRuleRegistry() })
	c := confluent{&server}
	name := "encrypted"
	const text = `{"type":"record","name":"order","fields":[{"name":"id","type":"string","confluent:tags":["PII"]},` +
		`{"name":"quantity","type":"long"},{"name":"price","type":"double"},{"name":"tags","type":{"type":"array","items":"string"}}]}`
	info := schemaregistry.SchemaInfo{Schema: text, SchemaType: "AVRO", RuleSet: &schemaregistry.RuleSet{DomainRules: []schemaregistry.Rule{{
		Name: "encrypt-pii", Kind: "TRANSFORM", Mode: "WRITEREAD", Type: "ENCRYPT", Tags: []string{"PII"},
		Params: map[string]string{"encrypt.kek.name": "interop-encryption", "encrypt.kms.type": "local-kms", "encrypt.kms.key.id": "mykey"},
	}}}}
	if _, err := c.registry(t).Register(name+"-value", info, false); err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{"secret": "a secret of both"}
	write := avrov2.NewSerializerConfig()
	write.AutoRegisterSchemas, write.UseLatestVersion, write.RuleConfig = false, true, rules
	ser, err := avrov2.NewSerializer(c.registry(t), serde.ValueSerde, write)
	if err != nil {
		t.Fatal(err)
	}
	in := order{ID: "a name to hide", Quantity: 3, Tags: []string{"a"}}
	sent := in
	data, err := ser.Serialize(name, &sent)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(in.ID)) {
		t.Errorf("the field is not encrypted: %q", data)
	}
	read := avrov2.NewDeserializerConfig()
	read.RuleConfig = rules
	de, err := avrov2.NewDeserializer(c.registry(t), serde.ValueSerde, read)
	if err != nil {
		t.Fatal(err)
	}
	var out order
	if err := de.DeserializeInto(name, data, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("written (-) and read (+):\n%s", diff)
	}
}
