package turn

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	// flowTick is the unit of a flow's end. Ends are rounded down: for the rest of a tick, the table decides.
	flowTick = 1 << 27 * time.Nanosecond

	// flowWindow is how many neighbours a flow may be kept in. A full window costs its flow the fast way, and nothing else.
	flowWindow = 8
)

// flow is the steady state of a call in one direction: what comes on a channel of one client goes to a channel of another. It is
// all that forwarding needs, in one cache line, and made of the table, which stays the truth. Addresses are IPv6, with IPv4 mapped.
//
//	sequence(4) end(4) | address(16) port(2) channel(2) group(4) | address(16) port(2) channel(2) slot(4) | socket(8)
//
// The table writes flows, one at a time. Readers wait for nobody: who meets a flow that is being written, or was since, asks the
// table.
type flow struct {
	sequence atomic.Uint32    // odd while being written
	end      atomic.Uint32    // in ticks since the server's start; 0: empty
	from     [3]atomic.Uint64 // a flowKey
	to       [3]atomic.Uint64 // the same of the peer, with the sender's slot for a group
	via      atomic.Pointer[socket]
}

// flowKey is address(16) port(2) channel(2) group(4).
type flowKey [3]uint64

func newFlowKey(at netip.AddrPort, number uint16, last uint32) flowKey {
	ip := at.Addr().As16()
	return flowKey{
		binary.BigEndian.Uint64(ip[:8]), binary.BigEndian.Uint64(ip[8:]),
		uint64(at.Port())<<48 | uint64(number)<<32 | uint64(last),
	}
}

func (k flowKey) addrPort() netip.AddrPort {
	var ip [16]byte
	binary.BigEndian.PutUint64(ip[:8], k[0])
	binary.BigEndian.PutUint64(ip[8:], k[1])
	return netip.AddrPortFrom(netip.AddrFrom16(ip).Unmap(), uint16(k[2]>>48))
}

// flows find their windows by salted hash.
type flows struct {
	seed    maphash.Seed
	entries []flow
}

func newFlows(allocations int) flows {
	return flows{maphash.MakeSeed(), make([]flow, max(1<<bits.Len(uint(2*allocations-1)), flowWindow))}
}

func (f *flows) window(key flowKey) (at, mask uint64) {
	var b [24]byte
	for i, w := range key {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return maphash.Bytes(f.seed, b[:]), uint64(len(f.entries) - 1)
}

// find is for any goroutine. False means that the table has to be asked.
func (f *flows) find(key flowKey, now time.Duration) (route, bool) {
	at, mask := f.window(key)
	for i := range uint64(flowWindow) {
		e := &f.entries[(at+i)&mask]
		sequence := e.sequence.Load()
		if e.from[2].Load() != key[2] || e.from[1].Load() != key[1] || e.from[0].Load() != key[0] {
			continue
		}
		end, via, to := e.end.Load(), e.via.Load(), flowKey{e.to[0].Load(), e.to[1].Load(), e.to[2].Load()}
		if sequence&1 != 0 || e.sequence.Load() != sequence || via == nil || uint32(now/flowTick) >= end {
			return route{}, false
		}
		return route{to: to.addrPort(), via: via, number: uint16(to[2] >> 32), slot: uint32(to[2])}, true
	}
	return route{}, false
}

// putLocked writes a flow, if there is room.
func (f *flows) putLocked(key, to flowKey, via *socket, end, now time.Duration) {
	var room *flow
	at, mask := f.window(key)
	for i := range uint64(flowWindow) {
		e := &f.entries[(at+i)&mask]
		if e.is(key) {
			room = e
			break
		}
		if room == nil && e.end.Load() <= uint32(now/flowTick) {
			room = e
		}
	}
	if room != nil {
		room.write(key, to, via, uint32(end/flowTick))
	}
}

// dropLocked zeroes a flow.
func (f *flows) dropLocked(key flowKey) {
	at, mask := f.window(key)
	for i := range uint64(flowWindow) {
		if e := &f.entries[(at+i)&mask]; e.is(key) {
			e.write(flowKey{}, flowKey{}, nil, 0)
		}
	}
}

func (e *flow) is(key flowKey) bool {
	return e.via.Load() != nil && flowKey{e.from[0].Load(), e.from[1].Load(), e.from[2].Load()} == key
}

func (e *flow) write(from, to flowKey, via *socket, end uint32) {
	e.sequence.Add(1)
	for i := range from {
		e.from[i].Store(from[i])
		e.to[i].Store(to[i])
	}
	e.end.Store(end)
	e.via.Store(via)
	e.sequence.Add(1)
}

// publishLocked writes the flows from and to an allocation, as they are now.
func (t *table) publishLocked(a *allocation, now time.Duration) {
	t.eachFlowLocked(a, func(from *allocation, c *channel) { t.publishChannelLocked(from, c, now) })
}

// retractLocked zeroes the flows from and to an allocation, before it changes.
func (t *table) retractLocked(a *allocation) {
	t.eachFlowLocked(a, func(from *allocation, c *channel) {
		t.flows.dropLocked(newFlowKey(from.client, c.number, from.group))
	})
}

// eachFlowLocked visits the channels of a, and those of its mates to a.
func (t *table) eachFlowLocked(a *allocation, visit func(*allocation, *channel)) {
	for n := *t.tags.head(a.tag[:]); n != 0; {
		from := t.slot(n)
		for i := range from.channels {
			if c := &from.channels[i]; c.number != 0 && (from == a || from.tag == a.tag && c.port == a.port) {
				visit(from, c)
			}
		}
		n = from.nextTag
	}
}

// publishChannelLocked writes the flow that starts at a channel, when the other side has bound one as well.
func (t *table) publishChannelLocked(a *allocation, c *channel, now time.Duration) {
	n := t.ports[c.port]
	if n == 0 || a.client.Addr().Zone() != "" {
		return
	}
	peer, f := t.slot(n), c.family
	back := peer.byPeer(f, a.port, now)
	if back == nil || peer.tag != a.tag || !a.families.has(f) || !peer.families.has(f) || peer.client.Addr().Zone() != "" {
		return
	}
	end := min(a.expires, a.permits[f], c.expires, peer.expires, peer.permits[f], back.expires)
	if end <= now {
		return
	}
	t.flows.putLocked(
		newFlowKey(a.client, c.number, a.group), newFlowKey(peer.client, back.number, t.ports[a.port]-1), peer.via, end, now)
}
