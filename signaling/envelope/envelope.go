package envelope

import (
	"errors"
	"log/slog"
)

// Sizes in bytes.
const (
	Size           = 4096
	HeaderSize     = 1 + 1 + QueueIDSize + KeyIDSize
	EncSize        = 1120 // X-Wing encapsulation: ML-KEM-768 ciphertext 1088 + X25519 share 32
	CiphertextSize = Size - HeaderSize - EncSize
	QueueIDSize    = 16
	KeyIDSize      = 8
)

const (
	version = 1
	class   = 1
)

// Errors of ParseHeader.
var (
	ErrSize    = errors.New("envelope: not exactly 4096 bytes")
	ErrVersion = errors.New("envelope: unknown version or class")
)

// Envelope is one whole envelope. Its bytes name a queue: it prints as its type name.
type Envelope [Size]byte

func (Envelope) String() string       { return "envelope.Envelope" }
func (Envelope) GoString() string     { return "envelope.Envelope" }
func (Envelope) LogValue() slog.Value { return slog.StringValue("envelope.Envelope") }

// KeyID finds the key at the receiver and is random to everybody else. It prints as its type name.
type KeyID [KeyIDSize]byte

func (KeyID) String() string       { return "envelope.KeyID" }
func (KeyID) GoString() string     { return "envelope.KeyID" }
func (KeyID) LogValue() slog.Value { return slog.StringValue("envelope.KeyID") }

// Header is the part that a server reads. It prints as its type name.
type Header struct {
	Queue QueueID
	KeyID KeyID
}

func (Header) String() string       { return "envelope.Header" }
func (Header) GoString() string     { return "envelope.Header" }
func (Header) LogValue() slog.Value { return slog.StringValue("envelope.Header") }

// Append appends the 26 header bytes to b.
func (h Header) Append(b []byte) []byte {
	b = append(b, version, class)
	b = append(b, h.Queue.b[:]...)
	return append(b, h.KeyID[:]...)
}

// ParseHeader reads the header of a whole envelope. It fails with ErrSize or ErrVersion.
func ParseHeader(env []byte) (Header, error) {
	if len(env) != Size {
		return Header{}, ErrSize
	}
	if env[0] != version || env[1] != class {
		return Header{}, ErrVersion
	}
	var h Header
	copy(h.Queue.b[:], env[2:])
	copy(h.KeyID[:], env[2+QueueIDSize:])
	return h, nil
}
