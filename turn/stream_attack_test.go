package turn

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// A relay that adds up a length and wraps around finds an empty frame, for ever.
//
// covers T1
func TestFramingThatIsLostEndsTheConnection(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.callOver(overTCP, overTLS)
		attack := func(why string, port uint16, b []byte) {
			t.Helper()
			c := w.stream(eve4, port)
			if port == 5349 {
				c = tls.Client(c, anyServer)
			}
			if _, err := c.Write(b); err != nil {
				t.Fatal(err)
			}
			w.wantEOF(c, 0, why)
			_ = c.Close()
		}
		for length := 0xFFE0; length <= 0xFFFF; length++ {
			short := binary.BigEndian.AppendUint16
			attack("STUN", 3478, header(allocateRequest, length))
			attack("STUN after a good message", 3478, append(header(bindingRequest, 0), header(allocateRequest, length)...))
			attack("ChannelData", 3478, short(short(nil, firstChannel), uint16(length)))
			attack("ChannelData with more", 3478, append(short(short(nil, firstChannel), uint16(length)), make([]byte, 3000)...))
			if length%8 == 7 {
				attack("STUN over TLS", 5349, header(allocateRequest, length))
				attack("ChannelData over TLS", 5349, short(short(nil, firstChannel), uint16(length)))
			}
		}
		for first := 0x80; first <= 0xFF; first++ {
			attack("neither", 3478, []byte{byte(first)})
		}
		attack("a length that is no multiple of 4", 3478, header(allocateRequest, 3))
		attack("a message too long", 3478, header(allocateRequest, 2028))
		attack("ChannelData too long", 3478, []byte{0x40, 0, 0x07, 0xFC})
		attack("a channel that nobody may bind", 3478, []byte{0x50, 0, 0, 0})
		attack("no magic", 3478, make([]byte, stunHeader))
		attack("HTTP", 3478, []byte("GET / HTTP/1.1\r\n\r\n")[:])
		attack("9 bytes, as spin pion v3", 3478, []byte{0x40, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0})
		alice.sendChannel(0x4000, "undisturbed")
		bob.wantChannel(0x4001, "undisturbed")
		synctest.Wait()
		if s := w.server.Stats(); s.Connections != 2 || s.Drops[DropFraming] < 200 {
			t.Errorf("%+v", s)
		}
	})
}

