package seal

import (
	"encoding/binary"
	"log/slog"
)

// Direction of voice. Its value is part of key derivation.
type Direction uint8

// The two directions.
const (
	CallerToCallee Direction = 0
	CalleeToCaller Direction = 1
)

// MediaRoot is the secret of a call's voice in one epoch. It is not safe for concurrent use; give each direction its own
// Clone. It prints as its type name.
type MediaRoot struct {
	_     [0]func() // incomparable
	mr    [hashBytes]byte
	epoch uint32
	th4   [hashBytes]byte
}

func newMediaRoot(th4 [hashBytes]byte, media, accept [secretSize]byte) *MediaRoot {
	ikm := append(media[:], accept[:]...)
	defer clear(ikm)
	return &MediaRoot{mr: extract(th4[:], ikm), th4: th4}
}

func (*MediaRoot) String() string       { return "seal.MediaRoot" }
func (*MediaRoot) GoString() string     { return "seal.MediaRoot" }
func (*MediaRoot) LogValue() slog.Value { return slog.StringValue("seal.MediaRoot") }

// Epoch counts ratchets and rekeys.
func (r *MediaRoot) Epoch() uint32 { return r.epoch }

// Base is the SFrame base key (RFC 9605 section 4.4) of one direction in this epoch.
func (r *MediaRoot) Base(dir uint8) (base [64]byte) {
	info := append([]byte(labelFrame), dir)
	expand(&r.mr, string(binary.BigEndian.AppendUint32(info, r.epoch)), base[:])
	return base
}

// Ratchet goes to the next epoch by hashing; the way back does not exist.
func (r *MediaRoot) Ratchet() {
	var next [hashBytes]byte
	expand(&r.mr, labelRatchet, next[:])
	r.mr = next
	r.epoch++
}

// Clone is an independent copy.
func (r *MediaRoot) Clone() *MediaRoot { return &MediaRoot{mr: r.mr, epoch: r.epoch, th4: r.th4} }

// Wipe forgets the secret; all later keys are those of an all-zero root, which nobody uses.
func (r *MediaRoot) Wipe() { clear(r.mr[:]) }
