package turn

import "sync/atomic"

// Drop is why a packet went nowhere.
type Drop uint8

// Reasons. The first two and the last three are not of a client's data.
const (
	DropMalformed    Drop = iota + 1 // failed a check, or of a method or class that is not served
	DropSilenced                     // would have been answered, but the source's budget is spent
	DropWrite                        // the socket refused the outgoing packet
	DropNoAllocation                 // the sender has none
	DropNoChannel                    // the sender has not bound the channel
	DropNoPermission                 // of the sender for the peer, or the other way round
	DropForeignPeer                  // the peer's address is not of this switch
	DropDeadPeer                     // no live allocation has the peer's port
	DropOtherCall                    // it has, but belongs to another call
	DropBandwidth                    // the sender's allocation is above its rate
	DropSlow                         // made room for fresher data on its way to a client who reads too slowly
	DropFraming                      // a stream, that lost its framing
	DropCrowd                        // a stream, because there are too many
	DropPanic                        // a batch, by an error of this program
	dropKinds
)

var dropNames = [dropKinds]string{
	DropMalformed: "malformed", DropSilenced: "silenced", DropWrite: "write", DropNoAllocation: "no allocation", DropNoChannel: "no channel",
	DropNoPermission: "no permission", DropForeignPeer: "foreign peer", DropDeadPeer: "dead peer", DropOtherCall: "other call",
	DropBandwidth: "bandwidth", DropSlow: "slow reader", DropFraming: "framing", DropCrowd: "crowd", DropPanic: "panic",
}

func (d Drop) String() string {
	if d == 0 || d >= dropKinds {
		return "unset"
	}
	return dropNames[d]
}

// Stats are sums since New.
type Stats struct {
	Allocations int             // now
	Connections int             // of TCP and TLS, now
	Forwarded   uint64          // data packets handed to a socket
	Dropped     uint64          // data packets that went nowhere
	Answered    uint64          // requests, whatever the answer
	Drops       map[Drop]uint64 // every reason that occurred, those of Dropped and others
}

// counters belong to one socket, so that shards do not share a cache line. Written by its worker, read by Stats.
type counters struct {
	forwarded, answered atomic.Uint64
	drops               [dropKinds]atomic.Uint64
	_                   [64]byte
}

func (c *counters) addTo(s *Stats) {
	s.Forwarded += c.forwarded.Load()
	s.Answered += c.answered.Load()
	for why := DropMalformed; why < dropKinds; why++ {
		n := c.drops[why].Load()
		if n == 0 {
			continue
		}
		s.Drops[why] += n
		if why > DropSilenced && why < DropFraming {
			s.Dropped += n
		}
	}
}
