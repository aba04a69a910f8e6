//go:build !linux

package turn

import "net"

func newTransport(conn net.PacketConn) transport {
	if u, ok := conn.(*net.UDPConn); ok {
		return udpTransport{u}
	}
	return packetTransport{conn}
}
