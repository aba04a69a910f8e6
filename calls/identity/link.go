package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"strings"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
	"golang.org/x/crypto/cryptobyte"
)

const (
	linkVersion = 1
	linkMark    = "/#c/"
	linkBytes   = 1 + record.KeySize + sha256.Size + envelope.DeliveryKeySize
)

var linkText = base64.RawURLEncoding.Strict()

// Link is what one person gives another so that they may call: it names the account and lets its holder ring. It prints as
// its type name; MarshalText writes it.
type Link struct {
	Account     record.AccountKey
	Server      string
	ListHash    [sha256.Size]byte // of the newest device list when the link was made
	DeliveryKey envelope.DeliveryKey
}

// MarshalText writes "https://host/#c/…". It fails with ErrFormat if the link has no account or no proper server.
func (l Link) MarshalText() ([]byte, error) {
	if l.Account.IsZero() || !validServer(l.Server) {
		return nil, ErrFormat
	}
	account, delivery := l.Account.Bytes(), l.DeliveryKey.Bytes()
	b := make([]byte, 0, linkBytes)
	b = append(b, linkVersion)
	b = append(b, account[:]...)
	b = append(b, l.ListHash[:]...)
	b = append(b, delivery[:]...)
	return linkText.AppendEncode([]byte(l.Server+linkMark), b), nil
}

// ParseLink reads what MarshalText wrote, in that one spelling. It fails with ErrFormat, which does not echo the text.
func ParseLink(text string) (Link, error) {
	server, encoded, ok := strings.Cut(text, linkMark)
	// The length first: it also rules out line breaks, which the decoder would skip.
	if !ok || !validServer(server) || len(encoded) != linkText.EncodedLen(linkBytes) {
		return Link{}, ErrFormat
	}
	b, err := linkText.DecodeString(encoded)
	if err != nil || len(b) != linkBytes {
		return Link{}, ErrFormat
	}
	s := cryptobyte.String(b)
	var version uint8
	var account [record.KeySize]byte
	var delivery [envelope.DeliveryKeySize]byte
	l := Link{Server: server}
	if !s.ReadUint8(&version) || version != linkVersion ||
		!s.CopyBytes(account[:]) || !s.CopyBytes(l.ListHash[:]) || !s.CopyBytes(delivery[:]) || !s.Empty() {
		return Link{}, ErrFormat
	}
	l.Account = record.AccountKeyFrom(account)
	l.DeliveryKey = envelope.DeliveryKeyFrom(delivery)
	if l.Account.IsZero() {
		return Link{}, ErrFormat
	}
	return l, nil
}

func (Link) String() string       { return "identity.Link" }
func (Link) GoString() string     { return "identity.Link" }
func (Link) LogValue() slog.Value { return slog.StringValue("identity.Link") }
