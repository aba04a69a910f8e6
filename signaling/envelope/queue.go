package envelope

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// ErrQueueID is returned for text that is no queue id; it does not echo the text.
var ErrQueueID = errors.New("envelope: not a queue id")

// QueueID names a mailbox or a per-call queue: 16 random bytes. It is comparable and prints as its type name.
type QueueID struct{ b [QueueIDSize]byte }

// NewQueueID draws a queue id.
func NewQueueID(rand io.Reader) (QueueID, error) {
	var q QueueID
	if _, err := io.ReadFull(rand, q.b[:]); err != nil {
		return QueueID{}, fmt.Errorf("envelope: draw a queue id: %w", err)
	}
	return q, nil
}

// QueueIDFrom wraps the bytes of an id.
func QueueIDFrom(b [QueueIDSize]byte) QueueID { return QueueID{b} }

// ParseQueueID reads what MarshalText wrote: unpadded base64url of 16 bytes, in its one canonical form.
func ParseQueueID(text string) (QueueID, error) {
	var q QueueID
	if len(text) != base64.RawURLEncoding.EncodedLen(QueueIDSize) {
		return QueueID{}, ErrQueueID
	}
	// Fewer bytes come of line ends, which encoding/base64 skips.
	if n, err := base64.RawURLEncoding.Strict().Decode(q.b[:], []byte(text)); err != nil || n != QueueIDSize {
		return QueueID{}, ErrQueueID
	}
	return q, nil
}

// Bytes returns the id.
func (q QueueID) Bytes() [QueueIDSize]byte { return q.b }

// IsZero says whether q was never set.
func (q QueueID) IsZero() bool { return q == QueueID{} }

// MarshalText is unpadded base64url.
func (q QueueID) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, q.b[:]), nil
}

func (QueueID) String() string       { return "envelope.QueueID" }
func (QueueID) GoString() string     { return "envelope.QueueID" }
func (QueueID) LogValue() slog.Value { return slog.StringValue("envelope.QueueID") }
