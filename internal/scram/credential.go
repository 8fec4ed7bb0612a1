package scram

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"

	"github.com/pawl-registry/pawl/fault"
)

// Mechanism is a way to prove a password, by its SASL name.
type Mechanism string

// The mechanisms. Names reach wires and disks: frozen.
const (
	Plain  Mechanism = "PLAIN"
	SHA256 Mechanism = "SCRAM-SHA-256"
	SHA512 Mechanism = "SCRAM-SHA-512"
)

// The bounds of iterations, as Kafka's: fewer are too easily guessed, and the client chooses them, so more would be a way to
// keep it busy.
const (
	MinIterations = 4096
	MaxIterations = 16384
)

// hashOf returns the hash function of a SCRAM mechanism, or nil.
func hashOf(m Mechanism) func() hash.Hash {
	switch m {
	case SHA256:
		return sha256.New
	case SHA512:
		return sha512.New
	}
	return nil
}

// Credential is what a server keeps of a password. It is as good as the password for whoever can listen to an exchange, so it
// is kept from logs and answers.
type Credential struct {
	Salt       []byte `json:"salt"`
	Iterations int    `json:"iterations"`
	StoredKey  []byte `json:"stored_key"`
	ServerKey  []byte `json:"server_key"`
}

// ErrCredential marks a credential that cannot be kept.
var ErrCredential = fault.NewCode(fault.Invalid, "unacceptable_credential")

// The bounds of salts, in bytes.
const (
	minSalt = 8
	maxSalt = 256
)

// FromSalted makes a credential of a salted password (RFC 5802, section 3), which is not kept.
func FromSalted(m Mechanism, salt []byte, iterations int, salted []byte) (Credential, error) {
	const op = "scram.FromSalted"
	h := hashOf(m)
	switch {
	case h == nil:
		return Credential{}, fault.New(ErrCredential, op, "there are no credentials for mechanism %q", m)
	case iterations < MinIterations || iterations > MaxIterations:
		return Credential{}, fault.New(ErrCredential, op, "iterations must be from %d to %d, not %d", MinIterations, MaxIterations, iterations)
	case len(salt) < minSalt || len(salt) > maxSalt:
		return Credential{}, fault.New(ErrCredential, op, "a salt has %d to %d bytes, this one %d", minSalt, maxSalt, len(salt))
	case len(salted) != h().Size():
		return Credential{}, fault.New(ErrCredential, op, "a salted password of %s has %d bytes, this one %d", m, h().Size(), len(salted))
	}
	clientKey := mac(h, salted, "Client Key")
	return Credential{Salt: salt, Iterations: iterations, StoredKey: sum(h, clientKey), ServerKey: mac(h, salted, "Server Key")}, nil
}

// FromPassword makes a credential of a password.
func FromPassword(m Mechanism, password string, salt []byte, iterations int) (Credential, error) {
	h := hashOf(m)
	if h == nil || password == "" {
		return Credential{}, fault.New(ErrCredential, "scram.FromPassword", "a credential needs a password and a mechanism of SCRAM")
	}
	salted, err := pbkdf2.Key(h, password, salt, iterations, h().Size())
	if err != nil {
		return Credential{}, fault.Wrap(ErrCredential, "scram.FromPassword", err, "the password cannot be salted")
	}
	return FromSalted(m, salt, iterations, salted)
}

// Verify reports whether the password is the credential's. It takes as long as the iterations do, right or wrong.
func (c Credential) Verify(m Mechanism, password string) bool {
	h := hashOf(m)
	if h == nil {
		return false
	}
	salted, err := pbkdf2.Key(h, password, c.Salt, c.Iterations, h().Size())
	if err != nil {
		return false
	}
	return subtle.ConstantTimeCompare(sum(h, mac(h, salted, "Client Key")), c.StoredKey) == 1
}

// Decoy returns a credential that no password proves, and that is the same each time it is made for a user: what a client is
// told of a user that there is not must look like what it is told of one that there is. secret is the server's own.
func Decoy(m Mechanism, user string, secret []byte) Credential {
	h := hashOf(m)
	salt := mac(h, secret, "salt "+user)[:24]
	return Credential{Salt: salt, Iterations: MinIterations, StoredKey: mac(h, secret, "stored "+user), ServerKey: mac(h, secret, "server "+user)}
}

func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func sum(h func() hash.Hash, data []byte) []byte {
	d := h()
	d.Write(data)
	return d.Sum(nil)
}
