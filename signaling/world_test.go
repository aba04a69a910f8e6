package signaling

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// noon is when what these tests publish begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// key is a key pair that follows from a name, so that tests need no randomness.
func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) [record.KeySize]byte {
	return [record.KeySize]byte(key(name).Public().(ed25519.PublicKey))
}

func signWith(name string) func(msg []byte) [record.SignatureSize]byte {
	return func(msg []byte) [record.SignatureSize]byte {
		return [record.SignatureSize]byte(ed25519.Sign(key(name), msg))
	}
}

var (
	phone   = record.DeviceID{1, 2, 3}
	mailbox = envelope.QueueIDFrom([envelope.QueueIDSize]byte{4, 5, 6})
)

// alice is what she publishes: one phone with one prekey, signed.
func alice() record.Published {
	list := record.DeviceList{
		Account: record.AccountKeyFrom(public("alice")),
		Epoch:   1,
		Issued:  noon,
		Expires: noon.Add(record.MaxListLifetime),
		Devices: []record.Device{{
			ID:       phone,
			Key:      record.DeviceKeyFrom(public("phone")),
			Kind:     record.KindNative,
			MinSuite: record.SuiteXWing,
			MaxSuite: record.SuiteXWing,
		}},
	}
	list.Sign(signWith("alice"))
	prekey := record.Prekey{
		ID:        record.PrekeyID{7},
		Device:    phone,
		Mailbox:   mailbox,
		NotBefore: noon,
		NotAfter:  noon.Add(record.PrekeyLifetime),
	}
	prekey.Sign(signWith("phone"))
	return record.Published{List: list, Prekeys: []record.Prekey{prekey}}
}

func registration() Registration {
	return Registration{mailbox, [sha256.Size]byte{8}, alice()}
}

// pair is what one call needs of a relay.
func pair() *RelayPair {
	return &RelayPair{
		URLs:    []string{"turn:relay.example:3478?transport=udp", "turns:relay.example:443?transport=tcp"},
		Hosts:   []string{"relay.example"},
		Expires: time.Unix(1772366400, 0),
		Caller:  RelayLogin{"1772366400:a", "secret-a"},
		Callee:  RelayLogin{"1772366400:b", "secret-b"},
	}
}

// largestPair is as long as its parts may be.
func largestPair() *RelayPair {
	p := &RelayPair{Expires: time.Unix(maxExpiresUnix, 0)}
	for range maxRelayNames {
		p.URLs = append(p.URLs, strings.Repeat("u", maxRelayText))
		p.Hosts = append(p.Hosts, strings.Repeat("h", maxRelayText-200))
	}
	text := strings.Repeat("x", maxRelayText)
	p.Caller, p.Callee = RelayLogin{text, text}, RelayLogin{text, text}
	return p
}

// sealed is an envelope full of junk.
func sealed() *envelope.Envelope {
	env := new(envelope.Envelope)
	copy(env[:], envelope.Header{Queue: mailbox, KeyID: envelope.KeyID{9}}.Append(nil))
	for i := envelope.HeaderSize; i < len(env); i++ {
		env[i] = byte(i)
	}
	return env
}

func nonce() (n [NonceSize]byte) {
	for i := range n {
		n[i] = byte(i)
	}
	return n
}

// everyFrame is one of each type, with its name.
func everyFrame() map[string]Frame {
	login := Login{Account: alice().List.Account.ID(), Device: phone}
	login.Signature[5] = 6
	return map[string]Frame{
		"challenge":     Challenge{nonce()},
		"ready":         Ready{},
		"refused":       Refused{ReasonRefused},
		"deliver":       Deliver{1 << 40, 1234 * time.Millisecond, sealed()},
		"pong":          Pong{},
		"relay":         Relay{7, pair()},
		"no relay":      Relay{7, nil},
		"login":         login,
		"open":          Open{ReadSecret{b: [32]byte{1, 2, 3}}},
		"ack":           Ack{1 << 63},
		"ping":          Ping{},
		"relay request": RelayRequest{1 << 31},
		"leave":         Leave{},
	}
}

func wantFormat(t *testing.T, what string, err error) {
	t.Helper()
	if err != ErrFormat {
		t.Errorf("%s: %v, want ErrFormat", what, err)
	}
}
