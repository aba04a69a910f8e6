package record

import (
	"encoding/binary"
	"log/slog"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"golang.org/x/crypto/cryptobyte"
)

const prekeyLabel = "taciturn/1 prekey"

// Sizes in bytes.
const (
	PrekeyIDSize = 8
	PrekeySize   = 1216 // X-Wing public key: ML-KEM-768 1184 + X25519 32

	// EncodedPrekeySize is the size of a prekey with everything around it; all are equally long.
	EncodedPrekeySize = 2 + len(prekeyLabel) + PrekeyIDSize + DeviceIDSize + envelope.QueueIDSize + PrekeySize + 8 + 8 + SignatureSize
)

// PrekeyID names a prekey within its device: 8 random bytes.
type PrekeyID [PrekeyIDSize]byte

func (PrekeyID) String() string       { return "record.PrekeyID" }
func (PrekeyID) GoString() string     { return "record.PrekeyID" }
func (PrekeyID) LogValue() slog.Value { return slog.StringValue("record.PrekeyID") }

// Prekey is the key to which envelopes for a device are sealed, and the mailbox they go to. The device key signs it.
type Prekey struct {
	ID        PrekeyID
	Device    DeviceID
	Mailbox   envelope.QueueID
	Key       [PrekeySize]byte // not checked here beyond its size: crypto/hpke does so before it encrypts
	NotBefore time.Time        // written in whole seconds
	NotAfter  time.Time
	Signature [SignatureSize]byte
}

// Append appends the encoding. It is the reverse of ParsePrekey for prekeys that Verify accepts.
func (p Prekey) Append(b []byte) []byte {
	return append(p.appendSigned(b), p.Signature[:]...)
}

// appendSigned appends everything but the signature.
func (p Prekey) appendSigned(b []byte) []byte {
	b = appendLabel(b, prekeyLabel)
	b = append(b, p.ID[:]...)
	b = append(b, p.Device[:]...)
	mailbox := p.Mailbox.Bytes()
	b = append(b, mailbox[:]...)
	b = append(b, p.Key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.NotBefore.Unix()))
	return binary.BigEndian.AppendUint64(b, uint64(p.NotAfter.Unix()))
}

// ParsePrekey reads an encoded prekey, without checking its signature. It fails with ErrFormat.
func ParsePrekey(b []byte) (Prekey, error) {
	s := cryptobyte.String(b)
	var p Prekey
	var mailbox [envelope.QueueIDSize]byte
	if !readLabel(&s, prekeyLabel) ||
		!s.CopyBytes(p.ID[:]) ||
		!s.CopyBytes(p.Device[:]) ||
		!s.CopyBytes(mailbox[:]) ||
		!s.CopyBytes(p.Key[:]) ||
		!readTime(&s, &p.NotBefore) ||
		!readTime(&s, &p.NotAfter) ||
		!s.CopyBytes(p.Signature[:]) ||
		!s.Empty() {
		return Prekey{}, ErrFormat
	}
	p.Mailbox = envelope.QueueIDFrom(mailbox)
	if !p.valid() {
		return Prekey{}, ErrFormat
	}
	return p, nil
}

// valid checks all that needs neither a key nor a clock.
func (p Prekey) valid() bool {
	return !p.Mailbox.IsZero() && validSpan(p.NotBefore, p.NotAfter, PrekeyLifetime)
}

// Verify checks the prekey against the key of its device, in this order: its form (ErrFormat), its signature
// (ErrSignature), its time (ErrExpired).
func (p Prekey) Verify(key DeviceKey, now time.Time) error {
	if !p.valid() {
		return ErrFormat
	}
	if !key.Verify(prekeyLabel, p.appendSigned(nil), p.Signature) {
		return ErrSignature
	}
	return checkTimes(now, p.NotBefore, p.NotAfter)
}

// Sign sets the signature to what sign makes of the bytes that the device key must sign, label included.
func (p *Prekey) Sign(sign func(msg []byte) [SignatureSize]byte) {
	p.Signature = sign(SignedBytes(prekeyLabel, p.appendSigned(nil)))
}

func (Prekey) String() string       { return "record.Prekey" }
func (Prekey) GoString() string     { return "record.Prekey" }
func (Prekey) LogValue() slog.Value { return slog.StringValue("record.Prekey") }
