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

	// saltLifetime bounds how long a cell could be told to belong to a prefix.
	saltLifetime = 10 * time.Minute
)

// budget bounds answers to sources that have proved nothing. It has no keys, only two rows of buckets under salted hashes:
// a source is served while one of its two buckets has something, so that a flood silences itself and, with the chance of
// two collisions at once, somebody else.
type budget struct {
	// Static after newBudget.
	perSecond, burst float64 // negative rate: no limit

	// Guarded by mu.
	mu      sync.Mutex
	seeds   [budgetRows]maphash.Seed
	renewal time.Duration // since the server's start
	cells   [budgetRows][budgetCells]bucket
}

type bucket struct {
	spent float64 // so that the zero value is a full bucket
	at    time.Duration
}

func newBudget(perSecond, burst int) *budget {
	b := &budget{perSecond: float64(perSecond), burst: float64(burst), renewal: saltLifetime}
	b.seedLocked()
	return b
}

func (b *budget) seedLocked() {
	for i := range b.seeds {
		b.seeds[i] = maphash.MakeSeed()
	}
}

// allow takes one answer to the prefix of a.
func (b *budget) allow(a netip.Addr, now time.Duration) bool {
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
		c.spent = max(0, c.spent-b.perSecond*(now-c.at).Seconds())
		c.at = now
		if c.spent+1 <= b.burst {
			c.spent++
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
