package turn

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Secret is shared by who mints credentials and who verifies them. It is a text, because stock issuers and servers
// (use-auth-secret) take the bytes of the text for the key. The zero value is unset and mints nothing.
type Secret struct{ text []byte }

const (
	secretBytes    = 32 // of randomness in a generated secret
	minSecretBytes = 16
	maxSecretBytes = 512

	keyIDBytes = 4 // enough to tell a few secrets apart
	keyIDLabel = "taciturn/1 relay key id"
)

var errSecret = errors.New("turn: a secret is 16 to 512 printable ASCII characters without spaces")

// GenerateSecret draws a secret.
func GenerateSecret() (Secret, error) {
	var raw [secretBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return Secret{}, fmt.Errorf("turn: draw secret: %w", err)
	}
	return Secret{base64.RawURLEncoding.AppendEncode(nil, raw[:])}, nil
}

// ParseSecret reads what MarshalText wrote, or the secret of another issuer. One line end is forgiven, as files have it.
func ParseSecret(text []byte) (Secret, error) {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	if len(text) < minSecretBytes || len(text) > maxSecretBytes {
		return Secret{}, errSecret
	}
	for _, c := range text {
		if c <= ' ' || c > '~' {
			return Secret{}, errSecret
		}
	}
	return Secret{append([]byte(nil), text...)}, nil
}

// MarshalText is the only way out.
func (s Secret) MarshalText() ([]byte, error) {
	if s.isZero() {
		return nil, errors.New("turn: secret is unset")
	}
	return append([]byte(nil), s.text...), nil
}

func (s Secret) isZero() bool { return len(s.text) == 0 }

// keyID names the secret in usernames.
func (s Secret) keyID() (id [keyIDBytes]byte) {
	h := sha256.New()
	h.Write([]byte(keyIDLabel))
	h.Write([]byte{0})
	h.Write(s.text)
	copy(id[:], h.Sum(nil))
	return id
}

// passwordBytes is the length of every password: SHA-1 in padded base64.
const passwordBytes = (sha1.Size + 2) / 3 * 4

// password is base64(HMAC-SHA1(secret, username)).
func (s Secret) password(username []byte) [passwordBytes]byte {
	m := newMAC(sha1.New).keyed(s.text)
	defer m.wipe()
	return passwordOf(m, username)
}

// passwordOf is password with the HMAC of the secret.
func passwordOf(secret *mac, username []byte) (p [passwordBytes]byte) {
	base64.StdEncoding.Encode(p[:], secret.sum(username))
	return p
}

// Format prints the type name whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "turn.Secret") }

// LogValue is the type name.
func (s Secret) LogValue() slog.Value { return slog.StringValue("turn.Secret") }
