package turn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

const (
	// maxPacketBytes is more than any path carries unfragmented, and less than would make buffers large. What fills a buffer
	// may have been cut, and is dropped.
	maxPacketBytes = 2047

	// scratchBytes has room for a Data indication around the largest packet, and for every answer.
	scratchBytes = 2048 + 128

	batchPackets = 32
)

// socket is what a client is reached through: a conn for datagrams, or its stream.
type socket struct {
	conn     net.PacketConn // or
	stream   *stream
	group    uint32
	once     sync.Once // of conn
	counters *counters
}

func (k *socket) close() { k.once.Do(func() { _ = k.conn.Close() }) }

// send sends data from any goroutine, at once. A worker batches what leaves by its own socket.
func (k *socket) send(b []byte, to netip.AddrPort) bool {
	if k.stream != nil {
		return k.stream.send(b, true)
	}
	if u, ok := k.conn.(*net.UDPConn); ok {
		_, err := u.WriteToUDPAddrPort(b, to)
		return err == nil
	}
	_, err := k.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err == nil
}

// datagram is a packet with the other end's address.
type datagram struct {
	b    []byte
	addr netip.AddrPort // not IPv4 inside IPv6

	data   bool // a client's, for the counters
	failed bool // set by write
}

// transport moves datagrams between a conn and a worker's buffers. It is used by one goroutine.
type transport interface {
	// read waits for at least one datagram. It reads into the full length of b and shortens it; addr is invalid when the
	// sender's address is of no use.
	read(in []datagram) (int, error)
	// write sends all, and marks what failed.
	write(out []datagram)
	// wipe zeroes what the last read and write kept of addresses.
	wipe()
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// udpTransport is for *net.UDPConn where there are no batches.
type udpTransport struct{ conn *net.UDPConn }

func (t udpTransport) read(in []datagram) (int, error) {
	n, from, err := t.conn.ReadFromUDPAddrPort(in[0].b)
	if err != nil {
		return 0, err
	}
	in[0].b, in[0].addr = in[0].b[:n], unmapped(from)
	return 1, nil
}

func (t udpTransport) write(out []datagram) {
	for i := range out {
		_, err := t.conn.WriteToUDPAddrPort(out[i].b, out[i].addr)
		out[i].failed = err != nil
	}
}

func (udpTransport) wipe() {}

// packetTransport is for any other conn: networks in memory, wrappers.
type packetTransport struct{ conn net.PacketConn }

func (t packetTransport) read(in []datagram) (int, error) {
	n, from, err := t.conn.ReadFrom(in[0].b)
	if err != nil {
		return 0, err
	}
	in[0].b, in[0].addr = in[0].b[:n], netip.AddrPort{}
	if u, ok := from.(*net.UDPAddr); ok {
		in[0].addr = unmapped(u.AddrPort())
	}
	return 1, nil
}

func (t packetTransport) write(out []datagram) {
	for i := range out {
		_, err := t.conn.WriteTo(out[i].b, net.UDPAddrFromAddrPort(out[i].addr))
		out[i].failed = err != nil
	}
}

func (packetTransport) wipe() {}

// errSocket stands for errors that might print addresses.
var errSocket = errors.New("socket failed")

// cause is the innermost error if it surely names nobody: *net.OpError prints both addresses.
func cause(err error) error {
	for _, plain := range []error{net.ErrClosed, io.EOF, os.ErrDeadlineExceeded} {
		if errors.Is(err, plain) {
			return plain
		}
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return errSocket
}
