package turn

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// openDoor serves a door on port 443 of the relay, and HTTP behind it.
func (w *world) openDoor(config *tls.Config) {
	w.t.Helper()
	d := w.server.NewDoor(w.listenStreams(relay4, 443), config)
	h := &http.Server{
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, "hello")
		}),
		ReadHeaderTimeout: time.Minute,
	}
	others, served := d.Others(), make(chan error, 2)
	go func() { served <- h.Serve(others) }()
	go func() { served <- d.Serve(context.Background()) }()
	synctest.Wait()
	w.t.Cleanup(func() {
		_ = h.Close()
		for range cap(served) {
			if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
				w.t.Errorf("served until %v", err)
			}
		}
	})
}

// throughDoor calls from a client of the door to one of UDP.
func (w *world) throughDoor(what string, conn net.Conn) {
	w.t.Helper()
	p := w.pair()
	alice, bob := &client{t: w.t, conn: &framed{Conn: conn}, cred: p.A}, w.client(bob4, p.B)
	alice.wantAllocated()
	bob.wantAllocated()
	alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	bob.want(0, stun.MethodChannelBind, number(0x4001), peer(alice.relayed))
	alice.sendChannel(0x4000, what)
	bob.wantChannel(0x4001, what)
	bob.sendChannel(0x4001, what)
	alice.wantChannel(0x4000, what)
	bob.want(0, stun.MethodRefresh, lifetime(0))
	_ = conn.Close()
	synctest.Wait()
	if n := w.server.Stats().Allocations; n != 0 {
		w.t.Errorf("%s: %d allocations are left", what, n)
	}
}

// wantHTTP asks for the page behind the door.
func (w *world) wantHTTP(what string, conn net.Conn, status string) {
	w.t.Helper()
	defer conn.Close()
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n")
	line, _ := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+status) {
		w.t.Errorf("%s: answer %q, %v", what, line, err)
	}
}

func offering(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}
}

func TestOnePortServesTURNAndHTTPS(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.openDoor(certificate())
		dial := func() net.Conn { return w.stream(alice4, 443) }
		w.throughDoor("TURN over TCP", dial())
		w.throughDoor("TURN over TLS", tls.Client(dial(), anyServer))
		w.throughDoor("TURN over TLS with ALPN", tls.Client(dial(), offering(alpnTURN)))
		w.wantHTTP("HTTPS", tls.Client(dial(), anyServer), "200")
		w.wantHTTP("HTTPS with ALPN", tls.Client(dial(), offering("h2", alpnHTTP)), "200")
		w.wantHTTP("HTTP where HTTPS is spoken", dial(), "400")
		time.Sleep(time.Second)
		w.wantWiped("after all have ended")
		if s := w.server.Stats(); s.Connections != 0 {
			t.Errorf("%d connections are left", s.Connections)
		}
	})
}

func TestOnePortServesTURNAndHTTP(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.openDoor(nil)
		w.throughDoor("TURN over TCP", w.stream(alice4, 443))
		w.wantHTTP("HTTP", w.stream(alice4, 443), "200")
		c := w.stream(alice4, 443)
		go func() { _ = tls.Client(c, anyServer).Handshake() }() // HTTP refuses that
		w.wantEOF(c, 0, "TLS where there is none")
	})
}

func TestADoorForTURNAloneRefusesOthers(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		d, served := w.server.NewDoor(w.listenStreams(relay4, 443), certificate()), make(chan error, 1)
		go func() { served <- d.Serve(context.Background()) }()
		w.throughDoor("TURN over TLS", tls.Client(w.stream(alice4, 443), anyServer))
		c := tls.Client(w.stream(alice4, 443), offering(alpnHTTP))
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		w.wantEOF(c, 0, "HTTPS at a relay")
		if n := w.server.Stats().Drops[DropFraming]; n != 1 {
			t.Errorf("%d counted", n)
		}
		_ = w.server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// covers T10 (half a handshake, and what comes before and after)
func TestADoorDoesNotWait(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.openDoor(certificate())
		w.wantEOF(w.stream(eve4, 443), handshakeTimeout, "silence")
		c := w.stream(eve4, 443)
		if _, err := c.Write([]byte{tlsHandshake, 3, 1}); err != nil {
			t.Fatal(err)
		}
		w.wantEOF(c, handshakeTimeout, "half a handshake")
		secure := tls.Client(w.stream(eve4, 443), anyServer)
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		w.wantEOF(secure, handshakeTimeout, "silence after the handshake")
		idle := w.stream(eve4, 443)
		if _, err := idle.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
		w.wantEOF(idle, frameTimeout, "one byte of TURN")
	})
}

// covers T10 (a thousand of them), T7 (connections)
func TestAFullDoorOpensForACall(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxConnectionsPerSource = 2 * maxGuests }, func(t *testing.T, w *world) {
		w.openDoor(certificate())
		for range maxGuests {
			w.stream(eve4, 443)
			synctest.Wait()
		}
		w.wantGuests(maxGuests)
		secure := tls.Client(w.stream(alice4, 443), anyServer)
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		p := w.pair()
		alice := &client{t: w.t, conn: &framed{Conn: secure}, cred: p.A}
		alice.wantAllocated()
		if n := w.server.Stats().Drops[DropCrowd]; n != 1 {
			t.Errorf("%d made room", n)
		}
		time.Sleep(handshakeTimeout)
		synctest.Wait()
		w.wantGuests(1) // alice
	})
}

func (w *world) wantGuests(n int) {
	w.t.Helper()
	if got := w.server.Stats().Connections; got != n {
		w.t.Errorf("%d connections, want %d", got, n)
	}
}

// covers T7 (connections)
func TestASourceHasItsShareOfADoor(t *testing.T) {
	inWorld(t, func(c *Config) { c.MaxConnectionsPerSource = 3 }, func(t *testing.T, w *world) {
		w.openDoor(nil)
		var conns []net.Conn
		for range 3 {
			conns = append(conns, w.stream(eve4, 443))
		}
		synctest.Wait()
		w.wantEOF(w.stream(eve4, 443), 0, "the fourth")
		w.wantHTTP("somebody else", w.stream(alice4, 443), "200")
		w.wantHTTP("one of the three", conns[0], "200")
		synctest.Wait()
		w.throughDoor("one of them is known now, so there is room", w.stream(eve4, 443))
	})
}
