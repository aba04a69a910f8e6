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
	linkPlain    = 1 // without an endorsement
	linkEndorsed = 2
	linkMark     = "/#c/"
	linkBytes    = 1 + record.KeySize + sha256.Size + envelope.DeliveryKeySize
	// endorsedLinkBytes: the endorsement's account is the link's.
	endorsedLinkBytes = linkBytes + record.EncodedEndorsementSize
)

var linkText = base64.RawURLEncoding.Strict()

// Link is what one person gives another so that they may call: it names the account and lets its holder ring. It prints as
// its type name; MarshalText writes it.
type Link struct {
	Account     record.AccountKey
	Server      string
	ListHash    [sha256.Size]byte // of the newest device list when the link was made
	DeliveryKey envelope.DeliveryKey
	Endorsement record.Endorsement // of Account; zero: none
}

// MarshalText writes "https://host/#c/…". It fails with ErrFormat if the link has no account or no proper server, or
// somebody else's endorsement.
func (l Link) MarshalText() ([]byte, error) {
	endorsed := !l.Endorsement.IsZero()
	if l.Account.IsZero() || !validServer(l.Server) || (endorsed && l.Endorsement.Account != l.Account) {
		return nil, ErrFormat
	}
	account, delivery := l.Account.Bytes(), l.DeliveryKey.Bytes()
	version := byte(linkPlain)
	if endorsed {
		version = linkEndorsed
	}
	b := append(make([]byte, 0, endorsedLinkBytes), version)
	b = append(b, account[:]...)
	b = append(b, l.ListHash[:]...)
	b = append(b, delivery[:]...)
	if endorsed {
		b = l.Endorsement.Append(b)
	}
	return linkText.AppendEncode([]byte(l.Server+linkMark), b), nil
}

// ParseLink reads what MarshalText wrote, in that one spelling. It fails with ErrFormat, which does not echo the text.
func ParseLink(text string) (Link, error) {
	server, encoded, ok := strings.Cut(text, linkMark)
	// The length first: it also rules out line breaks, which the decoder would skip.
	size, version := linkBytes, uint8(linkPlain)
	if len(encoded) == linkText.EncodedLen(endorsedLinkBytes) {
		size, version = endorsedLinkBytes, linkEndorsed
	}
	if !ok || !validServer(server) || len(encoded) != linkText.EncodedLen(size) {
		return Link{}, ErrFormat
	}
	b, err := linkText.DecodeString(encoded)
	if err != nil || len(b) != size {
		return Link{}, ErrFormat
	}
	s := cryptobyte.String(b)
	var got uint8
	var account [record.KeySize]byte
	var delivery [envelope.DeliveryKeySize]byte
	l := Link{Server: server}
	if !s.ReadUint8(&got) || got != version || !s.CopyBytes(account[:]) || !s.CopyBytes(l.ListHash[:]) || !s.CopyBytes(delivery[:]) {
		return Link{}, ErrFormat
	}
	l.Account = record.AccountKeyFrom(account)
	l.DeliveryKey = envelope.DeliveryKeyFrom(delivery)
	if l.Account.IsZero() {
		return Link{}, ErrFormat
	}
	if version == linkEndorsed {
		if l.Endorsement, err = record.ParseEndorsement(s); err != nil || l.Endorsement.Account != l.Account {
			return Link{}, ErrFormat
		}
	}
	return l, nil
}

func (Link) String() string       { return "identity.Link" }
func (Link) GoString() string     { return "identity.Link" }
func (Link) LogValue() slog.Value { return slog.StringValue("identity.Link") }
