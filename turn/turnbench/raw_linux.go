package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// registration tells the raw forwarder who a client's partner is: kind(1) 0(3) address(4) port(2). It is echoed.
const (
	registration      = 0xF0
	registrationBytes = 10
)

func appendRegistration(b []byte, partner netip.AddrPort) []byte {
	ip := partner.Addr().As4()
	b = append(b, registration, 0, 0, 0)
	b = append(b, ip[:]...)
	return append(b, byte(partner.Port()>>8), byte(partner.Port()))
}

// partners are found by the low 20 bits of a client's address, which are different for all clients of the generator.
type partners [1 << 20]unix.RawSockaddrInet4

// forwardRaw is as little as a relay between clients can do: read a batch, look the partners up, send the batch.
func forwardRaw(address string) (netip.AddrPort, func() error, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return netip.AddrPort{}, nil, fmt.Errorf("turnbench: open socket: %w", err)
	}
	growBuffers(fd)
	ip := net.ParseIP(address).To4()
	if ip == nil {
		return netip.AddrPort{}, nil, errors.New("turnbench: not an IPv4 address")
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte(ip)}); err != nil {
		return netip.AddrPort{}, nil, fmt.Errorf("turnbench: bind socket: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, nil, fmt.Errorf("turnbench: read address: %w", err)
	}
	at := name.(*unix.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)), func() error { return rawLoop(fd) }, nil
}

func rawLoop(fd int) error {
	runtime.LockOSThread()
	var (
		table   = new(partners)
		ms      [batchPackets]multiMessage
		vecs    [batchPackets]unix.Iovec
		names   [batchPackets]unix.RawSockaddrInet4
		buffers [batchPackets][bufferBytes]byte
	)
	for i := range ms {
		ms[i].Name, ms[i].Iov = (*byte)(unsafe.Pointer(&names[i])), &vecs[i]
		ms[i].SetIovlen(1)
		vecs[i].Base = &buffers[i][0]
	}
	for {
		for i := range ms {
			ms[i].Namelen = unix.SizeofSockaddrInet4
			vecs[i].SetLen(bufferBytes)
		}
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&ms[0])), batchPackets, unix.MSG_WAITFORONE, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return fmt.Errorf("turnbench: receive: %w", errno)
		}
		for i := range ms[:n] {
			from, b := names[i].Addr, buffers[i][:ms[i].n]
			partner := &table[int(from[1]&0x0F)<<16|int(from[2])<<8|int(from[3])]
			if len(b) == registrationBytes && b[0] == registration {
				*partner = rawAddress(netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), uint16(b[8])<<8|uint16(b[9])))
			} else {
				names[i] = *partner
			}
			vecs[i].SetLen(len(b))
		}
		for first := 0; first < int(n); {
			sent, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&ms[first])), uintptr(int(n)-first), 0, 0, 0)
			if errno != 0 { // the first one failed
				sent = 1
			}
			first += int(sent)
		}
	}
}
