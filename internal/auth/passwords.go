package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/pawl-registry/pawl/fault"
)

// Hashes holds the bcrypt hash of each user's password.
type Hashes map[string][]byte

// ParseHashes reads an htpasswd file. Only bcrypt is taken (htpasswd -B): the other forms are too weak to keep.
func ParseHashes(text []byte) (Hashes, error) {
	const op = "auth.ParseHashes"
	all := Hashes{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, hash, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return nil, fault.New(ErrConfig, op, "line %d is not of the form user:hash", n)
		}
		if _, err := bcrypt.Cost([]byte(hash)); err != nil {
			return nil, fault.New(ErrConfig, op, "line %d: the password of %s is not a bcrypt hash; make one with htpasswd -B", n, name)
		}
		all[name] = []byte(hash)
	}
	return all, nil
}

// Passwords verifies passwords. A bcrypt check takes tens of milliseconds of a core, so no more run at once than there are
// cores, and a credential that was verified is known again for a short while by a MAC under a key that no other process has.
type Passwords struct {
	hashes func() Hashes
	clock  func() time.Time
	key    [32]byte
	slots  chan struct{}
	queue  chan struct{} // holds a token for each call that is checked or waits for it
	decoy  []byte        // checked for users that do not exist, so that the time tells nothing

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time // until when
}

const (
	knownFor    = time.Minute
	maxKnown    = 10_000
	maxPassword = 72 // bytes; bcrypt would ignore what is beyond
	maxQueue    = 128
)

// NewPasswords returns a verifier over hashes, which is asked for each password and may change its answer.
func NewPasswords(hashes func() Hashes, clock func() time.Time) (*Passwords, error) {
	p := &Passwords{hashes: hashes, clock: clock, slots: make(chan struct{}, runtime.GOMAXPROCS(0)), queue: make(chan struct{}, maxQueue), known: map[[sha256.Size]byte]time.Time{}}
	if _, err := rand.Read(p.key[:]); err != nil {
		return nil, fault.Wrap(ErrConfig, "auth.NewPasswords", err, "no randomness for a key")
	}
	cost := bcrypt.DefaultCost
	for _, h := range hashes() {
		if c, err := bcrypt.Cost(h); err == nil {
			cost = c
			break
		}
	}
	decoy, err := bcrypt.GenerateFromPassword(p.key[:], cost)
	if err != nil {
		return nil, fault.Wrap(ErrConfig, "auth.NewPasswords", err, "a hash cannot be made")
	}
	p.decoy = decoy
	return p, nil
}

// Verify returns the principal of a user name and password. Errors: ErrUnauthenticated; ErrUnavailable when so many wait for
// their check that more would only pile up.
func (p *Passwords) Verify(ctx context.Context, name, password string) (Principal, error) {
	hash, exists := p.hashes()[name]
	if !exists {
		hash = p.decoy
	}
	if len(password) > maxPassword {
		return Principal{}, unauthenticated(errors.New("the password is longer than bcrypt takes"))
	}
	mac := p.mac(name, password, hash)
	if p.remembers(mac) {
		return Principal{Name: name}, nil
	}
	select {
	case p.queue <- struct{}{}:
		defer func() { <-p.queue }()
	default:
		return Principal{}, fault.New(ErrUnavailable, "auth.Passwords", "too many passwords are being checked; try again")
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return Principal{}, unauthenticated(ctx.Err())
	}
	if err := bcrypt.CompareHashAndPassword(hash, []byte(password)); err != nil || !exists {
		return Principal{}, unauthenticated(err)
	}
	p.remember(mac)
	return Principal{Name: name}, nil
}

// mac binds user, password and hash: a password that was changed in the file is unknown at once.
func (p *Passwords) mac(name, password string, hash []byte) (sum [sha256.Size]byte) {
	m := hmac.New(sha256.New, p.key[:])
	for _, part := range [...][]byte{[]byte(name), []byte(password), hash} {
		own := sha256.Sum256(part)
		m.Write(own[:])
	}
	m.Sum(sum[:0])
	return sum
}

func (p *Passwords) remembers(mac [sha256.Size]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until, known := p.known[mac]
	if known && p.clock().Before(until) {
		return true
	}
	delete(p.known, mac)
	return false
}

func (p *Passwords) remember(mac [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxKnown {
		clear(p.known)
	}
	p.known[mac] = p.clock().Add(knownFor)
}
