package media

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
)

// guard is the socket towards a relay, letting in only what that relay could
// have sent to this client. It is needed because pion's TURN client stops
// reading for good at the first datagram it cannot use: without the guard, one
// junk packet from anybody would end the call.
//
// Let in are, from the address we send to:
//   - ChannelData (RFC 8656 section 12.4) of a channel we asked for
//   - well-formed STUN responses
//   - well-formed Data indications
type guard struct {
	net.PacketConn

	// Static before the first read.
	junk      func()               // counts a dropped datagram
	heard     *atomic.Int64        // when something was let in; unix nanoseconds
	alternate func(netip.AddrPort) // told what the relay recommends in its own place

	onClose func()
	once    sync.Once
	err     error

	relay atomic.Pointer[netip.AddrPort] // who we send to; pion sends to nobody else

	mu       sync.Mutex
	channels map[uint16]struct{} // asked for
}

func newGuard(pc net.PacketConn, junk func()) *guard {
	return &guard{PacketConn: pc, junk: junk, channels: make(map[uint16]struct{})}
}

// Close closes the socket once.
func (g *guard) Close() error {
	g.once.Do(func() {
		g.err = g.PacketConn.Close()
		if g.onClose != nil {
			g.onClose()
		}
	})

	return g.err
}

// WriteTo sends to the relay and remembers it, and the channels it is asked for.
func (g *guard) WriteTo(p []byte, to net.Addr) (int, error) {
	if ap, ok := addrPort(to); ok {
		if old := g.relay.Load(); old == nil || *old != ap {
			g.relay.Store(&ap)
		}
	}
	if isSTUN(p) && binary.BigEndian.Uint16(p) == stun.NewType(stun.MethodChannelBind, stun.ClassRequest).Value() {
		g.noteChannel(p)
	}

	return g.PacketConn.WriteTo(p, to)
}

// noteChannel remembers the number in a ChannelBind request of ours.
func (g *guard) noteChannel(p []byte) {
	m := stun.Message{Raw: append([]byte(nil), p...)}
	if m.Decode() != nil {
		return
	}
	v, err := m.Get(stun.AttrChannelNumber)
	if err != nil || len(v) < 2 {
		return
	}
	g.mu.Lock()
	g.channels[binary.BigEndian.Uint16(v)] = struct{}{}
	g.mu.Unlock()
}

// ReadFrom returns the next datagram that the relay meant for us.
func (g *guard) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := g.PacketConn.ReadFrom(p)
		if err != nil {
			return n, from, err
		}
		if g.wants(p[:n], from) {
			if g.heard != nil {
				g.heard.Store(time.Now().UnixNano())
			}

			return n, from, nil
		}
		g.junk()
	}
}

func (g *guard) wants(p []byte, from net.Addr) bool {
	relay := g.relay.Load()
	ap, ok := addrPort(from)
	if relay == nil || !ok || ap != *relay || len(p) < 4 {
		return false
	}
	if p[0]&0xC0 == 0x40 {
		return g.wantsChannelData(p)
	}

	return isSTUN(p) && g.wantsSTUN(p)
}

func (g *guard) wantsChannelData(p []byte) bool {
	if int(binary.BigEndian.Uint16(p[2:])) > len(p)-4 {
		return false
	}
	g.mu.Lock()
	_, ok := g.channels[binary.BigEndian.Uint16(p)]
	g.mu.Unlock()

	return ok
}

// stunHeaderBytes and stunCookie are of RFC 8489 section 5.
const (
	stunHeaderBytes = 20
	stunCookie      = 0x2112A442
)

func isSTUN(p []byte) bool {
	return len(p) >= stunHeaderBytes && binary.BigEndian.Uint32(p[4:]) == stunCookie
}

func (g *guard) wantsSTUN(p []byte) bool {
	m := stun.Message{Raw: append([]byte(nil), p...)}
	if m.Decode() != nil {
		return false
	}
	switch m.Type.Class {
	case stun.ClassSuccessResponse, stun.ClassErrorResponse:
		g.noteAlternate(&m)

		return true
	case stun.ClassIndication:
		var peer stun.XORMappedAddress
		_, err := m.Get(stun.AttrData)

		return m.Type.Method == stun.MethodData && err == nil && peer.GetFromAs(&m, stun.AttrXORPeerAddress) == nil
	default:
		return false
	}
}

// noteAlternate passes on what the relay recommends: in a refusal (300), or beside any other answer of a relay that will
// close.
func (g *guard) noteAlternate(m *stun.Message) {
	var at stun.AlternateServer
	if g.alternate == nil || at.GetFrom(m) != nil {
		return
	}
	if a, ok := netip.AddrFromSlice(at.IP); ok && at.Port > 0 && at.Port <= math.MaxUint16 {
		g.alternate(netip.AddrPortFrom(a.Unmap(), uint16(at.Port)))
	}
}

// addrPort returns the comparable form of a UDP address.
func addrPort(a net.Addr) (netip.AddrPort, bool) {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	ap := u.AddrPort()

	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), ap.IsValid()
}
