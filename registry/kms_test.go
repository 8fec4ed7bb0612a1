package registry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// reversing is a KMS whose wrapping turns bytes around. Its material counts up.
type reversing struct {
	made byte
	fail error
	hook func()
}

func (k *reversing) Generate(_ context.Context, _ registry.Kek, algorithm string) (material, wrapped []byte, err error) {
	if k.hook != nil {
		k.hook()
	}
	k.made++
	material = append([]byte(algorithm), k.made)
	return material, turned(material), k.fail
}

func (k *reversing) Wrap(_ context.Context, _ registry.Kek, material []byte) ([]byte, error) {
	return turned(material), k.fail
}

func (k *reversing) Unwrap(_ context.Context, _ registry.Kek, wrapped []byte) ([]byte, error) {
	return turned(wrapped), k.fail
}

func turned(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}

func sharedStory(t *testing.T, kms registry.KMS) *story {
	s := newStory(t, registry.Options{KMS: kms})
	s.play("createkek k shared try")
	return s
}

func TestASharedKekGivesMaterialThatIsNotStored(t *testing.T) {
	s, ctx := sharedStory(t, &reversing{}), context.Background()
	n := registry.DekName{Kek: "k", Subject: "s"}
	made, err := s.reg.CreateDek(ctx, registry.NewDek{DekName: n})
	if err != nil || made.Material == "" || made.Wrapped == "" || made.Material == made.Wrapped {
		t.Fatalf("made %+v, %v", made, err)
	}
	read, err := s.reg.Dek(ctx, n, 1, registry.Live)
	if err != nil || read != made {
		t.Errorf("read %+v, %v; made %+v", read, err, made)
	}
	again, err := s.reg.CreateDek(ctx, registry.NewDek{DekName: n, Rewrap: true})
	if err != nil || again.Material != made.Material {
		t.Errorf("rewrapped %+v, %v; made %+v", again, err, made)
	}
	if _, err := s.reg.CreateDek(ctx, registry.NewDek{DekName: n}); !errors.Is(err, registry.ErrKeyExists) {
		t.Errorf("again: %v", err)
	}
	s.opts.KMS = nil
	s.open()
	if _, err := s.reg.Dek(ctx, n, 1, registry.Live); !errors.Is(err, registry.ErrKMS) {
		t.Errorf("without a KMS: %v", err)
	}
	s.play("setmode s IMPORT")
}

func TestMaterialIsNotGivenToWhoImports(t *testing.T) {
	s := sharedStory(t, &reversing{})
	s.play("setmode s IMPORT")
	made, err := s.reg.CreateDek(context.Background(), registry.NewDek{DekName: registry.DekName{Kek: "k", Subject: "s"}})
	if err != nil || made.Material != "" || made.Wrapped == "" {
		t.Errorf("made %+v, %v", made, err)
	}
}

func TestNothingIsStoredWhenTheKMSFails(t *testing.T) {
	for _, code := range []*fault.Code{registry.ErrKMS, registry.ErrKMSDenied} {
		kms := &reversing{}
		s := sharedStory(t, kms)
		kms.fail = fault.New(code, "test", "no")
		for _, block := range []string{"createdek k s", "createkek l shared try", "testkek k"} {
			if got, want := s.play(block), block+"\n----\n"+code.Name()+": no"; got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		}
		if got := s.play("keks deleted") + s.play("deksubjects k deleted"); got != "keks deleted\n----\n[\"k\"]deksubjects k deleted\n----\nnull" {
			t.Errorf("stored: %s", got)
		}
	}
}

// The KMS is asked before the decision: a kek that changes meanwhile is not wrapped with.
func TestAKekThatChangesMeanwhileIsNotUsed(t *testing.T) {
	kms := &reversing{}
	s := sharedStory(t, kms)
	kms.hook = func() {
		kms.hook = nil
		s.play("updatekek k doc=changed")
	}
	if got := s.play("createdek k s"); got != "createdek k s\n----\nkms_failed: The kek 'k' was changed meanwhile; try again" {
		t.Errorf("got %s", got)
	}
	if got := s.play("deksubjects k deleted"); got != "deksubjects k deleted\n----\nnull" {
		t.Errorf("stored: %s", got)
	}
}
