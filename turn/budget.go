package turn

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	budgetRows  = 2
	budgetCells = 1 << 13

	// answerBytes is more than any answer without MESSAGE-INTEGRITY takes on the wire, with a short realm; wireBytes are the
	// headers of IP and UDP.
	answerBytes = 128
	wireBytes   = 28

	// freePerSecond answers go to anybody; more have to be paid for.
	freePerSecond = 10

	// saltLifetime bounds how long a cell could be told to belong to a prefix.
	saltLifetime = 10 * time.Minute
)

// budget bounds answers to sources that have proved nothing, in bytes on the wire: over time a source, or who is made to look
// like it, gets a trickle and half of what it sends, up to a rate. A login that succeeds earns what the challenge before it cost,
// so that a thousand phones behind one address are served as well as one.
//
// It has no keys, only two rows of buckets under salted hashes: a source is served while one of its two buckets has something, so that
// a flood silences itself and, with the chance of two collisions at once, somebody else.
type budget struct {
	// Static after newBudget.
	free, perSecond, burst float64 // in bytes; negative rate: no limit

	// Guarded by mu.
	mu      sync.Mutex
	seeds   [budgetRows]maphash.Seed
	renewal time.Duration // since the server's start
	cells   [budgetRows][budgetCells]bucket
}

type bucket struct {
	spent float64 // bytes, so that the zero value is a full bucket
	at    time.Duration
}

func newBudget(perSecond, burst int) *budget {
	b := &budget{perSecond: float64(perSecond) * answerBytes, burst: float64(burst) * answerBytes, renewal: saltLifetime}
	b.free = min(b.perSecond, freePerSecond*answerBytes)
	b.seedLocked()
	return b
}

func (b *budget) seedLocked() {
	for i := range b.seeds {
		b.seeds[i] = maphash.MakeSeed()
	}
}

// allow takes one answer to the prefix of a, which has sent so many bytes for it.
func (b *budget) allow(a netip.Addr, sent int, now time.Duration) bool {
	return b.move(a, float64(sent+wireBytes)/2, 0, answerBytes, now)
}

// allowGuess is for requests with an integrity: they are long, and an answer tells whether a password is right.
func (b *budget) allowGuess(a netip.Addr, now time.Duration) bool {
	return b.move(a, 0, 0, answerBytes, now)
}

// earn is for a login that succeeded.
func (b *budget) earn(a netip.Addr, now time.Duration) { b.move(a, 0, 2*answerBytes, 0, now) }

// move puts bytes in that are paid or earned, and takes bytes out or not.
func (b *budget) move(a netip.Addr, paid, earned, out float64, now time.Duration) bool {
	if b.perSecond < 0 {
		return true
	}
	key := sourcePrefix(a)
	b.mu.Lock()
	defer b.mu.Unlock()
	if now >= b.renewal {
		b.seedLocked()
		clear(b.cells[0][:])
		clear(b.cells[1][:])
		b.renewal = now + saltLifetime
	}
	ok := false
	for i := range b.cells {
		c := &b.cells[i][maphash.Bytes(b.seeds[i], key[:])%budgetCells]
		seconds := (now - c.at).Seconds()
		c.spent = max(0, c.spent-min(b.free*seconds+paid, b.perSecond*seconds)-earned)
		c.at = now
		if c.spent+out <= b.burst {
			c.spent += out
			ok = true
		}
	}
	return ok
}

// sourcePrefix is the /32 of an IPv4 address or the /64 of an IPv6 one.
func sourcePrefix(a netip.Addr) (key [9]byte) {
	if a.Is4() {
		ip := a.As4()
		key[0] = byte(family4)
		copy(key[1:], ip[:])
		return key
	}
	ip := a.As16()
	key[0] = byte(family6)
	copy(key[1:], ip[:8])
	return key
}
