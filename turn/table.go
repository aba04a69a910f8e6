package turn

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

const (
	// Virtual ports stay above the well-known ones, so that no peer address ever looks like a service.
	minPort      = 1024
	virtualPorts = 1<<16 - minPort

	blockSlots = 256 // memory grows by this many slots and is never given back

	// endedLinger is how long the answer to a Refresh with lifetime 0 can be repeated; with sweepGap it stays below the
	// second within which a slot is zeroed.
	endedLinger = 500 * time.Millisecond
)

const never time.Duration = 1<<63 - 1

// table holds all allocations. Slots are found through arrays of slot numbers (by virtual port, and in hash chains that run
// through the slots), so that addresses and tags exist in slots only. Slot numbers are kept plus one: 0 is none.
type table struct {
	// Static after newTable.
	public4, public6 netip.Addr
	max, maxPerTag   int
	maxSlots         int // more than max, because what has ended lingers

	// Written under mu, read by anybody.
	flows     flows
	bandwidth bandwidth

	// Guarded by mu: written by the control plane, read by it and for data that has no flow.
	mu       sync.RWMutex
	blocks   []*[blockSlots]allocation
	free     []uint32
	live     int
	ports    [1 << 16]uint32
	clients  index
	tags     index
	draining bool          // takes no new calls
	next     time.Duration // no slot is due before
	wake     chan struct{} // has an element when next moved forward
}

// index finds chains of slots by salted hash.
type index struct {
	seed  maphash.Seed
	heads []uint32
}

func newIndex(capacity int) index {
	return index{maphash.MakeSeed(), make([]uint32, 1<<bits.Len(uint(max(capacity-1, 1))))}
}

func (x *index) head(key []byte) *uint32 {
	return &x.heads[maphash.Bytes(x.seed, key)&uint64(len(x.heads)-1)]
}

func newTable(cfg Config) *table {
	return &table{
		public4: cfg.Public4, public6: cfg.Public6, max: cfg.MaxAllocations, maxSlots: maxSlots(cfg.MaxAllocations), maxPerTag: cfg.MaxAllocationsPerTag,
		flows: newFlows(cfg.MaxAllocations), bandwidth: newBandwidth(cfg.BytesPerSecond, maxSlots(cfg.MaxAllocations)),
		clients: newIndex(cfg.MaxAllocations), tags: newIndex(cfg.MaxAllocations),
		next: never, wake: make(chan struct{}, 1),
	}
}

// public is the address of relayed addresses of a family; invalid without one.
func (t *table) public(f family) netip.Addr {
	if f == family4 {
		return t.public4
	}
	return t.public6
}

// slot returns slot n-1, for n > 0.
func (t *table) slot(n uint32) *allocation {
	return &t.blocks[(n-1)/blockSlots][(n-1)%blockSlots]
}

// findLocked returns the slot of a 5-tuple, ended or not, or nil.
func (t *table) findLocked(who tuple) (*allocation, uint32) {
	key := who.bytes()
	for n := *t.clients.head(key[:]); n != 0; {
		a := t.slot(n)
		if a.tuple == who {
			return a, n
		}
		n = a.nextClient
	}
	return nil, 0
}

// addLocked makes an allocation out of the fields of a that its caller knows, and gives it a port.
func (t *table) addLocked(a allocation) (*allocation, errorCode) {
	mates, head := 0, t.tags.head(a.tag[:])
	for n := *head; n != 0; n = t.slot(n).nextTag {
		if t.slot(n).tag == a.tag {
			mates++
		}
	}
	if mates >= t.maxPerTag {
		return nil, codeQuota
	}
	if t.live >= t.max {
		return nil, codeCapacity
	}
	n := t.takeLocked()
	if n == 0 {
		return nil, codeCapacity
	}
	key := a.tuple.bytes()
	first := t.clients.head(key[:])
	a.state, a.port = stateLive, t.freePortLocked()
	a.nextClient, a.nextTag = *first, *head
	*first, *head, t.ports[a.port] = n, n, n
	t.live++
	slot := t.slot(n)
	*slot = a
	t.dueLocked(a.expires)
	return slot, 0
}

// maxSlots is a whole number of blocks.
func maxSlots(allocations int) int { return (2*allocations + blockSlots - 1) / blockSlots * blockSlots }

// takeLocked returns a wiped slot, or 0.
func (t *table) takeLocked() uint32 {
	if len(t.free) == 0 && len(t.blocks)*blockSlots == t.maxSlots {
		return 0
	}
	if len(t.free) == 0 {
		first := uint32(len(t.blocks)*blockSlots) + 1
		t.blocks = append(t.blocks, new([blockSlots]allocation))
		for n := first + blockSlots - 1; n >= first; n-- {
			t.free = append(t.free, n)
		}
	}
	n := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	return n
}

// freePortLocked picks at random, as RFC 8656 section 7.2 wants ports hard to guess. There is one: max is below their number.
// A port may come back at once: who still sends to it is of another call.
func (t *table) freePortLocked() uint16 {
	p := minPort + rand.N(virtualPorts)
	for t.ports[p] != 0 {
		if p++; p == 1<<16 {
			p = minPort
		}
	}
	return uint16(p)
}

// endLocked takes slot n off the data path and keeps what repeats the answer.
func (t *table) endLocked(n uint32, last transactionID, now time.Duration) {
	a := t.slot(n)
	t.unlinkLocked(n)
	*a = allocation{
		tuple: a.tuple, state: stateEnded, user: a.user, key: a.key, transaction: last, expires: now + endedLinger, nextClient: a.nextClient,
	}
	t.dueLocked(a.expires)
}

// unlinkLocked makes a live slot unreachable for data.
func (t *table) unlinkLocked(n uint32) {
	a := t.slot(n)
	t.retractLocked(a)
	t.bandwidth.reset(n - 1)
	t.ports[a.port] = 0
	t.live--
	p := t.tags.head(a.tag[:])
	for *p != n {
		p = &t.slot(*p).nextTag
	}
	*p = a.nextTag
}

// wipeLocked frees slot n and zeroes it.
func (t *table) wipeLocked(n uint32) {
	a := t.slot(n)
	if a.state == stateLive {
		t.unlinkLocked(n)
	}
	key := a.tuple.bytes()
	p := t.clients.head(key[:])
	for *p != n {
		p = &t.slot(*p).nextClient
	}
	*p = a.nextClient
	*a = allocation{}
	t.free = append(t.free, n)
}

// wipeIf frees and zeroes the slots that are of an ended service.
//
//go:noinline
func (t *table) wipeIf(over func(*allocation) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for b := range t.blocks {
		for i := range t.blocks[b] {
			if a := &t.blocks[b][i]; a.state != 0 && over(a) {
				t.wipeLocked(uint32(b*blockSlots+i) + 1)
			}
		}
	}
}

func (t *table) allocations() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.live
}
