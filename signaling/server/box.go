package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// Limits of one box; the package doc argues for them.
const (
	boxSize     = 64
	envelopeAge = 60 * time.Second
)

// entry is an envelope that waits to be read or acknowledged.
type entry struct {
	sequence uint64
	arrived  time.Time
	envelope *envelope.Envelope
}

// box is one queue of envelopes with at most one reader.
type box struct {
	// Static after newBox.
	server  *Server
	queue   envelope.QueueID
	keyHash *[sha256.Size]byte // of the delivery key; nil: everybody may submit
	ends    time.Time          // zero: with its connection

	// Guarded by mu.
	mu      sync.Mutex
	entries []entry // oldest first
	last    uint64  // sequence of the newest that ever came
	reader  *conn   // nil: nobody is connected
	idle    time.Time
	removed bool
	sub     *bus.Subscription
}

// accepts compares in constant time.
func (b *box) accepts(hash []byte) bool {
	return b.keyHash == nil || subtle.ConstantTimeCompare(b.keyHash[:], hash) == 1
}

// put adds a copy of env and wakes the reader. False: there is no room on this node, or the box is gone.
func (b *box) put(now time.Time, env []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.removed {
		return false
	}
	b.expireLocked(now)
	for i := range b.entries {
		if string(b.entries[i].envelope[:]) == string(env) {
			b.server.counters.drops[DropDuplicate].Add(1)
			return true
		}
	}
	if len(b.entries) == boxSize {
		b.cutLocked(1, DropFull)
	}
	most := b.server.cfg.MaxQueuedBytes
	if total := b.server.queued.Add(envelope.Size); most > 0 && total > most {
		b.server.queued.Add(-envelope.Size)
		return false
	}
	b.last++
	e := entry{b.last, now, new(envelope.Envelope)}
	copy(e.envelope[:], env)
	b.entries = append(b.entries, e)
	if b.reader != nil {
		b.reader.notify()
	}
	return true
}

// next is the oldest entry after a sequence number. Its envelope is a copy: the box wipes its own.
func (b *box) next(now time.Time, after uint64) (signaling.Deliver, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expireLocked(now)
	for _, e := range b.entries {
		if e.sequence > after {
			env := *e.envelope
			return signaling.Deliver{Sequence: e.sequence, Age: now.Sub(e.arrived), Envelope: &env}, true
		}
	}
	return signaling.Deliver{}, false
}

// acknowledge forgets what has been read.
func (b *box) acknowledge(sequence uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(b.entries) && b.entries[n].sequence <= sequence {
		n++
	}
	b.cutLocked(n, 0)
}

func (b *box) expireLocked(now time.Time) {
	n := 0
	for n < len(b.entries) && now.Sub(b.entries[n].arrived) > envelopeAge {
		n++
	}
	b.cutLocked(n, DropExpired)
}

// cutLocked removes the n oldest; why is 0 if they were read.
func (b *box) cutLocked(n int, why Drop) {
	if n == 0 {
		return
	}
	for i := range b.entries[:n] {
		clear(b.entries[i].envelope[:])
	}
	kept := copy(b.entries, b.entries[n:])
	clear(b.entries[kept:])
	b.entries = b.entries[:kept]
	b.server.queued.Add(-int64(n) * envelope.Size)
	if why != 0 {
		b.server.counters.drops[why].Add(uint64(n))
	}
}

// attach makes c the reader and returns the one before it.
func (b *box) attach(c *conn) (before *conn, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.removed {
		return nil, false
	}
	before, b.reader = b.reader, c
	return before, true
}

// detach ends c's reading, if it still is the reader.
func (b *box) detach(c *conn, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader == c {
		b.reader, b.idle = nil, now
	}
}

// over says whether sweepLoop shall remove the box, after dropping what is too old.
func (b *box) over(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expireLocked(now)
	if b.ends.IsZero() {
		return false // goes with its connection
	}
	return now.After(b.ends) || b.reader == nil && now.Sub(b.idle) > signaling.QueueIdle
}

// end empties the box for good and returns what the caller must close.
func (b *box) end() (*conn, *bus.Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.removed = true
	b.cutLocked(len(b.entries), DropAbandoned)
	reader, sub := b.reader, b.sub
	b.reader, b.sub = nil, nil
	return reader, sub
}
