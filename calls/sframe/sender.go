package sframe

import (
	"encoding/binary"
	"log/slog"
	"slices"
	"time"
)

// DefaultRatchet is how long one epoch lasts.
const DefaultRatchet = 60 * time.Second

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	Root         Root          // owned by the Sender from now on
	Direction    uint8         // of what is sent: 0 caller to callee, 1 callee to caller
	BucketBytes  int           // size of the plaintext; default 96
	RatchetEvery time.Duration // default 60 s; negative: never, and the sender ends after 65280 frames
}

// Sender seals the frames of one direction. It is not safe for concurrent use. It prints as its type name.
type Sender struct {
	cfg     SenderConfig
	key     key
	epoch   uint32 // of key; the root is one further
	next    uint64 // the counter of the next frame
	started time.Time
	plain   []byte
	closed  bool
}

// NewSender cannot fail: a configuration that makes no sense gives a Sender that is closed from the beginning.
func NewSender(cfg SenderConfig) *Sender {
	s := &Sender{cfg: cfg}
	s.cfg.BucketBytes = bucketOf(cfg.BucketBytes)
	if cfg.RatchetEvery == 0 {
		s.cfg.RatchetEvery = DefaultRatchet
	}
	if cfg.Root == nil || cfg.Direction > 1 || s.cfg.BucketBytes == 0 {
		s.Close()
		return s
	}
	s.plain = make([]byte, 0, s.cfg.BucketBytes)
	s.epoch, s.next = cfg.Root.Epoch(), firstCounter
	s.key = deriveFrom(cfg.Root, cfg.Direction)
	return s
}

func (*Sender) String() string       { return "sframe.Sender" }
func (*Sender) GoString() string     { return "sframe.Sender" }
func (*Sender) LogValue() slog.Value { return slog.StringValue("sframe.Sender") }

// Seal appends one frame of BucketBytes + 19 bytes to dst. opus may be empty. On error dst is returned as it was.
func (s *Sender) Seal(dst []byte, now time.Time, opus []byte, controls []Control) ([]byte, error) {
	if s.closed {
		return dst, ErrClosed
	}
	plain, err := s.fill(opus, controls)
	if err != nil {
		return dst, err
	}
	defer clear(plain)
	if err := s.advance(now); err != nil {
		return dst, err
	}
	h := header{kid: kidOf(s.epoch, s.cfg.Direction), ctr: s.next}
	s.next++ // before the counter is used: whatever happens next, it is spent
	dst = slices.Grow(dst, s.cfg.BucketBytes+Overhead)
	start := len(dst)
	dst = h.append(dst)
	return s.key.seal(dst, h.ctr, plain, dst[start:]), nil
}

// fill makes the plaintext, always of the same size.
func (s *Sender) fill(opus []byte, controls []Control) ([]byte, error) {
	size := lengthBytes + len(opus)
	for _, c := range controls {
		if c.Kind == 0 || c.Kind > controlKinds {
			return nil, ErrFormat
		}
		size += controlHeaderBytes + controlBytes[c.Kind]
	}
	if size > s.cfg.BucketBytes {
		return nil, ErrTooLarge
	}
	plain := binary.BigEndian.AppendUint16(s.plain[:0], uint16(len(opus)))
	plain = append(plain, opus...)
	plain, err := appendControls(plain, controls)
	if err != nil {
		return nil, err
	}
	used := len(plain)
	plain = plain[:s.cfg.BucketBytes]
	clear(plain[used:])
	return plain, nil
}

// advance goes to the next epoch when the present one is over.
func (s *Sender) advance(now time.Time) error {
	if s.started.IsZero() || now.Before(s.started) {
		s.started = now // a clock that was set back must not stretch the epoch
	}
	if s.cfg.RatchetEvery < 0 {
		if s.next > lastCounter {
			return ErrExhausted
		}
		return nil
	}
	if s.next <= lastCounter && now.Sub(s.started) < s.cfg.RatchetEvery {
		return nil
	}
	epoch := s.cfg.Root.Epoch()
	if epoch <= s.epoch { // the epochs are used up, or somebody rewound the root: its keys have served before
		return ErrExhausted
	}
	s.key.wipe()
	s.key = deriveFrom(s.cfg.Root, s.cfg.Direction)
	s.epoch, s.next, s.started = epoch, firstCounter, now
	return nil
}

// Close wipes the keys. It is idempotent.
func (s *Sender) Close() {
	s.closed = true
	s.key.wipe()
	clear(s.plain[:cap(s.plain)])
	if s.cfg.Root != nil {
		s.cfg.Root.Wipe()
	}
}