func TestFramesMayBeSplitAndJoined(t *testing.T) {
	for _, o := range []over{overTCP, overTLS} {
		inWorld(t, nil, func(t *testing.T, w *world) {
			alice, bob := w.callOver(o, overUDP)
			frame := channelData(0x4000, "in pieces...")
			for _, b := range frame {
				if _, err := alice.conn.(*framed).Write([]byte{b}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			bob.wantChannel(0x4001, "in pieces...")
			var many []byte
			for range 400 { // 6.4 kB
				many = append(many, frame...)
			}
			if _, err := alice.conn.(*framed).Write(many); err != nil {
				t.Fatal(err)
			}
			for range 400 {
				bob.wantChannel(0x4001, "in pieces...")
			}
			if _, err := alice.conn.(*framed).Write(append(frame, alice.build(stun.MethodBinding).Raw...)); err != nil {
				t.Fatal(err)
			}
			bob.wantChannel(0x4001, "in pieces...")
			if alice.read() == nil {
				t.Error("no answer to a request behind data")
			}
		})
	}
}

// covers T10 (deadlines)
func TestSlowClientsAreCutOff(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		type attack struct {
			why  string
			port uint16
			ends time.Duration
			do   func(net.Conn)
		}
		trickle := func(b []byte) func(net.Conn) {
			return func(c net.Conn) {
				for _, x := range b {
					if _, err := c.Write([]byte{x}); err != nil {
						return
					}
					time.Sleep(900 * time.Millisecond)
				}
			}
		}
		request := header(bindingRequest, 0)
		for _, a := range []attack{
			{"says nothing", 3478, loginTimeout, func(net.Conn) {}},
			{"half a header", 3478, frameTimeout, func(c net.Conn) { _, _ = c.Write(request[:10]) }},
			{"a byte now and then", 3478, frameTimeout, trickle(header(bindingRequest, 400))},
			{"frame after frame without an end", 3478, frameTimeout, func(c net.Conn) { _, _ = c.Write(append(header(bindingRequest, 0), 0)) }},
			{"requests but no login", 3478, loginTimeout, func(c net.Conn) {
				for range 100 {
					if _, err := c.Write(request); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}},
			{"no TLS hello", 5349, handshakeTimeout, func(net.Conn) {}},
			{"half a TLS hello", 5349, handshakeTimeout, func(c net.Conn) { _, _ = c.Write([]byte{22, 3, 1, 0, 200, 1, 0}) }},
			{"a TLS hello, byte by byte", 5349, handshakeTimeout, trickle([]byte{22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 0, 0, 0, 0, 0, 0, 0})},
		} {
			c := w.stream(eve4, a.port)
			go a.do(c)
			w.wantEOF(c, a.ends, a.why)
			time.Sleep(2 * time.Second)
		}
		// Who has an allocation may be silent for as long as that lives.
		c := w.clientOver(overTCP, alice4, w.pair().A)
		c.wantAllocated()
		time.Sleep(defaultLifetime - time.Second)
		c.want(0, stun.MethodRefresh)
		w.wantEOF(c.conn.(*framed).Conn, defaultLifetime+loginTimeout, "says nothing after its allocation")
		c = w.clientOver(overTLS, alice4, w.pair().A)
		c.wantAllocated()
		c.want(0, stun.MethodRefresh, lifetime(0))
		time.Sleep(loginTimeout - time.Second)
		c.wantAllocated()
		c.want(0, stun.MethodRefresh, lifetime(0))
		w.wantEOF(c.conn.(*framed).Conn, loginTimeout, "has ended its allocation")
	})
}

// covers T10 (a thousand of them), T7 (connections)
func TestAThousandSlowClientsDisturbNobody(t *testing.T) {
	const crowd = 1000
	many := func(c *Config) { c.MaxConnectionsPerSource = crowd + 10 }
	inWorld(t, many, func(t *testing.T, w *world) {
		alice, bob := w.callOver(overTLS, overTCP)
		var slow []net.Conn
		for i := range crowd {
			c := w.stream(eve4, []uint16{3478, 5349}[i%2])
			if start := [...][]byte{nil, nil, header(bindingRequest, 400), {22, 3, 1, 0, 200, 1, 0}}[i%4]; start != nil {
				if _, err := c.Write(start[:i%len(start)+1]); err != nil {
					t.Fatal(err)
				}
			}
			if slow = append(slow, c); i%100 == 99 {
				synctest.Wait() // the backlog is 128
			}
		}
		if n := w.server.Stats().Connections; n != crowd+2 {
			t.Fatalf("%d connections", n)
		}
		for second := range 31 {
			start := time.Now()
			alice.sendChannel(0x4000, "hello")
			bob.wantChannel(0x4001, "hello")
			bob.sendChannel(0x4001, "hello")
			alice.wantChannel(0x4000, "hello")
			if d := time.Since(start); d != 0 {
				t.Errorf("second %d: %v late", second, d)
			}
			time.Sleep(time.Second)
		}
		if n := w.server.Stats().Connections; n != 2 {
			t.Errorf("%d connections when all deadlines are over", n)
		}
		for _, c := range slow {
			w.wantEOF(c, 0, "a slow one")
		}
	})
}

// covers T7 (connections)
func TestOneSourceHasItsShareOfConnections(t *testing.T) {
	few := func(c *Config) { c.MaxConnectionsPerSource, c.MaxConnections = 3, 6 }
	inWorld(t, few, func(t *testing.T, w *world) {
		for range 3 {
			w.clientOver(overTCP, eve4, Credential{}).want(0, stun.MethodBinding)
		}
		w.wantEOF(w.stream(eve4, 3478), 0, "one more than its share")
		w.wantEOF(w.stream(eve4, 5349), 0, "and over TLS")
		alice, bob := w.callOver(overTCP, overTLS)
		carol := w.clientOver(overTCP, alice4, w.pair().A)
		carol.wantAllocated() // six
		dave := w.clientOver(overTCP, bob4, w.pair().A)
		dave.wantAllocated() // for one of eve's
		synctest.Wait()
		if s := w.server.Stats(); s.Connections != 6 || s.Drops[DropCrowd] != 3 {
			t.Errorf("%+v", s)
		}
		for range 2 {
			w.clientOver(overTCP, bob6, w.pair().A).wantAllocated()
		}
		w.wantEOF(w.stream(bob4, 3478), 0, "all have allocations")
		alice.sendChannel(0x4000, "undisturbed")
		bob.wantChannel(0x4001, "undisturbed")
		_ = alice.conn.Close()
		synctest.Wait()
		w.clientOver(overTCP, bob6, w.pair().A).wantAllocated()
	})
}

// deadListener returns connections that were never TCP.
type deadListener struct{ conns chan net.Conn }

func (l deadListener) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l deadListener) Close() error { close(l.conns); return nil }
func (deadListener) Addr() net.Addr { return &net.UnixAddr{} }

func TestAConnectionWithoutAnAddressIsRefused(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		l := deadListener{make(chan net.Conn)}
		served := make(chan error, 1)
		go func() { served <- w.server.ServeTCP(context.Background(), l) }()
		near, far := net.Pipe()
		l.conns <- far
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		_ = w.server.Close()
		<-served
	})
}
