package media

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/pion/transport/v5"
)

// tcpHeadStart is how long a UDP relay may try alone before a stream relay is
// dialled: a stream delays voice after each lost packet, so it is the way out
// of networks that block UDP and nothing else.
const tcpHeadStart = time.Second

// resolveTimeout bounds the look-up of a relay's host name.
const resolveTimeout = 5 * time.Second

var (
	errUnsupported = errors.New("media: not used by a relayed call")
	errNotNeeded   = errors.New("media: another relay answered first")
	errNoAddress   = errors.New("media: relay host has no such address")
)

// relayNet is the network as pion sees it: a socket to a relay, a stream to a
// relay, and nothing else. There are no interfaces to list, so no local
// address can leak into a candidate, and nothing can be listened on or dialled
// except through Config.
type relayNet struct {
	cfg     *Config
	hasUDP  bool            // some relay is reached over UDP
	life    context.Context // ends with the Conn; a value of the shell, not of a request
	relayed <-chan struct{} // closed when a relayed address exists
	sockets *sockets
	junk    func()
}

// ListenPacket opens the socket towards a UDP relay, guarded.
func (n *relayNet) ListenPacket(network, addr string) (net.PacketConn, error) {
	listen := n.cfg.ListenPacket
	if listen == nil {
		listen = net.ListenPacket
	}
	pc, err := listen(network, addr)
	if err != nil {
		return nil, err
	}

	return n.sockets.add(newGuard(pc, n.junk))
}

// DialTCP opens the stream towards a TCP or TLS relay, once UDP had its chance.
func (n *relayNet) DialTCP(network string, _, raddr *net.TCPAddr) (transport.TCPConn, error) {
	dial := n.cfg.DialContext
	if dial == nil {
		if n.cfg.ListenPacket != nil {
			return nil, errUnsupported
		}
		dial = new(net.Dialer).DialContext
	}
	if n.hasUDP {
		t := time.NewTimer(tcpHeadStart)
		defer t.Stop()
		select {
		case <-t.C:
		case <-n.relayed:
			return nil, errNotNeeded
		case <-n.life.Done():
			return nil, ErrClosed
		}
	}
	conn, err := dial(n.life, network, raddr.String())
	if err != nil {
		return nil, err
	}
	if err := n.sockets.addStream(conn); err != nil {
		return nil, err
	}

	return streamConn{conn, n.sockets}, nil
}

// ResolveUDPAddr turns a relay's host and port into an address.
func (n *relayNet) ResolveUDPAddr(network, addr string) (*net.UDPAddr, error) {
	ap, err := n.resolve(network, addr)
	if err != nil {
		return nil, err
	}

	return net.UDPAddrFromAddrPort(ap), nil
}

// ResolveTCPAddr turns a relay's host and port into an address.
func (n *relayNet) ResolveTCPAddr(network, addr string) (*net.TCPAddr, error) {
	ap, err := n.resolve(network, addr)
	if err != nil {
		return nil, err
	}

	return net.TCPAddrFromAddrPort(ap), nil
}

// resolve uses DNS only for a host that is a name, and only on the real network.
func (n *relayNet) resolve(network, addr string) (netip.AddrPort, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, errNoAddress
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return netip.AddrPort{}, errNoAddress
	}
	var found []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{a}
	} else if n.cfg.ListenPacket == nil {
		ctx, cancel := context.WithTimeout(n.life, resolveTimeout)
		defer cancel()
		found, _ = net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	for _, a := range found {
		a = a.Unmap()
		switch network[len(network)-1] {
		case '4':
			if !a.Is4() {
				continue
			}
		case '6':
			if !a.Is6() {
				continue
			}
		}

		return netip.AddrPortFrom(a, uint16(port)), nil
	}

	return netip.AddrPort{}, errNoAddress
}

// Interfaces returns none: a relayed call has no use for local addresses.
func (*relayNet) Interfaces() ([]*transport.Interface, error) { return nil, nil }

// The rest of transport.Net is never needed for a relayed call, and refused.

func (*relayNet) ListenUDP(string, *net.UDPAddr) (transport.UDPConn, error) {
	return nil, errUnsupported
}

func (*relayNet) ListenTCP(string, *net.TCPAddr) (transport.TCPListener, error) {
	return nil, errUnsupported
}

func (*relayNet) DialUDP(string, *net.UDPAddr, *net.UDPAddr) (transport.UDPConn, error) {
	return nil, errUnsupported
}
func (*relayNet) Dial(string, string) (net.Conn, error)                { return nil, errUnsupported }
func (*relayNet) ResolveIPAddr(string, string) (*net.IPAddr, error)    { return nil, errUnsupported }
func (*relayNet) InterfaceByIndex(int) (*transport.Interface, error)   { return nil, errUnsupported }
func (*relayNet) InterfaceByName(string) (*transport.Interface, error) { return nil, errUnsupported }
func (n *relayNet) CreateDialer(*net.Dialer) transport.Dialer          { return n }
func (n *relayNet) CreateListenConfig(*net.ListenConfig) transport.ListenConfig {
	return refusedListen{}
}

// refusedListen listens on nothing.
type refusedListen struct{}

func (refusedListen) Listen(context.Context, string, string) (net.Listener, error) {
	return nil, errUnsupported
}

func (refusedListen) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return nil, errUnsupported
}
