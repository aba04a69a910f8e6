package record

import (
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

const (
	endorsementLabel = "taciturn/1 endorsement"

	// MaxEndorsementLifetime bounds how long somebody who has left still counts as a member.
	MaxEndorsementLifetime = 2 * 366 * 24 * time.Hour

	// EncodedEndorsementSize is the size of an endorsement in bytes; all are equally long.
	EncodedEndorsementSize = 2 + len(endorsementLabel) + KeySize + KeySize + 8 + 8 + SignatureSize

	organisationMark = "taciturn-organisation:"
	endorsementMark  = "taciturn-endorsement:"
)

var plainText = base64.RawURLEncoding.Strict()

// OrganisationKey is the Ed25519 public key of an organisation, whose secret half is kept offline. It is comparable and its
// zero value verifies nothing.
type OrganisationKey struct{ b [KeySize]byte }

// OrganisationKeyFrom wraps the bytes of a key.
func OrganisationKeyFrom(b [KeySize]byte) OrganisationKey { return OrganisationKey{b} }

// Bytes returns the key.
func (k OrganisationKey) Bytes() [KeySize]byte { return k.b }

// IsZero says whether k was never set.
func (k OrganisationKey) IsZero() bool { return k == OrganisationKey{} }

// MarshalText writes "taciturn-organisation:" and the key in base64url.
func (k OrganisationKey) MarshalText() ([]byte, error) {
	return plainText.AppendEncode([]byte(organisationMark), k.b[:]), nil
}

// ParseOrganisationKey reads what MarshalText wrote, in that one spelling. It fails with ErrFormat.
func ParseOrganisationKey(text string) (OrganisationKey, error) {
	b, ok := readText(text, organisationMark, KeySize)
	if !ok {
		return OrganisationKey{}, ErrFormat
	}
	k := OrganisationKey{[KeySize]byte(b)}
	if k.IsZero() {
		return OrganisationKey{}, ErrFormat
	}
	return k, nil
}

func (OrganisationKey) String() string       { return "record.OrganisationKey" }
func (OrganisationKey) GoString() string     { return "record.OrganisationKey" }
func (OrganisationKey) LogValue() slog.Value { return slog.StringValue("record.OrganisationKey") }

// Endorsement is an organisation's word that an account belongs to one of its people.
type Endorsement struct {
	Organisation OrganisationKey
	Account      AccountKey
	Issued       time.Time // written in whole seconds
	Expires      time.Time
	Signature    [SignatureSize]byte
}

// Append appends the encoding. It is the reverse of ParseEndorsement for what Verify accepts.
func (e Endorsement) Append(b []byte) []byte {
	return append(e.appendSigned(b), e.Signature[:]...)
}

// appendSigned appends everything but the signature.
func (e Endorsement) appendSigned(b []byte) []byte {
	b = appendLabel(b, endorsementLabel)
	b = append(b, e.Organisation.b[:]...)
	b = append(b, e.Account.b[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Issued.Unix()))
	return binary.BigEndian.AppendUint64(b, uint64(e.Expires.Unix()))
}

// ParseEndorsement reads an encoded endorsement, without checking its signature. It fails with ErrFormat.
func ParseEndorsement(b []byte) (Endorsement, error) {
	s := cryptobyte.String(b)
	var e Endorsement
	if !readLabel(&s, endorsementLabel) ||
		!s.CopyBytes(e.Organisation.b[:]) ||
		!s.CopyBytes(e.Account.b[:]) ||
		!readTime(&s, &e.Issued) ||
		!readTime(&s, &e.Expires) ||
		!s.CopyBytes(e.Signature[:]) ||
		!s.Empty() || !e.valid() {
		return Endorsement{}, ErrFormat
	}
	return e, nil
}

// MarshalText writes "taciturn-endorsement:" and the encoding in base64url. It fails with ErrFormat for the zero value.
func (e Endorsement) MarshalText() ([]byte, error) {
	if !e.valid() {
		return nil, ErrFormat
	}
	return plainText.AppendEncode([]byte(endorsementMark), e.Append(nil)), nil
}

// ParseEndorsementText reads what MarshalText wrote, in that one spelling. It fails with ErrFormat.
func ParseEndorsementText(text string) (Endorsement, error) {
	b, ok := readText(text, endorsementMark, EncodedEndorsementSize)
	if !ok {
		return Endorsement{}, ErrFormat
	}
	return ParseEndorsement(b)
}

// readText takes mark off text and decodes the rest, which must have size bytes.
func readText(text, mark string, size int) ([]byte, bool) {
	encoded, ok := strings.CutPrefix(text, mark)
	// The length also rules out line breaks, which the decoder would skip.
	if !ok || len(encoded) != plainText.EncodedLen(size) {
		return nil, false
	}
	b, err := plainText.DecodeString(encoded)
	return b, err == nil && len(b) == size
}

// IsZero says whether e was never set.
func (e Endorsement) IsZero() bool { return e == Endorsement{} }

// valid checks all that needs neither a key nor a clock.
func (e Endorsement) valid() bool {
	return !e.Organisation.IsZero() && !e.Account.IsZero() && validSpan(e.Issued, e.Expires, MaxEndorsementLifetime)
}

// Verify checks, in this order: the form (ErrFormat), the signature (ErrSignature), the time (ErrExpired). Whether the
// organisation's word counts is for whoever asks to know.
func (e Endorsement) Verify(now time.Time) error {
	if !e.valid() {
		return ErrFormat
	}
	if !verify(e.Organisation.b, endorsementLabel, e.appendSigned(nil), e.Signature) {
		return ErrSignature
	}
	return checkTimes(now, e.Issued, e.Expires)
}

// Sign sets the signature to what sign makes of the bytes that the organisation's key must sign, label included.
func (e *Endorsement) Sign(sign func(msg []byte) [SignatureSize]byte) {
	e.Signature = sign(SignedBytes(endorsementLabel, e.appendSigned(nil)))
}

func (Endorsement) String() string       { return "record.Endorsement" }
func (Endorsement) GoString() string     { return "record.Endorsement" }
func (Endorsement) LogValue() slog.Value { return slog.StringValue("record.Endorsement") }
