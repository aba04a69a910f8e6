package netsim

import (
	"net/netip"
	"time"
)

// Fate is what became of a datagram.
type Fate uint8

// The fates.
const (
	Delivered   Fate = iota + 1
	Tapped           // the tap took it
	LostUp           // on the sender's access link
	LostBetween      // between the access links
	LostDown         // on the receiver's access link
	Filtered         // by a NAT, or nobody has the address
	Overrun          // the receiver's socket was full
)

// Sight is a datagram whose fate is known. One that is duplicated has several.
type Sight struct {
	From, To netip.AddrPort // the two sockets, whatever translators made of their addresses; To as it was sent if none got it
	// Sender and Receiver are their hosts; Receiver is nil if it did not come so far.
	Sender, Receiver *Host
	Payload          []byte // not to be kept nor changed
	Sent             time.Time
	Fate             Fate // known now
}

// Watch sees what becomes of each datagram. It is called under the network's lock: it must not block.
type Watch func(Sight)

// SetWatch replaces the watch; nil removes it.
func (n *Network) SetWatch(w Watch) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.watch = w
}

func (n *Network) seenLocked(g *passage, to netip.AddrPort, fate Fate) {
	if n.watch == nil {
		return
	}
	s := Sight{From: g.origin, To: to, Sender: g.host, Payload: g.p, Sent: g.sent, Fate: fate}
	if a := n.accesses[to.Addr()]; a != nil && (fate == Delivered || fate > LostBetween) {
		s.Receiver = a.host
	}
	n.watch(s)
}
