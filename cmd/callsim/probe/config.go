package probe

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ErrUnreachable is returned when nothing at the target answers.
var ErrUnreachable = errors.New("probe: the target does not answer")

// Transport is how the server is reached.
type Transport string

// Transports, by the names of RFC 7065.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Config says whom to ask, and as whom.
type Config struct {
	// Target is host:port.
	Target    string
	Transport Transport
	Login     Login

	// Wait is how long an answer may take. 0: 500 ms.
	Wait time.Duration

	// PID is the server's process, for its CPU time. 0: unknown.
	PID int

	// Progress hears the name of each probe before it runs, from the goroutine of Run. May be nil.
	Progress func(name string)
}

// Login is how the probe makes itself known: by a secret that mints users, or as one user. The zero value is nobody.
type Login struct {
	secret             []byte
	username, password string
}

// SecretLogin mints users of the REST convention: the text of the secret is the key.
func SecretLogin(secret []byte) Login { return Login{secret: secret} }

// UserLogin is one user.
func UserLogin(username, password string) Login { return Login{username: username, password: password} }

// LogValue is the type name.
func (Login) LogValue() slog.Value { return slog.StringValue("probe.Login") }

// Format prints the type name whatever the verb.
func (Login) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("probe.Login")) }

// user is a name with its password.
type user struct{ name, password string }

// mint makes a user, good until then.
func (l Login) mint(name string, until time.Time) user {
	if len(l.secret) == 0 {
		return user{l.username, l.password}
	}
	username := fmt.Sprintf("%d:%s", until.Unix(), name)
	mac := hmac.New(sha1.New, l.secret)
	mac.Write([]byte(username))
	return user{username, base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}

func (l Login) known() bool { return len(l.secret) > 0 || l.username != "" }
