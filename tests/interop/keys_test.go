package interop

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rest"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/encryption/deks"
)

// Confluent's client of the key registry, which its encryption rules use, stores and reads keys.
func TestConfluentKeys(t *testing.T) {
	// Each client has a cache; another one has to ask the server.
	clients := [3]deks.Client{}
	for i := range clients {
		cl, err := deks.NewClient(server.confluent())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cl.Close() })
		clients[i] = cl
	}
	writer, reader, rival := clients[0], clients[1], clients[2]

	wantCode(t, 40470, func() error { _, err := reader.GetKek("interop-kek", false); return err })
	kek, err := writer.RegisterKek("interop-kek", "local-kms", "local-kms://mine", map[string]string{"secret": "s"}, "a doc", false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := reader.GetKek("interop-kek", false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kek, got); diff != "" || got.KmsProps["secret"] != "s" || got.KmsKeyID != "local-kms://mine" {
		t.Errorf("kek written (-) and read (+):\n%s", diff)
	}
	wantCode(t, 40971, func() error {
		_, err := rival.RegisterKek("interop-kek", "local-kms", "local-kms://other", nil, "", false)
		return err
	})

	wantCode(t, 40470, func() error {
		_, err := reader.GetDekVersion("interop-kek", "interop-dek", 1, "AES256_SIV", false)
		return err
	})
	dek, err := writer.RegisterDekVersion("interop-kek", "interop-dek", 2, "AES256_SIV", "bWF0ZXJpYWw=")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []int{2, -1} {
		read, err := reader.GetDekVersion("interop-kek", "interop-dek", version, "AES256_SIV", false)
		if err != nil {
			t.Fatal(err)
		}
		material, err := reader.GetDekEncryptedKeyMaterialBytes(&read)
		if err != nil || string(material) != "material" || read.Version != 2 || read.Ts != dek.Ts || read.KekName != "interop-kek" {
			t.Errorf("version %d: %+v, material %q, %v", version, read, material, err)
		}
	}
}

// wantCode calls f until it is refused with an error of the registry.
func wantCode(t *testing.T, code int, f func() error) {
	t.Helper()
	var refused *rest.Error
	if err := f(); !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want error %d", err, code)
	}
}

// Confluent's client makes, lists and ends associations, and its serializers at their defaults write under the subject that a
// topic is associated with.
func TestConfluentAssociations(t *testing.T) {
	c := confluent{&server}
	cl := c.registry(t)
	name, subject := topic(t, 1, nil), "shared-by-topics"
	const text = `{"type":"record","name":"order","fields":[{"name":"id","type":"string"},{"name":"quantity","type":"long"},` +
		`{"name":"price","type":"double"},{"name":"tags","type":{"type":"array","items":"string"}},{"name":"old","type":"string"}]}`
	if _, err := cl.Register(subject, schemaregistry.SchemaInfo{Schema: text}, false); err != nil {
		t.Fatal(err)
	}
	made, err := cl.CreateAssociation(schemaregistry.AssociationCreateOrUpdateRequest{
		ResourceName: name, ResourceNamespace: "cluster-1", ResourceID: "id-of-" + name,
		Associations: []schemaregistry.AssociationCreateOrUpdateInfo{{Subject: subject, AssociationType: "value", Lifecycle: schemaregistry.WEAK}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Associations) != 1 || made.Associations[0].Subject != subject || made.Associations[0].Frozen {
		t.Errorf("made %+v", made)
	}
	for question, ask := range map[string]func() ([]schemaregistry.Association, error){
		"subject": func() ([]schemaregistry.Association, error) {
			return cl.GetAssociationsBySubject(subject, "topic", []string{"value"}, "WEAK", 0, -1)
		},
		"resource": func() ([]schemaregistry.Association, error) {
			return cl.GetAssociationsByResourceID("id-of-"+name, "", nil, "", 0, 10)
		},
		"name": func() ([]schemaregistry.Association, error) {
			return cl.GetAssociationsByResourceName(name, "-", "topic", nil, "", 0, -1)
		},
	} {
		found, err := ask()
		if err != nil || len(found) != 1 || found[0].Subject != subject || found[0].ResourceName != name || found[0].GUID == "" {
			t.Errorf("by %s: %+v, %v", question, found, err)
		}
	}

	serialized(t, c, name)
	subjects, err := cl.GetAllSubjects()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range subjects {
		if s == name+"-value" {
			t.Errorf("the serializer registered %s and not %s", s, subject)
		}
	}
	if versions, err := cl.GetAllVersions(subject); err != nil || len(versions) < 2 {
		t.Errorf("versions of %s: %v, %v; the serializer added none", subject, versions, err)
	}

	wantCode(t, 40904, func() error { _, err := cl.DeleteSubject(subject, false); return err })
	if err := cl.DeleteAssociations("id-of-"+name, "topic", []string{"value"}, false); err != nil {
		t.Fatal(err)
	}
	wantCode(t, 40410, func() error { return cl.DeleteAssociations("id-of-"+name, "", nil, true) })

	owned, err := cl.CreateAssociation(schemaregistry.AssociationCreateOrUpdateRequest{
		ResourceName: name, ResourceNamespace: "cluster-1", ResourceID: "id-of-" + name,
		Associations: []schemaregistry.AssociationCreateOrUpdateInfo{{AssociationType: "value", Schema: &schemaregistry.SchemaInfo{Schema: text}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := owned.Associations[0]; a.Subject != ":.cluster-1:"+name+"-value" || a.Lifecycle != schemaregistry.STRONG || !a.Frozen || a.Schema == nil {
		t.Errorf("owned %+v", a)
	}
	if err := cl.DeleteAssociations("id-of-"+name, "", nil, true); err != nil {
		t.Error(err)
	}
}

// serialized writes and reads an order with Confluent's Avro serde.
func serialized(t *testing.T, c confluent, name string) {
	t.Helper()
	in := order{ID: "o-1", Tags: []string{"a"}}
	data, err := c.serializer(t, avroFormat).Serialize(name, c.value(avroFormat, in))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, c.deserializer(t, avroFormat)(name, data)); diff != "" {
		t.Errorf("written (-) and read (+):\n%s", diff)
	}
}
