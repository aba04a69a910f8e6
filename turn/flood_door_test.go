package turn

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
)

// frame makes a frame of junk, so that a stream survives what is in it.
func (j *junk) frame(b []byte) []byte {
	b = j.next(b)
	for len(b) < stunHeader {
		b = append(b, 0)
	}
	if b = b[:min(len(b), maxPacketBytes)&^3]; b[0]>>6 == 1 {
		b[0] = 0x40 | b[0]&0xF
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)-channelHeader-j.rand.IntN(4)))
		return b
	}
	b[0] &= maxSTUNByte
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader))
	binary.BigEndian.PutUint32(b[4:], stunMagic)
	return b
}

// One frame in five hundred is not even one, which ends the connection; somebody comes again at once.
//
// covers T1, T2, T11 (TCP and TLS, through a door)
func TestAMillionMalformedFramesThroughADoor(t *testing.T) {
	for _, over := range []over{overTCP, overTLS} {
		t.Run(string(over), func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.openDoor(certificate())
				alice, bob := w.callOver(overTLS, overUDP)
				j, connections := newJunk(newBench(t)), 0
				handled := func() uint64 { // what is on its way when a connection ends is not
					s := w.server.Stats()
					return s.Answered + s.Dropped + s.Drops[DropMalformed]
				}
				flood := func(frames int) {
					var conn net.Conn
					batch, p := make([]byte, 0, 64<<10), make([]byte, 0, 2*maxPacketBytes)
					for end := handled() + uint64(frames); handled() < end; {
						if conn == nil {
							connections++
							var err error // w.stream would keep them all
							if conn, err = w.net.Host(eve4).DialContext(context.Background(), "tcp", netip.AddrPortFrom(relay4, 443).String()); err != nil {
								t.Fatal(err)
							}
							if over == overTLS {
								conn = tls.Client(conn, anyServer)
							}
							if _, err := conn.Write(header(bindingRequest, 0)); err != nil {
								t.Fatal(err)
							}
							go func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }(conn)
						}
						batch = batch[:0]
						for range 100 {
							batch = append(batch, j.frame(p)...)
						}
						last := j.rand.IntN(5) == 0
						if last {
							batch = append(batch, 0xFF)
						}
						if _, err := conn.Write(batch); err != nil || last {
							synctest.Wait()
							_ = conn.Close()
							conn = nil
						}
					}
					synctest.Wait()
					if conn != nil {
						_ = conn.Close()
					}
					synctest.Wait()
				}
				flood(1000) // what is made once
				wantNoGrowth(t, func() uint64 { return w.server.Stats().Drops[DropPanic] }, func() { flood(millions()) })
				s := w.server.Stats()
				t.Logf("%d connections; %+v", connections, s)
				if s.Connections != 1 || s.Drops[DropMalformed] < uint64(millions())/4 || s.Drops[DropFraming] < uint64(connections)/4 {
					t.Errorf("%+v after %d connections", s, connections)
				}
				alice.sendChannel(0x4000, "hello")
				bob.wantChannel(0x4001, "hello")
			})
		})
	}
}
