package turn

import (
	"crypto/tls"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	turn3 "github.com/pion/turn/v3"
	turn5 "github.com/pion/turn/v5"
)

// covers T12 (pion's clients over TCP and TLS, on the sockets of the system)
func TestClientsOfOthersCallOverStreams(t *testing.T) {
	s, secret, at := serve(t, "127.0.0.1:0", 1)
	ports := map[over]netip.AddrPort{overTCP: serveStreams(t, s, plain), overTLS: serveStreams(t, s, secured), overUDP: at}
	conn := func(o over) net.PacketConn {
		if o == overUDP {
			return dial(t, at, Credential{}).conn
		}
		return turn3.NewSTUNConn(dialStream(t, ports[o], o, "127.0.0.1", Credential{}).conn.(*framed).Conn)
	}
	for _, tt := range []struct {
		name           string
		caller, callee over
	}{{"TCP calls TLS", overTCP, overTLS}, {"UDP calls TCP", overUDP, overTCP}, {"TLS calls UDP", overTLS, overUDP}} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Mint(secret, time.Now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			a, err := turn3.NewClient(&turn3.ClientConfig{
				STUNServerAddr: ports[tt.caller].String(), TURNServerAddr: ports[tt.caller].String(), Username: p.A.Username, Password: p.A.Password,
				Conn: conn(tt.caller), LoggerFactory: quiet(),
			})
			if err != nil {
				t.Fatal(err)
			}
			b, err := turn5.NewClient(&turn5.ClientConfig{
				STUNServerAddr: ports[tt.callee].String(), TURNServerAddr: ports[tt.callee].String(), Username: p.B.Username, Password: p.B.Password,
				Conn: conn(tt.callee), LoggerFactory: quiet(),
			})
			if err != nil {
				t.Fatal(err)
			}
			var relayed []net.PacketConn
			for _, c := range []stockClient{a, b} {
				if err := c.Listen(); err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				r, err := c.Allocate()
				if err != nil {
					t.Fatal(err)
				}
				relayed = append(relayed, r)
			}
			if err := a.CreatePermission(relayed[1].LocalAddr()); err != nil {
				t.Fatal(err)
			}
			if err := b.CreatePermission(relayed[0].LocalAddr()); err != nil {
				t.Fatal(err)
			}
			for range 20 { // the first by indication, then by channel
				for i, c := range relayed {
					if _, err := c.WriteTo([]byte("hello"), relayed[1-i].LocalAddr()); err != nil {
						t.Fatal(err)
					}
					b := make([]byte, 100)
					_ = relayed[1-i].SetReadDeadline(time.Now().Add(10 * time.Second))
					n, from, err := relayed[1-i].ReadFrom(b)
					if err != nil || string(b[:n]) != "hello" || from.String() != c.LocalAddr().String() {
						t.Fatalf("%q from %v, %v", b[:n], from, err)
					}
				}
			}
			for _, c := range relayed {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	_ = s.Close() // a packet may be here before it is counted, and the last answers do not get out any more
	if got := s.Stats(); got.Dropped != got.Drops[DropWrite] || got.Forwarded < 120 {
		t.Errorf("%+v", got)
	}
}

// covers T10 (descriptors and goroutines return to base: Close waits for them)
func TestIdleConnectionsOfTheSystem(t *testing.T) {
	s, secret, at := serve(t, "127.0.0.1:0", 1)
	plainAt, secureAt := serveStreams(t, s, plain), serveStreams(t, s, secured)
	p, err := Mint(secret, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := dialStream(t, secureAt, overTLS, "127.0.0.2", p.A), dial(t, at, p.B)
	for _, c := range []*client{alice, bob} {
		c.wantAllocated()
		c.want(0, stun.MethodCreatePermission, peer(at4(0)))
	}
	base := descriptors(t)
	var slow []net.Conn
	for i := range 200 {
		c, err := net.Dial("tcp", []netip.AddrPort{plainAt, secureAt}[i%2].String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(make([]byte, i%3)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	for s.Stats().Connections != len(slow)+1 {
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		alice.send(bob.relayed, "hello")
		bob.wantData(alice.relayed, "hello")
	}
	for _, c := range slow {
		_ = c.Close()
	}
	for s.Stats().Connections != 1 || descriptors(t) > base {
		time.Sleep(time.Millisecond) // for as long as the test may
	}
	alice.send(bob.relayed, "hello")
	bob.wantData(alice.relayed, "hello")
}

// descriptors are how many the process has, or 0 where nobody knows.
func descriptors(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(fds)
}

func TestForgetfulConnectionsForget(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	c := &forgetfulConn{Conn: far}
	go func() { _, _ = near.Write([]byte("a secret that is long enough")) }()
	b := make([]byte, 32)
	for n := 0; n < 28; {
		k, err := c.Read(b[n:min(n+5, len(b))])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	other := make([]byte, 8)
	go func() { _, _ = near.Write([]byte("another")) }()
	if n, err := c.Read(other); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	c.forget()
	if string(b) != string(make([]byte, 32)) || string(other) != string(make([]byte, 8)) {
		t.Errorf("%q %q", b, other)
	}
	var _ wrapper = c
	var _ handshaker = (*tls.Conn)(nil)
	var _ wrapper = (*tls.Conn)(nil)
}
