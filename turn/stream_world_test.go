package turn

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

// over is what a client speaks to the relay.
type over string

const (
	overUDP over = "UDP"
	overTCP over = "TCP"
	overTLS over = "TLS"
)

var everyTransport = []over{overUDP, overTCP, overTLS}

// certificate is of a server that nobody checks. It is good in the time of bubbles as well.
var certificate = sync.OnceValue(func() *tls.Config {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}
})

var anyServer = &tls.Config{InsecureSkipVerify: true}

func (w *world) listenStreams(host netip.Addr, port uint16) net.Listener {
	w.t.Helper()
	l, err := w.net.Host(host).Listen("tcp", netip.AddrPortFrom(host, port).String())
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// stream opens a connection to the relay, without TLS.
func (w *world) stream(host netip.Addr, port uint16) net.Conn {
	w.t.Helper()
	server := relay4
	if host.Is6() {
		server = relay6
	}
	c, err := w.net.Host(host).DialContext(context.Background(), "tcp", netip.AddrPortFrom(server, port).String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

// clientOver is a client on any transport.
func (w *world) clientOver(o over, host netip.Addr, cred Credential) *client {
	w.t.Helper()
	switch o {
	case overTCP:
		return &client{t: w.t, conn: &framed{Conn: w.stream(host, 3478)}, cred: cred}
	case overTLS:
		return &client{t: w.t, conn: &framed{Conn: tls.Client(w.stream(host, 5349), anyServer)}, cred: cred}
	default:
		return w.client(host, cred)
	}
}

// framed makes packets of a stream, by the rules of RFC 8656 section 12.5.
type framed struct {
	net.Conn
	have []byte
}

func (f *framed) WriteTo(p []byte, _ net.Addr) (int, error) {
	return f.Write(append(append([]byte(nil), p...), make([]byte, padded(len(p))-len(p))...))
}

func (f *framed) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		if len(f.have) >= 4 {
			size := int(f.have[2])<<8 | int(f.have[3])
			if f.have[0]>>6 == 0 {
				size += 20
			} else {
				size += 4
			}
			if whole := (size + 3) / 4 * 4; len(f.have) >= whole {
				n := copy(p, f.have[:size])
				f.have = f.have[whole:]
				return n, nil, nil
			}
		}
		b := make([]byte, 4096)
		n, err := f.Read(b)
		if f.have = append(f.have, b[:n]...); n == 0 && err != nil {
			return 0, nil, err
		}
	}
}

// wantEOF wants the relay to close a connection after exactly d.
func (w *world) wantEOF(c net.Conn, d time.Duration, why string) {
	w.t.Helper()
	start := time.Now()
	if err := c.SetReadDeadline(start.Add(d + time.Hour)); err != nil {
		w.t.Fatal(err)
	}
	for {
		b := make([]byte, 4096)
		_, err := c.Read(b)
		if err == nil {
			continue
		}
		if os.IsTimeout(err) {
			w.t.Fatalf("%s: is not closed", why)
		}
		if got := time.Since(start); got != d {
			w.t.Errorf("%s: closed after %v, want %v", why, got, d)
		}
		return
	}
}

// serveStreams runs a relay on real listeners, after serve.
func serveStreams(t testing.TB, s *Server, wrap func(net.Listener) net.Listener) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no listener")
	}
	served := make(chan error, 1)
	go func() { served <- s.ServeTCP(context.Background(), wrap(l)) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-served; err != nil {
			t.Errorf("ServeTCP after Close: %v", err)
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func plain(l net.Listener) net.Listener   { return l }
func secured(l net.Listener) net.Listener { return tls.NewListener(Forgetful(l), certificate()) }

// dialStream is a client on this machine, from an address of it.
func dialStream(t testing.TB, at netip.AddrPort, o over, from string, cred Credential) *client {
	t.Helper()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
	c, err := d.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if o == overTLS {
		c = tls.Client(c, anyServer)
	}
	return &client{t: t, conn: &framed{Conn: c}, cred: cred}
}
