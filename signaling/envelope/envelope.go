package envelope

import "errors"

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

// Envelope is one whole envelope.
type Envelope [Size]byte

// String is the type's name: the bytes name a queue.
func (e *Envelope) String() string { return "envelope.Envelope" }

// KeyID finds the key at the receiver and is random to everybody else.
type KeyID [KeyIDSize]byte

// String is the type's name.
func (KeyID) String() string { return "envelope.KeyID" }

// Header is the part that a server reads.
type Header struct {
	Queue QueueID
	KeyID KeyID
}

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
