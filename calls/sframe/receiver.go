package sframe

import (
	"encoding/binary"
	"log/slog"
	"time"
)

const (
	// keepOld is how long frames of the last epoch may be late.
	keepOld = 5 * time.Second
	// ahead is how many epochs may be lost as a whole: two minutes.
	ahead = 2
)

// ReceiverConfig is what a Receiver is made of.
type ReceiverConfig struct {
	Root        Root  // owned by the Receiver from now on
	Direction   uint8 // of what is received: 0 caller to callee, 1 callee to caller
	BucketBytes int   // size of the plaintext; default 96
}

// Receiver opens the frames of one direction. It is not safe for concurrent use. It prints as its type name.
type Receiver struct {
	cfg   ReceiverConfig
	epoch uint32 // the newest that authenticated a frame; at first that of the root
	// slots are the keys of the epochs epoch-1 … epoch+2, by epoch mod 4. The root is at epoch+3.
	slots    [epochs]slot
	oldUntil time.Time // when the key of epoch-1 goes; zero if it has gone
	plain    []byte
	controls [controlKinds]Control
	closed   bool
}

type slot struct {
	key    key
	window window
}

// NewReceiver cannot fail: a configuration that makes no sense gives a Receiver that is closed from the beginning.
func NewReceiver(cfg ReceiverConfig) *Receiver {
	r := &Receiver{cfg: cfg}
	r.cfg.BucketBytes = bucketOf(cfg.BucketBytes)
	if cfg.Root == nil || cfg.Direction > 1 || r.cfg.BucketBytes == 0 {
		r.Close()
		return r
	}
	r.plain = make([]byte, 0, r.cfg.BucketBytes)
	r.epoch = cfg.Root.Epoch()
	for range 1 + ahead {
		r.derive()
	}
	return r
}

func (*Receiver) String() string       { return "sframe.Receiver" }
func (*Receiver) GoString() string     { return "sframe.Receiver" }
func (*Receiver) LogValue() slog.Value { return slog.StringValue("sframe.Receiver") }

// derive fills the slot of the root's epoch and takes the root one further.
func (r *Receiver) derive() {
	s := &r.slots[r.cfg.Root.Epoch()%epochs]
	s.window = window{}
	s.key.wipe()
	s.key = deriveFrom(r.cfg.Root, r.cfg.Direction)
}

// Open appends the voice of one frame to dst; it is empty when the frame carries only controls. The controls are valid
// until the next Open. On error nothing comes out: opus and controls are nil, and dst has not been written to.
func (r *Receiver) Open(dst []byte, now time.Time, frame []byte) (opus []byte, controls []Control, err error) {
	if r.closed {
		return nil, nil, ErrClosed
	}
	r.forgetOld(now)
	if len(frame) != r.cfg.BucketBytes+Overhead {
		return nil, nil, ErrFormat
	}
	h, sealed, err := parseHeader(frame)
	if err != nil || len(sealed) != r.cfg.BucketBytes+tagBytes || h.kid >= 2*epochs || h.ctr < firstCounter {
		return nil, nil, ErrFormat
	}
	s := &r.slots[h.kid/2]
	if h.kid%2 != uint64(r.cfg.Direction) || !s.key.usable() {
		return nil, nil, ErrKey
	}
	if !s.window.fresh(h.ctr) {
		return nil, nil, ErrReplay
	}
	plain, err := s.key.open(r.plain[:0], h.ctr, sealed, frame[:headerBytes])
	if err != nil {
		return nil, nil, err
	}
	defer clear(plain)
	s.window.add(h.ctr)
	r.follow(now, int(h.kid/2))
	return r.parse(dst, plain)
}

// parse takes an authentic plaintext apart.
func (r *Receiver) parse(dst, plain []byte) ([]byte, []Control, error) {
	n := int(binary.BigEndian.Uint16(plain))
	if n > len(plain)-lengthBytes {
		return nil, nil, ErrFormat
	}
	controls, err := parseControls(r.controls[:0], plain[lengthBytes+n:])
	if err != nil {
		return nil, nil, err
	}
	return append(dst, plain[lengthBytes:lengthBytes+n]...), controls, nil
}

// follow goes forward to the epoch in whose slot a frame authenticated.
func (r *Receiver) follow(now time.Time, slot int) {
	steps := (slot - int(r.epoch%epochs) + epochs) % epochs
	if steps > ahead {
		return // of the last epoch
	}
	for range steps {
		r.epoch++
		r.derive() // into the slot of what is now epoch-2
		r.oldUntil = now.Add(keepOld)
	}
}

// forgetOld wipes the key of the last epoch in time.
func (r *Receiver) forgetOld(now time.Time) {
	if !r.oldUntil.IsZero() && !now.Before(r.oldUntil) {
		r.oldUntil = time.Time{}
		r.slots[(r.epoch-1)%epochs] = slot{}
	}
}

// Close wipes the keys. It is idempotent.
func (r *Receiver) Close() {
	r.closed = true
	r.slots = [epochs]slot{}
	clear(r.plain[:cap(r.plain)])
	clear(r.controls[:])
	if r.cfg.Root != nil {
		r.cfg.Root.Wipe()
	}
}
