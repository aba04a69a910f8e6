package signaling

import (
	"crypto/rand"
	"crypto/sha256"
	"log/slog"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// queueLabel separates the hash that makes a queue id from every other hash of the protocol.
const queueLabel = "taciturn/1 queue"

// ReadSecret opens and reads a per-call queue. It prints as its type name.
type ReadSecret struct {
	_ [0]func() // incomparable: == would not be constant-time
	b [32]byte
}

// newReadSecret draws a secret.
func newReadSecret() ReadSecret {
	var s ReadSecret
	rand.Read(s.b[:]) // cannot fail since Go 1.24
	return s
}

// Queue is the id of the queue that this secret reads. 128 bits: finding another secret for a given id is out of reach.
func (s ReadSecret) Queue() envelope.QueueID {
	sum := sha256.Sum256(append([]byte(queueLabel), s.b[:]...))
	return envelope.QueueIDFrom([envelope.QueueIDSize]byte(sum[:]))
}

func (ReadSecret) String() string       { return "signaling.ReadSecret" }
func (ReadSecret) GoString() string     { return "signaling.ReadSecret" }
func (ReadSecret) LogValue() slog.Value { return slog.StringValue("signaling.ReadSecret") }
