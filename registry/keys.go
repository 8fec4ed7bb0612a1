package registry

import (
	"context"
	"maps"
	"strings"
	"unicode"

	"github.com/pawl-registry/pawl/fault"
)

const opKeys = "registry.Keys"

// The algorithms of data encryption keys (Confluent: DekFormat).
const (
	AES128GCM = "AES128_GCM"
	AES256GCM = "AES256_GCM" // where none is named
	AES256SIV = "AES256_SIV"
)

// Kek is a key encryption key: the name of a key that a KMS holds. Values are shared and must not be changed.
type Kek struct {
	Name     string            `json:"name"`
	KMSType  string            `json:"kmsType"`
	KMSKeyID string            `json:"kmsKeyId"`
	KMSProps map[string]string `json:"kmsProps,omitempty"`
	Doc      string            `json:"doc,omitempty"`
	Shared   bool              `json:"shared,omitempty"`  // the registry itself may wrap and unwrap with it
	Deleted  bool              `json:"deleted,omitempty"` // soft-deleted
	Time     int64             `json:"-"`                 // of the last write, in milliseconds since the Unix epoch
}

// KekUpdate changes a Kek field by field.
type KekUpdate struct {
	KMSProps Edit[map[string]string]
	Doc      Edit[string]
	Shared   Edit[bool]
}

// Dek is one version of a data encryption key: key material that is wrapped with a Kek, for one subject and algorithm. Values
// are shared and must not be changed.
type Dek struct {
	Kek       string `json:"kek"`
	Subject   string `json:"subject"` // qualified unless in the default context
	Version   int    `json:"version"`
	Algorithm string `json:"algorithm"`
	Wrapped   string `json:"wrapped"` // the material as the KMS wrapped it, in base64
	Deleted   bool   `json:"deleted,omitempty"`
	Time      int64  `json:"-"` // of the last write, in milliseconds since the Unix epoch

	Material string `json:"-"` // unwrapped, in base64; only for shared keks, and never stored
}

// DekName names the versions of a Dek. Subject may be qualified; the empty algorithm is AES256GCM.
type DekName struct {
	Kek, Subject, Algorithm string
}

// NewDek is a Dek that somebody asks to store. Zero Version is 1.
type NewDek struct {
	DekName
	Version int
	Wrapped string // empty asks the registry to make and wrap the material, which needs a shared kek
	Deleted bool
	Rewrap  bool // wrap the material of the existing one anew
}

// KMS makes, wraps and unwraps key material for keks that are shared with the registry. Key material has the form that
// Confluent's clients expect for the algorithm. Failures have the code ErrKMS, or ErrKMSDenied if the KMS refused.
type KMS interface {
	// Generate makes key material and returns it with its wrapped form.
	Generate(ctx context.Context, k Kek, algorithm string) (material, wrapped []byte, err error)
	// Wrap wraps material.
	Wrap(ctx context.Context, k Kek, material []byte) ([]byte, error)
	// Unwrap undoes Wrap.
	Unwrap(ctx context.Context, k Kek, wrapped []byte) ([]byte, error)
}

// same reports whether two keks differ in nothing but being deleted and their times.
func (k *Kek) same(o *Kek) bool {
	return k.Name == o.Name && k.KMSType == o.KMSType && k.KMSKeyID == o.KMSKeyID && k.Doc == o.Doc && k.Shared == o.Shared &&
		maps.Equal(k.KMSProps, o.KMSProps)
}

func (n DekName) normal() DekName {
	n.Subject = ParseName(n.Subject).String()
	if n.Algorithm == "" {
		n.Algorithm = AES256GCM
	}
	return n
}

// check judges the names of a kek and a subject.
func (n DekName) check() error {
	if err := checkKekName(n.Kek); err != nil {
		return err
	}
	if n.Subject == "" || strings.ContainsFunc(n.Subject, unicode.IsControl) {
		return invalidKey("subject")
	}
	switch n.Algorithm {
	case "", AES128GCM, AES256GCM, AES256SIV:
		return nil
	}
	return invalidKey("algorithm")
}

// longestName bounds the names of keks and resources, in characters.
const longestName = 256

func checkKekName(name string) error {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || c != '-' && !unicode.IsDigit(c)) {
			return invalidKey("name")
		}
	}
	if name == "" || len([]rune(name)) > longestName {
		return invalidKey("name")
	}
	return nil
}

// The kinds of KMS that Confluent's clients know, with the beginnings of their key IDs.
var keyIDs = map[string][]string{
	"aws-kms":   {"arn:aws:kms:"},
	"azure-kms": {"https://"},
	"gcp-kms":   {"projects/"},
	"hcvault":   {"http://", "https://"},
}

// kmsType returns the usual name of a kind of KMS; an unknown one is its own.
func kmsType(given string) string {
	for _, vendor := range []string{"aws", "azure", "gcp"} {
		if strings.HasPrefix(strings.ToLower(given), vendor) {
			return vendor + "-kms"
		}
	}
	return given
}

// check judges a kek before it is stored. The key ID is checked against the kind as it was given, as Confluent does.
func (k *Kek) check() error {
	if err := checkKekName(k.Name); err != nil {
		return err
	}
	switch {
	case k.KMSKeyID == "":
		return invalidKey("kmsKeyId")
	case k.KMSType == "":
		return invalidKey("kmsType")
	}
	starts := keyIDs[k.KMSType]
	for _, start := range starts {
		if strings.HasPrefix(k.KMSKeyID, start) {
			return nil
		}
	}
	if len(starts) > 0 {
		return invalidKey("kmsKeyId")
	}
	return nil
}

func invalidKey(field string) error {
	return fault.New(ErrInvalidKey, opKeys, "Invalid or missing value for field '%s' of key", field)
}

func keyNotFound(name string) error {
	return fault.New(ErrKeyNotFound, opKeys, "Key '%s' not found", name)
}

func keyNotSoftDeleted(name string) error {
	return fault.New(ErrKeyNotSoftDeleted, opKeys, "Key '%s' was not deleted first before being permanently deleted", name)
}

func keyExists(name string) error {
	return fault.New(ErrKeyExists, opKeys, "Key '%s' already exists; use a different value", name)
}

func (j judge) roomForKey(held int) error {
	if held >= j.opts.MaxKeys {
		return fault.New(ErrTooManyKeys, opKeys, "A maximum of %d keys already exist", j.opts.MaxKeys)
	}
	return nil
}
