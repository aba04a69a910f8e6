package turn

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// tuple is the client's half of a 5-tuple and, as group, the server's: sockets with one local address are one group.
type tuple struct {
	client netip.AddrPort
	group  uint32
}

const tupleBytes = 16 + 2 + 4

// bytes is for hashing: address(16) port(2) group(4).
func (t tuple) bytes() (b [tupleBytes]byte) {
	ip := t.client.Addr().As16()
	copy(b[:], ip[:])
	binary.BigEndian.PutUint16(b[16:], t.client.Port())
	binary.BigEndian.PutUint32(b[18:], t.group)
	return b
}

// state of a slot. The zero value is free, because a wiped slot is.
type state uint8

const (
	stateLive  state = 1
	stateEnded state = 2 // by the client; kept until expires, only to answer the same Refresh again
)

const maxChannels = 4

// channel is a binding to a relayed address of this server. Number 0 is unused.
type channel struct {
	number  uint16
	port    uint16
	family  family
	expires time.Duration
}

// allocation is everything the relay ever knows about one side of a call. It lives in a fixed slot, in memory, and is
// zeroed within one second of its end. Times are since the server's start. Guarded by table.mu.
type allocation struct {
	tuple
	state       state
	port        uint16   // virtual; 0 when ended
	families    families // of its relayed addresses
	refused     families // that ADDITIONAL-ADDRESS-FAMILY asked for in vain
	deleted     families // by Refresh, before its end
	via         *socket
	tag         pairTag
	user        userID
	key         integrityKey
	transaction transactionID // of the Allocate; of the last Refresh when ended
	granted     time.Duration // by the Allocate
	expires     time.Duration
	permits     [family6 + 1]time.Duration // expiry, by family: every peer has this server's address
	channels    [maxChannels]channel
	nextClient  uint32 // slot+1 in the chain of index clients
	nextTag     uint32 // slot+1 in the chain of index tags
}

// userID is a keyed hash of the username: enough to know it again.
type userID [16]byte

func (a *allocation) live(now time.Duration) bool { return a.state == stateLive && now < a.expires }

func (a *allocation) permitted(f family, now time.Duration) bool { return now < a.permits[f] }

func (a *allocation) byNumber(number uint16, now time.Duration) *channel {
	for i := range a.channels {
		if c := &a.channels[i]; c.number == number && now < c.expires {
			return c
		}
	}
	return nil
}

func (a *allocation) byPeer(f family, port uint16, now time.Duration) *channel {
	for i := range a.channels {
		if c := &a.channels[i]; c.port == port && c.family == f && now < c.expires {
			return c
		}
	}
	return nil
}

// bind makes or refreshes a channel and the permission that comes with it (RFC 8656 section 12.2).
func (a *allocation) bind(number uint16, f family, port uint16, now time.Duration) errorCode {
	c, other := a.byNumber(number, now), a.byPeer(f, port, now)
	if c != other { // the number has another peer, or the peer another number
		return codeBadRequest
	}
	for i := range a.channels {
		if c == nil && now >= a.channels[i].expires {
			c = &a.channels[i]
		}
	}
	if c == nil {
		return codeCapacity
	}
	*c = channel{number: number, port: port, family: f, expires: now + channelLifetime}
	a.permit(f, now)
	return 0
}

func (a *allocation) permit(f family, now time.Duration) { a.permits[f] = now + permissionLifetime }

// drop gives up the relayed addresses of some families, not all.
func (a *allocation) drop(of families) {
	a.families &^= of
	a.deleted |= of
	for f := family4; f <= family6; f++ {
		if of.has(f) {
			a.permits[f] = 0
		}
	}
	for i := range a.channels {
		if of.has(a.channels[i].family) {
			a.channels[i] = channel{}
		}
	}
}
