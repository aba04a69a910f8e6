package turn

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// multiMessage is struct mmsghdr of recvmmsg(2).
type multiMessage struct {
	unix.Msghdr
	n uint32
}

// socketAddress has room for both families: sockaddr_in is family(2) port(2) address(4), sockaddr_in6 has its address at 8.
type socketAddress struct{ unix.RawSockaddrInet6 }

// batchTransport reads with recvmmsg and writes with sendmmsg. The calls are made by hand, because what golang.org/x/net does
// with addresses leaves two heap objects for each datagram.
type batchTransport struct {
	// Static after newTransport.
	conn       syscall.RawConn
	dual       bool // the socket is of IPv6, where IPv4 is mapped
	recv, send func(fd uintptr) bool

	// Owned by read and write. The arrays are what recv and send work on: want messages from first on.
	ms          [batchPackets]multiMessage
	vecs        [batchPackets]unix.Iovec
	addrs       [batchPackets]socketAddress
	first, want int
	done        int
	errno       syscall.Errno
}

func newTransport(conn net.PacketConn) transport {
	u, ok := conn.(*net.UDPConn)
	if !ok {
		return packetTransport{conn}
	}
	t := &batchTransport{}
	raw, err := u.SyscallConn()
	if err != nil {
		return udpTransport{u}
	}
	domain := 0
	if raw.Control(func(fd uintptr) { domain, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN) }) != nil || err != nil {
		return udpTransport{u}
	}
	t.conn, t.dual = raw, domain == unix.AF_INET6
	t.recv = func(fd uintptr) bool { return t.call(unix.SYS_RECVMMSG, fd) }
	t.send = func(fd uintptr) bool { return t.call(unix.SYS_SENDMMSG, fd) }
	for i := range t.ms {
		t.ms[i].Name = (*byte)(unsafe.Pointer(&t.addrs[i]))
		t.ms[i].Iov = &t.vecs[i]
		t.ms[i].SetIovlen(1)
	}
	return t
}

// call is one system call; false asks to wait until the socket is ready. It is raw: a batch takes longer than the scheduler waits
// before it hands the processor to another thread, and handing it back and forth costs more than the batch. It never blocks.
func (t *batchTransport) call(trap, fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall6(trap, fd, uintptr(unsafe.Pointer(&t.ms[t.first])), uintptr(t.want), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		}
		t.done, t.errno = int(n), errno
		return true
	}
}

func (t *batchTransport) read(in []datagram) (int, error) {
	t.first, t.want = 0, min(len(in), batchPackets)
	for i := range in[:t.want] {
		t.ms[i].Namelen = uint32(unsafe.Sizeof(t.addrs[i]))
		t.point(i, in[i].b)
	}
	if err := t.conn.Read(t.recv); err != nil {
		return 0, err
	}
	if t.errno != 0 {
		return 0, t.errno
	}
	for i := range in[:t.done] {
		in[i].b, in[i].addr = in[i].b[:min(int(t.ms[i].n), len(in[i].b))], t.addrs[i].addrPort()
	}
	return t.done, nil
}

func (t *batchTransport) write(out []datagram) {
	for i := range out {
		t.point(i, out[i].b)
		t.ms[i].Namelen = t.addrs[i].set(out[i].addr, t.dual)
		out[i].failed = false
	}
	for t.first = 0; t.first < len(out); {
		t.want = len(out) - t.first
		if t.conn.Write(t.send) != nil || t.errno != 0 { // the first is at fault
			out[t.first].failed = true
			t.first++
			continue
		}
		t.first += t.done
	}
}

func (t *batchTransport) point(i int, b []byte) {
	t.vecs[i].Base = unsafe.SliceData(b)
	t.vecs[i].SetLen(len(b))
}

func (t *batchTransport) wipe() { clear(t.addrs[:]) }

// addrPort is invalid when the kernel wrote none.
func (a *socketAddress) addrPort() netip.AddrPort {
	b := (*[unsafe.Sizeof(*a)]byte)(unsafe.Pointer(a))
	port := binary.BigEndian.Uint16(b[2:])
	switch a.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:])), port)
	case unix.AF_INET6:
		ip := netip.AddrFrom16(a.Addr).Unmap()
		if a.Scope_id != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.FormatUint(uint64(a.Scope_id), 10))
		}
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}

// set returns the size.
func (a *socketAddress) set(to netip.AddrPort, dual bool) uint32 {
	*a = socketAddress{}
	b := (*[unsafe.Sizeof(*a)]byte)(unsafe.Pointer(a))
	binary.BigEndian.PutUint16(b[2:], to.Port())
	if to.Addr().Is4() && !dual {
		ip := to.Addr().As4()
		a.Family = unix.AF_INET
		copy(b[4:], ip[:])
		return unix.SizeofSockaddrInet4
	}
	a.Family, a.Addr = unix.AF_INET6, to.Addr().As16()
	if scope, err := strconv.ParseUint(to.Addr().Zone(), 10, 32); err == nil {
		a.Scope_id = uint32(scope)
	}
	return unix.SizeofSockaddrInet6
}
