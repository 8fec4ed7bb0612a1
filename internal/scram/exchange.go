package scram

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
)

// Lookup returns the credential of a user for a SCRAM mechanism.
type Lookup func(user string, m Mechanism) (Credential, bool)

// ErrDenied is the one error of an exchange that fails: a client must not learn what was wrong.
var ErrDenied = fault.NewCode(fault.Forbidden, "authentication_failed")

// Exchange is the server's side of one authentication.
type Exchange interface {
	// Next takes what the client sent and returns the answer. Once done, User says who it is; after an error the exchange is
	// of no more use. What it was given is not kept.
	Next(message []byte) (answer []byte, done bool, err error)
	// User returns who was authenticated, once done.
	User() string
}

// Server makes exchanges.
type Server struct {
	Lookup Lookup
	Secret []byte        // the server's own, for decoys
	Nonce  func() string // of printable characters without a comma, new each time; empty ends the exchange
}

// Begin begins an exchange. It returns nil for a mechanism that there is not.
func (s *Server) Begin(m Mechanism) Exchange {
	if m == Plain {
		return &plain{server: s}
	}
	if hashOf(m) == nil {
		return nil
	}
	return &challenge{server: s, mechanism: m}
}

// The bounds of what clients may send, in bytes.
const (
	maxMessage = 8 << 10
	maxName    = 1 << 10
)

func denied() error { return fault.New(ErrDenied, "scram.Next", "invalid credentials") }

// challenge is an exchange of SCRAM.
type challenge struct {
	server     *Server
	mechanism  Mechanism
	user       string
	credential Credential
	known      bool

	step        int
	header      string // of the client's first message
	clientFirst string // without its header
	serverFirst string
	nonce       string
}

func (c *challenge) User() string { return c.user }

func (c *challenge) Next(message []byte) ([]byte, bool, error) {
	c.step++
	if len(message) > maxMessage || !utf8.Valid(message) {
		c.step = failed
	}
	switch c.step {
	case 1:
		return c.first(string(message))
	case 2:
		return c.final(string(message))
	}
	return nil, false, denied()
}

// failed is a step that leads nowhere.
const failed = 1 << 20

// first answers the client's first message: GS2 header, user, nonce, extensions. Channel binding is not offered (p), and
// extensions are passed over, such as tokenauth of delegation tokens; a mandatory one (m) is refused. An authorization id must
// be the user's.
func (c *challenge) first(message string) ([]byte, bool, error) {
	header, rest, ok := splitHeader(message)
	if !ok || strings.HasPrefix(header, "p=") {
		return c.fail()
	}
	fields := strings.Split(rest, ",")
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "n=") || !strings.HasPrefix(fields[1], "r=") || len(fields[1]) < 3 {
		return c.fail()
	}
	user, ok := unescape(fields[0][2:])
	authorization, valid := unescape(strings.TrimPrefix(header[2:], "a="))
	authorization = strings.TrimSuffix(authorization, ",")
	if !ok || !valid || (authorization != "" && authorization != user) || !printable(fields[1][2:]) {
		return c.fail()
	}
	c.user = user
	if c.credential, c.known = c.server.Lookup(user, c.mechanism); !c.known {
		c.credential = Decoy(c.mechanism, user, c.server.Secret)
	}
	nonce := c.server.Nonce()
	if !printable(nonce) {
		return c.fail()
	}
	c.header, c.clientFirst, c.nonce = header, rest, fields[1][2:]+nonce
	c.serverFirst = "r=" + c.nonce + ",s=" + base64.StdEncoding.EncodeToString(c.credential.Salt) + ",i=" + strconv.Itoa(c.credential.Iterations)
	return []byte(c.serverFirst), false, nil
}

// splitHeader cuts a message after its GS2 header, which has two commas.
func splitHeader(message string) (header, rest string, ok bool) {
	flag, after, ok := strings.Cut(message, ",")
	if !ok || (flag != "n" && flag != "y" && !strings.HasPrefix(flag, "p=")) {
		return "", "", false
	}
	authorization, rest, ok := strings.Cut(after, ",")
	if !ok || (authorization != "" && !strings.HasPrefix(authorization, "a=")) {
		return "", "", false
	}
	return message[:len(message)-len(rest)], rest, true
}

// final judges the client's proof. All of the work is done before anything is refused.
func (c *challenge) final(message string) ([]byte, bool, error) {
	i := strings.LastIndex(message, ",p=")
	if i < 0 {
		return c.fail()
	}
	withoutProof := message[:i]
	proof, err := base64.StdEncoding.DecodeString(message[i+3:])
	fields := strings.Split(withoutProof, ",")
	h := hashOf(c.mechanism)
	if err != nil || len(proof) != h().Size() || len(fields) < 2 {
		return c.fail()
	}
	binding := "c=" + base64.StdEncoding.EncodeToString([]byte(c.header))
	authMessage := c.clientFirst + "," + c.serverFirst + "," + withoutProof
	clientKey := mac(h, c.credential.StoredKey, authMessage)
	subtle.XORBytes(clientKey, clientKey, proof)
	right := subtle.ConstantTimeCompare(sum(h, clientKey), c.credential.StoredKey)
	signature := mac(h, c.credential.ServerKey, authMessage)
	if right != 1 || !c.known || fields[0] != binding || fields[1] != "r="+c.nonce {
		return c.fail()
	}
	c.step = failed
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature)), true, nil
}

func (c *challenge) fail() ([]byte, bool, error) {
	c.step = failed
	return nil, false, denied()
}

// unescape reads a name as RFC 5802 writes it: =2C is a comma, =3D an equals sign, and there is no other = in it.
func unescape(text string) (string, bool) {
	name := strings.ReplaceAll(text, "=2C", ",")
	name = strings.ReplaceAll(name, "=3D", "=")
	whole := strings.Count(text, "=") == strings.Count(text, "=2C")+strings.Count(text, "=3D")
	return name, whole && len(name) <= maxName && !strings.ContainsRune(name, 0)
}

// printable reports whether a nonce has the characters that one may have.
func printable(nonce string) bool {
	for i := range len(nonce) {
		if c := nonce[i]; c < '!' || c > '~' || c == ',' {
			return false
		}
	}
	return nonce != "" && len(nonce) <= maxName
}

// plain is an exchange of PLAIN: one message with the authorization id, the user and the password, zeros between them.
type plain struct {
	server *Server
	user   string
	used   bool
}

func (p *plain) User() string { return p.user }

func (p *plain) Next(message []byte) ([]byte, bool, error) {
	parts := bytes.Split(message, []byte{0})
	if p.used || len(message) > maxMessage || len(parts) != 3 || !utf8.Valid(message) {
		p.used = true
		return nil, false, denied()
	}
	p.used = true
	authorization, user, password := string(parts[0]), string(parts[1]), string(parts[2])
	m, c, known := p.find(user)
	right := c.Verify(m, password)
	if !right || !known || user == "" || (authorization != "" && authorization != user) {
		return nil, false, denied()
	}
	p.user = user
	return []byte{}, true, nil
}

// find returns the user's credential, the stronger if there are two, or a decoy.
func (p *plain) find(user string) (Mechanism, Credential, bool) {
	for _, m := range []Mechanism{SHA512, SHA256} {
		if c, ok := p.server.Lookup(user, m); ok && len(user) <= maxName {
			return m, c, true
		}
	}
	return SHA512, Decoy(SHA512, user, p.server.Secret), false
}
