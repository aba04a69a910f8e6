package turn

import (
	"hash/maphash"
	"net/netip"
	"sync"
)

// crowd counts streams, in all and for each source prefix, under a salted hash that lives as long as the last of them.
type crowd struct {
	// Static after newCrowd.
	max, perSource int

	// Guarded by mu.
	mu      sync.Mutex
	seed    maphash.Seed
	all     int
	sources map[uint64]int
}

func newCrowd(max, perSource int) *crowd { return &crowd{max: max, perSource: perSource} }

// enter counts one more from a, and says whether it is within what one source may have. leave takes the key.
func (c *crowd) enter(a netip.Addr) (key uint64, ok bool) {
	prefix := sourcePrefix(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == 0 {
		c.seed, c.sources = maphash.MakeSeed(), make(map[uint64]int)
	}
	key = maphash.Bytes(c.seed, prefix[:])
	if c.sources[key] >= c.perSource {
		return 0, false
	}
	c.all++
	c.sources[key]++
	return key, true
}

// full says whether there are more than there may be.
func (c *crowd) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all > c.max
}

func (c *crowd) leave(key uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.sources[key]--; c.sources[key] == 0 {
		delete(c.sources, key)
	}
}

func (c *crowd) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}
