package registry

import (
	"bytes"
	"context"
	"encoding/base64"

	"github.com/pawl-registry/pawl/fault"
)

// kms returns the KMS, or says that there is none.
func (r *Registry) kms(k Kek) (KMS, error) {
	if r.opts.KMS == nil {
		return nil, fault.New(ErrKMS, opKeys, "The key '%s' is shared, but this server has no access to a KMS of type %s; "+
			"let the clients wrap keys, with a kek that is not shared", k.Name, k.KMSType)
	}
	return r.opts.KMS, nil
}

// try makes a key with a shared kek, if a trial is asked for.
func (r *Registry) try(ctx context.Context, k Kek, t Trial) error {
	if !bool(t) || !k.Shared {
		return nil
	}
	_, _, err := r.generate(ctx, k, AES256GCM)
	return err
}

// generate makes key material and its wrapped form, and sees that the KMS unwraps it.
func (r *Registry) generate(ctx context.Context, k Kek, algorithm string) (material, wrapped []byte, err error) {
	service, err := r.kms(k)
	if err != nil {
		return nil, nil, err
	}
	if material, wrapped, err = service.Generate(ctx, k, algorithm); err != nil {
		return nil, nil, err
	}
	return material, wrapped, verify(ctx, service, k, material, wrapped)
}

func verify(ctx context.Context, service KMS, k Kek, material, wrapped []byte) error {
	back, err := service.Unwrap(ctx, k, wrapped)
	if err == nil && !bytes.Equal(back, material) {
		err = fault.New(ErrKMS, opKeys, "The KMS does not unwrap what it wrapped with the key '%s'", k.Name)
	}
	return err
}

// opened returns a dek with its material, if its kek is shared.
func (r *Registry) opened(ctx context.Context, d Dek) (Dek, error) {
	k := r.view.kek(d.Kek, All)
	if k == nil || !k.Shared {
		return d, nil
	}
	material, err := r.unwrap(ctx, *k, d)
	d.Material = base64.StdEncoding.EncodeToString(material)
	return d, err
}

func (r *Registry) unwrap(ctx context.Context, k Kek, d Dek) ([]byte, error) {
	service, err := r.kms(k)
	if err != nil {
		return nil, err
	}
	wrapped, err := base64.StdEncoding.DecodeString(d.Wrapped)
	if err != nil {
		return nil, fault.Wrap(ErrKMS, opKeys, err, "The material of the key '%s' is not base64", d.Subject)
	}
	return service.Unwrap(ctx, k, wrapped)
}

// madeDek is a dek as it would be stored, with its material if the KMS gave it, and the kek that it was made with.
type madeDek struct {
	kek Kek
	dek Dek
}

// makeDek prepares a dek, with the KMS if the kek is shared, before it is decided whether it is stored. What is refused is
// refused before the KMS is asked.
func (r *Registry) makeDek(ctx context.Context, d NewDek) (madeDek, error) {
	made := madeDek{kek: Kek{Name: d.Kek}}
	kek := r.view.kek(d.Kek, d.keks())
	if kek == nil {
		return made, nil // createDek refuses
	}
	made.kek = *kek
	made.dek = Dek{Kek: d.Kek, Subject: d.Subject, Version: d.Version, Algorithm: d.Algorithm, Wrapped: d.Wrapped, Deleted: d.Deleted}
	old := pickDek(r.view.deks(d.DekName, All), d.Version)
	if !kek.Shared || d.judge(kek, old) != nil {
		return made, nil
	}
	material, wrapped, err := r.material(ctx, *kek, d, old)
	if err != nil {
		return made, err
	}
	made.dek.Wrapped = base64.StdEncoding.EncodeToString(wrapped)
	if modeInForce(r.view, ParseName(d.Subject)) != Import {
		made.dek.Material = base64.StdEncoding.EncodeToString(material)
	}
	return made, nil
}

// material returns the material of a new dek under a shared kek: the one given, that of the existing dek, or a new one.
func (r *Registry) material(ctx context.Context, k Kek, d NewDek, old *Dek) (material, wrapped []byte, err error) {
	if d.Wrapped == "" && old == nil {
		return r.generate(ctx, k, d.Algorithm)
	}
	from := Dek{Subject: d.Subject, Wrapped: d.Wrapped}
	if old != nil {
		from = *old
	}
	if material, err = r.unwrap(ctx, k, from); err != nil {
		return nil, nil, err
	}
	if old == nil {
		wrapped, err = base64.StdEncoding.DecodeString(d.Wrapped)
		return material, wrapped, err
	}
	service, err := r.kms(k)
	if err != nil {
		return nil, nil, err
	}
	if wrapped, err = service.Wrap(ctx, k, material); err != nil {
		return nil, nil, err
	}
	return material, wrapped, verify(ctx, service, k, material, wrapped)
}
