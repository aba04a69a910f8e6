package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchPackets = 32
	bufferBytes  = 512
	// socketBuffer holds whole windows; the kernel may give less.
	socketBuffer = 16 << 20
)

// multiMessage is struct mmsghdr of recvmmsg(2).
type multiMessage struct {
	unix.Msghdr
	n uint32
}

// socket speaks for many clients, each with a loopback address of its own. System calls are raw: nothing else wants to run
// on this core, and none of them blocks.
type socket struct {
	fd int

	out         [batchPackets]multiMessage
	outVecs     [batchPackets]unix.Iovec
	outNames    [batchPackets]unix.RawSockaddrInet4
	outControls [batchPackets]packetInfo
	queued      int

	in         [batchPackets]multiMessage
	inVecs     [batchPackets]unix.Iovec
	inControls [batchPackets][96]byte
	inBuffers  [batchPackets][bufferBytes]byte
}

// packetInfo is a control message IP_PKTINFO.
type packetInfo struct {
	unix.Cmsghdr
	unix.Inet4Pktinfo
}

func openSocket() (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("turnbench: open socket: %w", err)
	}
	s := &socket{fd: fd}
	// Where it is not allowed, strangers could send to the socket; what they send counts for nothing.
	_ = unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "lo")
	growBuffers(fd)
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); err != nil {
		s.close()
		return nil, fmt.Errorf("turnbench: ask for addresses: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
		s.close()
		return nil, fmt.Errorf("turnbench: bind socket: %w", err)
	}
	for i := range batchPackets {
		c := &s.outControls[i]
		c.Level, c.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		c.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		m := &s.out[i]
		m.Name, m.Namelen = (*byte)(unsafe.Pointer(&s.outNames[i])), unix.SizeofSockaddrInet4
		m.Iov = &s.outVecs[i]
		m.SetIovlen(1)
		m.Control = (*byte)(unsafe.Pointer(c))
		m.SetControllen(int(unsafe.Sizeof(*c)))
		s.inVecs[i].Base = &s.inBuffers[i][0]
		s.inVecs[i].SetLen(bufferBytes)
		r := &s.in[i]
		r.Iov = &s.inVecs[i]
		r.SetIovlen(1)
		r.Control = &s.inControls[i][0]
	}
	return s, nil
}

// growBuffers asks for as much as the kernel gives.
func growBuffers(fd int) {
	for _, o := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, o[0], socketBuffer) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, o[1], socketBuffer)
		}
	}
}

func (s *socket) close() { _ = unix.Close(s.fd) }

func (s *socket) port() (uint16, error) {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return 0, fmt.Errorf("turnbench: read address: %w", err)
	}
	return uint16(name.(*unix.SockaddrInet4).Port), nil
}

// stamp turns the kernel's time stamps of arrivals on or off.
func (s *socket) stamp(on int) error {
	return unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, on)
}

// queue adds a packet, which must not change before flush. There must be room.
func (s *socket) queue(from [4]byte, to netip.AddrPort, b []byte) {
	i := s.queued
	s.outControls[i].Spec_dst = from
	s.outNames[i] = rawAddress(to)
	s.outVecs[i].Base = unsafe.SliceData(b)
	s.outVecs[i].SetLen(len(b))
	s.queued++
}

func (s *socket) full() bool { return s.queued == batchPackets }

// flush sends what is queued and returns how much of it the kernel took.
func (s *socket) flush() (sent int) {
	for first := 0; first < s.queued; {
		n, errno := multi(unix.SYS_SENDMMSG, s.fd, s.out[first:s.queued])
		if errno != 0 { // the first one failed
			first++
			continue
		}
		first += n
		sent += n
	}
	s.queued = 0
	return sent
}

// receive returns how many packets there were; see packet.
func (s *socket) receive() int {
	for i := range s.in {
		s.in[i].SetControllen(len(s.inControls[i]))
	}
	n, errno := multi(unix.SYS_RECVMMSG, s.fd, s.in[:])
	if errno != 0 {
		return 0
	}
	return n
}

// packet is valid until the next receive.
func (s *socket) packet(i int) []byte { return s.inBuffers[i][:s.in[i].n] }

// arrival is when the kernel got packet i, in nanoseconds since 1970; 0 if it did not say.
func (s *socket) arrival(i int) int64 {
	for b := s.inControls[i][:s.in[i].Controllen]; len(b) >= unix.SizeofCmsghdr; {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS && len(b) >= unix.CmsgSpace(0)+int(unsafe.Sizeof(unix.Timespec{})) {
			return (*unix.Timespec)(unsafe.Pointer(&b[unix.CmsgLen(0)])).Nano()
		}
		size := unix.CmsgSpace(int(h.Len) - unix.CmsgLen(0))
		if size <= 0 || size > len(b) {
			return 0
		}
		b = b[size:]
	}
	return 0
}

// multi is sendmmsg or recvmmsg that does not block.
func multi(trap uintptr, fd int, ms []multiMessage) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&ms[0])), uintptr(len(ms)), unix.MSG_DONTWAIT, 0, 0)
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

func rawAddress(a netip.AddrPort) (raw unix.RawSockaddrInet4) {
	raw.Family, raw.Addr = unix.AF_INET, a.Addr().As4()
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:], a.Port())
	return raw
}
