package turn

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	turn3 "github.com/pion/turn/v3"
	turn5 "github.com/pion/turn/v5"
)

// stockClient is what the TURN clients of other people have in common.
type stockClient interface {
	Listen() error
	Allocate() (net.PacketConn, error)
	CreatePermission(addrs ...net.Addr) error
	SendBindingRequest() (net.Addr, error)
	Close()
}

func (w *world) stock3(host netip.Addr, cred Credential) stockClient {
	w.t.Helper()
	c, err := turn3.NewClient(&turn3.ClientConfig{
		STUNServerAddr: relayAt.String(), TURNServerAddr: relayAt.String(), Username: cred.Username, Password: cred.Password,
		Conn: w.client(host, cred).conn, LoggerFactory: quiet(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) stock5(host netip.Addr, cred Credential) stockClient {
	w.t.Helper()
	server := relayAt
	if host.Is6() {
		server = netip.AddrPortFrom(relay6, 3478)
	}
	c, err := turn5.NewClient(&turn5.ClientConfig{
		STUNServerAddr: server.String(), TURNServerAddr: server.String(), Username: cred.Username, Password: cred.Password,
		Conn: w.client(host, cred).conn, LoggerFactory: quiet(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func quiet() logging.LoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}

// The clients of pion, of two lines, place a call of ninety minutes: both bind channels, refresh everything in time and outlive their
// nonces and their credentials.
//
// covers T12 (pion's clients), T8 (Refresh after expiry)
func TestClientsOfOthersCallThroughTheSwitch(t *testing.T) {
	type maker = func(w *world, host netip.Addr, cred Credential) stockClient
	for _, tt := range []struct {
		name         string
		caller       maker
		callee       maker
		from, to     netip.Addr
		relayed      netip.Addr
		stockIssuers bool
	}{
		{"v3 calls v3", (*world).stock3, (*world).stock3, alice4, bob4, relay4, false},
		{"v3 calls v5", (*world).stock3, (*world).stock5, alice4, bob4, relay4, false},
		{"v5 calls v5", (*world).stock5, (*world).stock5, alice4, bob4, relay4, false},
		{"v5 calls v5 on IPv6", (*world).stock5, (*world).stock5, bob6, bob6, relay6, false},
		{"v5 calls v3 with logins of a stock issuer", (*world).stock5, (*world).stock3, alice4, bob4, relay4, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				p := w.pair()
				if tt.stockIssuers { // both sides have the same login, as one page would give it out
					p.A = stock(w.secret, "946699200:room")
					p.B = p.A
				}
				a, b := tt.caller(w, tt.from, p.A), tt.callee(w, tt.to, p.B)
				var relayed []net.PacketConn
				for _, c := range []stockClient{a, b} {
					if err := c.Listen(); err != nil {
						t.Fatal(err)
					}
					if _, err := c.SendBindingRequest(); err != nil {
						t.Fatal(err)
					}
					conn, err := c.Allocate()
					if err != nil {
						t.Fatal(err)
					}
					if at := conn.LocalAddr().(*net.UDPAddr).AddrPort(); at.Addr().Unmap() != tt.relayed {
						t.Errorf("relayed address %v", at)
					}
					relayed = append(relayed, conn)
				}
				if err := a.CreatePermission(relayed[1].LocalAddr()); err != nil {
					t.Fatal(err)
				}
				if err := b.CreatePermission(relayed[0].LocalAddr()); err != nil {
					t.Fatal(err)
				}
				got := make(chan string, 1000)
				for _, c := range relayed {
					go func() {
						b := make([]byte, 100)
						for {
							n, from, err := c.ReadFrom(b)
							if err != nil {
								return
							}
							got <- string(b[:n]) + from.String()
						}
					}()
				}
				minutes := 90
				if raceDetector && strings.Contains(tt.name, "v3") {
					minutes = 5 // then v3 refreshes its channel, and two of its goroutines write one variable
				}
				for minute := range minutes {
					for i, c := range relayed {
						if _, err := c.WriteTo([]byte("hello"), relayed[1-i].LocalAddr()); err != nil {
							t.Fatalf("minute %d: %v", minute, err)
						}
						synctest.Wait()
						select {
						case s := <-got:
							if s != "hello"+c.LocalAddr().String() {
								t.Fatalf("minute %d: got %q", minute, s)
							}
						default:
							t.Fatalf("minute %d: side %d is not heard: %+v", minute, i, w.server.Stats())
						}
					}
					time.Sleep(time.Minute)
				}
				for i, c := range relayed {
					if err := c.Close(); err != nil {
						t.Errorf("close side %d: %v", i, err)
					}
				}
				time.Sleep(time.Second)
				if n := w.server.Stats().Allocations; n != 0 {
					t.Errorf("%d allocations after both closed", n)
				}
				a.Close()
				b.Close()
			})
		})
	}
}
