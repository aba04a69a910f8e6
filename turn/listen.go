package turn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
)

// socketBuffer is asked for and may be refused: 20 ms of 2,000 calls and much to spare.
const socketBuffer = 4 << 20

// ListenUDP opens the shards of one address: sockets among which the kernel spreads the clients (SO_REUSEPORT), each to be
// given to ServeUDP. 0 shards: one for each core, or one where the system cannot share a port. With port 0 all have the port
// that the first was given.
func ListenUDP(address string, shards int) ([]net.PacketConn, error) {
	if shards < 0 || shards > 1 && !canShare {
		return nil, errors.New("turn: number of shards out of range")
	}
	if shards == 0 {
		shards = 1
		if canShare {
			shards = runtime.GOMAXPROCS(0)
		}
	}
	var lc net.ListenConfig
	if shards > 1 {
		lc.Control = sharePort
	}
	conns := make([]net.PacketConn, 0, shards)
	for range shards {
		c, err := lc.ListenPacket(context.Background(), "udp", address)
		if err != nil {
			for _, c := range conns {
				_ = c.Close()
			}
			return nil, fmt.Errorf("turn: open socket: %w", cause(err))
		}
		if u, ok := c.(*net.UDPConn); ok {
			_ = u.SetReadBuffer(socketBuffer)
			_ = u.SetWriteBuffer(socketBuffer)
		}
		conns = append(conns, c)
		address = c.LocalAddr().String()
	}
	return conns, nil
}
