package turn

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"
)

// route is where data goes.
type route struct {
	to     netip.AddrPort // the peer's client
	via    *socket        // that the peer's client speaks to
	from   netip.AddrPort // the sender's relayed address
	number uint16         // the peer's channel, or 0 for a Data indication
	slot   uint32         // the sender's
}

// byChannel finds where data of a channel goes. A call in its steady state takes no lock. Then r.from is unset, for nobody asks.
func (t *table) byChannel(who tuple, number uint16, now time.Duration) (route, Drop) {
	if r, ok := t.flows.find(newFlowKey(who.client, number, who.group), now); ok {
		return r, 0
	}
	return t.askByChannel(who, number, now)
}

// askByChannel is byChannel without flows.
func (t *table) askByChannel(who tuple, number uint16, now time.Duration) (route, Drop) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, n := t.findLocked(who)
	if a == nil || !a.live(now) {
		return route{}, DropNoAllocation
	}
	c := a.byNumber(number, now)
	if c == nil {
		return route{}, DropNoChannel
	}
	return t.routeLocked(a, n-1, c.family, c.port, now)
}

// byPeer finds where data for a relayed address goes.
func (t *table) byPeer(who tuple, peer netip.AddrPort, now time.Duration) (route, Drop) {
	f := familyOf(peer.Addr())
	if peer.Addr() != t.public(f) || peer.Port() < minPort {
		return route{}, DropForeignPeer
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, n := t.findLocked(who)
	if a == nil || !a.live(now) {
		return route{}, DropNoAllocation
	}
	return t.routeLocked(a, n-1, f, peer.Port(), now)
}

// routeLocked is the switch: the only way from one client to another; flows are made of its answers.
func (t *table) routeLocked(a *allocation, slot uint32, f family, port uint16, now time.Duration) (route, Drop) {
	if !a.families.has(f) || !a.permitted(f, now) {
		return route{}, DropNoPermission
	}
	n := t.ports[port]
	if n == 0 {
		return route{}, DropDeadPeer
	}
	peer := t.slot(n)
	switch {
	case !peer.live(now) || !peer.families.has(f):
		return route{}, DropDeadPeer
	case peer.tag != a.tag:
		return route{}, DropOtherCall
	case !peer.permitted(f, now):
		return route{}, DropNoPermission
	}
	r := route{to: peer.client, via: peer.via, from: netip.AddrPortFrom(t.public(f), a.port), slot: slot}
	if c := peer.byPeer(f, a.port, now); c != nil {
		r.number = c.number
	}
	return r, 0
}

// channelData forwards a ChannelData message. By channel on both sides, which is a call's steady state, the bytes stay
// where they are.
func (w *worker) channelData(b []byte, who tuple, scratch []byte) Drop {
	number, end, ok := parseChannelData(b)
	if !ok {
		return DropMalformed
	}
	r, why := w.server.table.byChannel(who, number, w.now)
	if why != 0 {
		return why
	}
	if !w.server.table.bandwidth.spend(r.slot, end, w.now) {
		return DropBandwidth
	}
	if r.number != 0 {
		putChannelHeader(b, r.number, end-channelHeader)
		w.forward(b[:end], r)
		return 0
	}
	w.forward(appendData(scratch[:0], b[channelHeader:end], r.from), r)
	return 0
}

// send forwards a Send indication. What a stranger sends costs one look-up.
func (w *worker) send(m *message, who tuple, scratch []byte) Drop {
	address, ok := m.find(attrPeerAddress)
	if !ok {
		return DropMalformed
	}
	if m.lacksUnderstanding() { // RFC 8489 section 6.3.2
		return DropMalformed
	}
	var data attribute
	for _, a := range m.attrs[:m.n] {
		if a.kind == attrData {
			data = a
			break
		}
	}
	if data.kind != attrData {
		return DropMalformed
	}
	r, why := w.server.table.byPeer(who, parseXORAddress(address, m.transaction()), w.now)
	if why != 0 {
		return why
	}
	if !w.server.table.bandwidth.spend(r.slot, len(m.b), w.now) {
		return DropBandwidth
	}
	if r.number != 0 { // the header fits before the data: an attribute header is there, at least
		packet := m.b[data.off-channelHeader : int(data.off)+int(data.len)]
		putChannelHeader(packet, r.number, int(data.len))
		w.forward(packet, r)
		return 0
	}
	w.forward(appendData(scratch[:0], m.value(data), r.from), r)
	return 0
}

// appendData writes a Data indication (RFC 8656 section 11.6). By hand, because a codec would allocate.
func appendData(b, data []byte, from netip.AddrPort) []byte {
	var id transactionID // an indication has no answer, so this is an ornament and no secret
	binary.BigEndian.PutUint64(id[:], rand.Uint64())
	binary.BigEndian.PutUint32(id[8:], rand.Uint32())
	b = binary.BigEndian.AppendUint16(b, dataIndication)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, stunMagic)
	b = append(b, id[:]...)
	size := 8
	if from.Addr().Is6() {
		size = maxAddressBytes
	}
	b = binary.BigEndian.AppendUint16(b, attrPeerAddress)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = appendXORAddress(b, from, id)
	b = binary.BigEndian.AppendUint16(b, attrData)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader))
	return b
}
