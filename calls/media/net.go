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

// resolveTimeout bounds the look-up of a relay's host name.
const resolveTimeout = 5 * time.Second

var (
	errUnsupported = errors.New("media: not used by a relayed call")
	errNoAddress   = errors.New("media: relay host has no such address")
)

// relayNet is the network: a socket or a stream to a relay, and nothing else.
// As a transport.Net it is the network as pion sees it, which is none: there
// are no interfaces to list, so no local address can leak into a candidate, and
// nothing can be listened on or dialled.
type relayNet struct {
	cfg     *Config
	life    context.Context // ends with the Conn; a value of the shell, not of a request
	sockets *sockets
	junk    func()
}

// listen opens a socket towards a UDP relay, guarded.
func (n *relayNet) listen(network, addr string) (*guard, error) {
	listen := n.cfg.ListenPacket
	if listen == nil {
		listen = net.ListenPacket
	}
	pc, err := listen(network, addr)
	if err != nil {
		return nil, err
	}
	g := newGuard(pc, n.junk)
	g.onClose = func() { n.sockets.forget(g) }

	return g, n.sockets.remember(g)
}

// dial opens a stream towards a TCP or TLS relay.
func (n *relayNet) dial(ctx context.Context, network string, to netip.AddrPort) (*relayStream, error) {
	dial := n.cfg.DialContext
	if dial == nil {
		if n.cfg.ListenPacket != nil {
			return nil, errUnsupported
		}
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, to.String())
	if err != nil {
		return nil, err
	}
	s := &relayStream{Conn: conn, of: n.sockets}

	return s, n.sockets.remember(s)
}

// ResolveUDPAddr turns a relay's host and port into an address.
func (n *relayNet) ResolveUDPAddr(network, addr string) (*net.UDPAddr, error) {
	ap, err := n.resolve(n.life, network, addr)
	if err != nil {
		return nil, err
	}

	return net.UDPAddrFromAddrPort(ap), nil
}

// ResolveTCPAddr turns a relay's host and port into an address.
func (n *relayNet) ResolveTCPAddr(network, addr string) (*net.TCPAddr, error) {
	ap, err := n.resolve(n.life, network, addr)
	if err != nil {
		return nil, err
	}

	return net.TCPAddrFromAddrPort(ap), nil
}

// resolve uses DNS only for a host that is a name, and only on the real network.
func (n *relayNet) resolve(ctx context.Context, network, addr string) (netip.AddrPort, error) {
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
		ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
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

func (*relayNet) ListenPacket(string, string) (net.PacketConn, error) { return nil, errUnsupported }

func (*relayNet) DialTCP(string, *net.TCPAddr, *net.TCPAddr) (transport.TCPConn, error) {
	return nil, errUnsupported
}

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
