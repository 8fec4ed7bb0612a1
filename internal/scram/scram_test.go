package scram_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/internal/scram"
)

func credential(t testing.TB, m scram.Mechanism, password, salt string) scram.Credential {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		t.Fatal(err)
	}
	c, err := scram.FromPassword(m, password, raw, 4096)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const salt = "W22ZaJ0SNY7soEsUEjb6gQ=="

func server(t testing.TB, users map[string]string) *scram.Server {
	t.Helper()
	credentials := make(map[string]scram.Credential)
	for user, password := range users {
		credentials[user+string(scram.SHA256)] = credential(t, scram.SHA256, password, salt)
	}
	return &scram.Server{
		Lookup: func(user string, m scram.Mechanism) (scram.Credential, bool) {
			c, ok := credentials[user+string(m)]
			return c, ok
		},
		Secret: []byte("secret"),
		Nonce:  func() string { return "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" },
	}
}

// The exchange of RFC 7677, section 3.
func TestExchangeOfTheRFC(t *testing.T) {
	e := server(t, map[string]string{"user": "pencil"}).Begin(scram.SHA256)
	answer, done, err := e.Next([]byte("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
	if want := "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"; err != nil || done || string(answer) != want {
		t.Fatalf("first answer %s, %v, %v", answer, done, err)
	}
	answer, done, err = e.Next([]byte("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
	if want := "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="; err != nil || !done || string(answer) != want || e.User() != "user" {
		t.Fatalf("last answer %s, %v, %v", answer, done, err)
	}
	if _, _, err := e.Next([]byte("c=biws,r=x,p=AAAA")); err == nil {
		t.Error("the exchange goes on after its end")
	}
}

func TestProofsThatAreWrongAreRefusedAlike(t *testing.T) {
	const nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	tests := []struct{ name, first, final string }{
		{"another password's proof", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "c=biws," + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVA="},
		{"unknown user", "n,,n=nobody,r=rOprNGfwEbeRWgbNEkqO", "c=biws," + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="},
		{"another nonce", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="},
		{"another header", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "c=eSws," + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="},
		{"no proof", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "c=biws," + nonce},
		{"empty proof", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "c=biws," + nonce + ",p="},
		{"nothing", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := server(t, map[string]string{"user": "pencil"}).Begin(scram.SHA256)
			if _, _, err := e.Next([]byte(tt.first)); err != nil {
				t.Fatalf("the first message is refused, which tells who exists: %v", err)
			}
			answer, done, err := e.Next([]byte(tt.final))
			if !errors.Is(err, scram.ErrDenied) || done || answer != nil || err.Error() != denial(t) {
				t.Errorf("got %q, %v, %v", answer, done, err)
			}
		})
	}
}

// denial is the one text of all denials.
func denial(t *testing.T) string {
	t.Helper()
	_, _, err := server(t, nil).Begin(scram.SHA256).Next(nil)
	return err.Error()
}

func TestFirstMessages(t *testing.T) {
	tests := []struct {
		name, message string
		ok            bool
	}{
		{"plain", "n,,n=user,r=abc", true},
		{"client could bind channels", "y,,n=user,r=abc", true},
		{"channel binding", "p=tls-unique,,n=user,r=abc", false},
		{"the same authorization id", "n,a=user,n=user,r=abc", true},
		{"another authorization id", "n,a=root,n=user,r=abc", false},
		{"an extension", "n,,n=user,r=abc,tokenauth=true", true},
		{"a mandatory extension", "n,,m=x,n=user,r=abc", false},
		{"an escaped name", "n,,n=a=2Cb=3Dc,r=abc", true},
		{"a name badly escaped", "n,,n=a=2Db,r=abc", false},
		{"no nonce", "n,,n=user", false},
		{"an empty nonce", "n,,n=user,r=", false},
		{"a nonce with a space", "n,,n=user,r=a b", false},
		{"no header", "n=user,r=abc", false},
		{"empty", "", false},
		{"not text", "n,,n=\xff,r=abc", false},
		{"too long", "n,,n=user,r=" + strings.Repeat("a", 10_000), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, done, err := server(t, map[string]string{"user": "pencil"}).Begin(scram.SHA256).Next([]byte(tt.message))
			if (err == nil) != tt.ok || done {
				t.Errorf("got %v, %v", done, err)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	tests := []struct {
		name, message string
		ok            bool
	}{
		{"right", "\x00user\x00pencil", true},
		{"with authorization id", "user\x00user\x00pencil", true},
		{"for another", "root\x00user\x00pencil", false},
		{"wrong password", "\x00user\x00pencils", false},
		{"no password", "\x00user\x00", false},
		{"unknown user", "\x00nobody\x00pencil", false},
		{"no user", "\x00\x00pencil", false},
		{"two parts", "user\x00pencil", false},
		{"four parts", "\x00user\x00pencil\x00", false},
		{"too long", "\x00user\x00" + strings.Repeat("a", 10_000), false},
		{"not text", "\x00user\x00\xff", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := server(t, map[string]string{"user": "pencil"}).Begin(scram.Plain)
			_, done, err := e.Next([]byte(tt.message))
			if done != tt.ok || (err == nil) != tt.ok || (tt.ok && e.User() != "user") {
				t.Errorf("got %v, %v, %q", done, err, e.User())
			}
			if _, done, err := e.Next([]byte("\x00user\x00pencil")); done || err == nil {
				t.Error("the exchange goes on after its end")
			}
		})
	}
}

func TestUnknownUsersLookLikeKnownOnes(t *testing.T) {
	s := server(t, nil)
	first := func(user string) string {
		answer, _, err := s.Begin(scram.SHA256).Next([]byte("n,,n=" + user + ",r=abc"))
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	if once, again := first("a"), first("a"); once != again {
		t.Error("the salt of an unknown user changes, which tells that there is none")
	}
	if first("a") == first("b") {
		t.Error("all unknown users have the same salt, which tells that there are none")
	}
}

func TestCredentialsAreChecked(t *testing.T) {
	good := make([]byte, 32)
	tests := []struct {
		name       string
		m          scram.Mechanism
		salt       int
		iterations int
		salted     []byte
		ok         bool
	}{
		{"right", scram.SHA256, 16, 4096, good, true},
		{"PLAIN", scram.Plain, 16, 4096, good, false},
		{"few iterations", scram.SHA256, 16, 4095, good, false},
		{"many iterations", scram.SHA256, 16, 16385, good, false},
		{"no salt", scram.SHA256, 0, 4096, good, false},
		{"a large salt", scram.SHA256, 1000, 4096, good, false},
		{"of another hash", scram.SHA512, 16, 4096, good, false},
	}
	for _, tt := range tests {
		_, err := scram.FromSalted(tt.m, make([]byte, tt.salt), tt.iterations, tt.salted)
		if (err == nil) != tt.ok || (err != nil && !errors.Is(err, scram.ErrCredential)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := scram.FromPassword(scram.SHA256, "", []byte(salt), 4096); err == nil {
		t.Error("an empty password is taken")
	}
}

func TestVerify(t *testing.T) {
	for _, m := range []scram.Mechanism{scram.SHA256, scram.SHA512} {
		c := credential(t, m, "pencil", salt)
		if !c.Verify(m, "pencil") || c.Verify(m, "Pencil") || c.Verify(m, "") {
			t.Errorf("%s verifies the wrong password, or not the right one", m)
		}
	}
}

func FuzzExchange(f *testing.F) {
	f.Add([]byte("n,,n=user,r=abc"), []byte("c=biws,r=abc,p=AAAA"))
	f.Add([]byte("\x00user\x00pencil"), []byte{})
	f.Add([]byte("p=,a=,,m=x"), []byte(",p="))
	s := server(f, map[string]string{"user": "pencil"})
	f.Fuzz(func(t *testing.T, first, final []byte) {
		e := s.Begin(scram.SHA256)
		if _, done, err := e.Next(first); err == nil && done {
			t.Error("done after the first message")
		}
		if _, done, _ := e.Next(final); done {
			t.Error("authenticated without the password")
		}
	})
}
