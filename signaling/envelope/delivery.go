package envelope

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// DeliveryKeySize is the size of a delivery key in bytes.
const DeliveryKeySize = 16

// deliveryLabel separates the hash that a server stores from every other hash of the protocol.
const deliveryLabel = "taciturn/1 delivery"

// DeliveryKey is what a mailbox demands of whoever submits an envelope. It travels inside contact links and is replaced
// when its owner blocks somebody. It prints as its type name; compare with Equal.
type DeliveryKey struct {
	_ [0]func() // incomparable: == would not be constant-time
	b [DeliveryKeySize]byte
}

// NewDeliveryKey draws a key.
func NewDeliveryKey(rand io.Reader) (DeliveryKey, error) {
	var k DeliveryKey
	if _, err := io.ReadFull(rand, k.b[:]); err != nil {
		return DeliveryKey{}, fmt.Errorf("envelope: draw a delivery key: %w", err)
	}
	return k, nil
}

// DeliveryKeyFrom wraps the bytes of a key.
func DeliveryKeyFrom(b [DeliveryKeySize]byte) DeliveryKey { return DeliveryKey{b: b} }

// Bytes returns the key.
func (k DeliveryKey) Bytes() [DeliveryKeySize]byte { return k.b }

// Equal compares in constant time.
func (k DeliveryKey) Equal(other DeliveryKey) bool {
	return subtle.ConstantTimeCompare(k.b[:], other.b[:]) == 1
}

// IsZero says whether k was never set.
func (k DeliveryKey) IsZero() bool { return k.Equal(DeliveryKey{}) }

// Hash is what a server stores instead of the key: SHA-256 of a label and the key.
func (k DeliveryKey) Hash() [sha256.Size]byte {
	return sha256.Sum256(append([]byte(deliveryLabel), k.b[:]...))
}

func (DeliveryKey) String() string       { return "envelope.DeliveryKey" }
func (DeliveryKey) GoString() string     { return "envelope.DeliveryKey" }
func (DeliveryKey) LogValue() slog.Value { return slog.StringValue("envelope.DeliveryKey") }
