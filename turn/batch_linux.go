package turn

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// batcher is what ipv4.PacketConn and ipv6.PacketConn share; their Message is one type.
type batcher interface {
	ReadBatch(ms []ipv4.Message, flags int) (int, error)
	WriteBatch(ms []ipv4.Message, flags int) (int, error)
}

// batchTransport reads with recvmmsg and writes with sendmmsg.
type batchTransport struct {
	conn    batcher
	in, out [batchPackets]ipv4.Message
	froms   int // of in that hold addresses
	to      [batchPackets]net.UDPAddr
	ips     [batchPackets][16]byte
}

func newTransport(conn net.PacketConn) transport {
	u, ok := conn.(*net.UDPConn)
	if !ok {
		return packetTransport{conn}
	}
	t := &batchTransport{}
	if local, ok := u.LocalAddr().(*net.UDPAddr); ok && local.IP.To4() == nil {
		t.conn = ipv6.NewPacketConn(u)
	} else {
		t.conn = ipv4.NewPacketConn(u)
	}
	for i := range t.in {
		t.in[i].Buffers = make([][]byte, 1)
		t.out[i].Buffers = make([][]byte, 1)
		t.out[i].Addr = &t.to[i]
	}
	return t
}

func (t *batchTransport) read(in []datagram) (int, error) {
	in = in[:min(len(in), batchPackets)]
	for i := range in {
		t.in[i].Buffers[0] = in[i].b
	}
	n, err := t.conn.ReadBatch(t.in[:len(in)], 0)
	if err != nil {
		return 0, err
	}
	t.froms = n
	for i := range n {
		in[i].b, in[i].addr = in[i].b[:t.in[i].N], netip.AddrPort{}
		if u, ok := t.in[i].Addr.(*net.UDPAddr); ok {
			in[i].addr = unmapped(u.AddrPort())
		}
	}
	return n, nil
}

func (t *batchTransport) write(out []datagram) {
	ms := t.out[:len(out)]
	for i := range out {
		ms[i].Buffers[0] = out[i].b
		t.address(i, out[i].addr)
		out[i].failed = false
	}
	for first := 0; first < len(ms); {
		n, err := t.conn.WriteBatch(ms[first:], 0)
		if first += max(n, 0); err != nil && first < len(ms) { // the one after those sent is at fault
			out[first].failed = true
			first++
		} else if n <= 0 {
			return
		}
	}
}

// address fills to[i] without allocating.
func (t *batchTransport) address(i int, a netip.AddrPort) {
	ip := t.ips[i][:16]
	if a.Addr().Is4() {
		v4 := a.Addr().As4()
		ip = ip[:copy(ip, v4[:])]
	} else {
		t.ips[i] = a.Addr().As16()
	}
	t.to[i] = net.UDPAddr{IP: ip, Port: int(a.Port()), Zone: a.Addr().Zone()}
}

func (t *batchTransport) wipe() {
	for i := range t.in[:t.froms] {
		if u, ok := t.in[i].Addr.(*net.UDPAddr); ok { // made for us, and garbage from here on
			clear(u.IP)
			*u = net.UDPAddr{}
		}
		t.in[i].Addr = nil
	}
	clear(t.to[:])
	clear(t.ips[:])
}
