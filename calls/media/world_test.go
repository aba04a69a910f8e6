package media

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/taciturn-voice/taciturn/calls/netsim"
)

const (
	relayIP   = "203.0.113.1"
	relayPort = "3478"
	relayURL  = "turn:" + relayIP + ":" + relayPort
	aliceIP   = "192.0.2.10"
	bobIP     = "198.51.100.20"
	relayUser = "user"
	relayPass = "password"
)

// strayTransaction is by how much a goroutine of pion's TURN client may outlive Close, as Close says.
const strayTransaction = 200 * time.Millisecond

// world is two phones' internet with one relay in it.
type world struct {
	*netsim.Network
	t     testing.TB
	relay *turn.Server
}

func newWorld(t testing.TB, latency time.Duration) *world {
	t.Helper()
	w := &world{Network: netsim.New(netsim.Config{Delay: latency}), t: t}
	t.Cleanup(func() { time.Sleep(strayTransaction) })
	w.serve(relayIP)

	return w
}

// serve starts a relay.
func (w *world) serve(ip string) {
	t := w.t
	conn, err := w.host(ip)("udp4", "0.0.0.0:"+relayPort)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := w.Host(netip.MustParseAddr(ip)).Listen("tcp4", "0.0.0.0:"+relayPort)
	if err != nil {
		t.Fatal(err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	w.relay, err = turn.NewServer(turn.ServerConfig{
		Realm: "test",
		AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) {
			return a.Username, turn.GenerateAuthKey(relayUser, a.Realm, relayPass), a.Username == relayUser
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: w}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: listener, RelayAddressGenerator: w}},
		LoggerFactory:     quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// host returns the ListenPacket of a host.
func (w *world) host(ip string) func(network, addr string) (net.PacketConn, error) {
	return w.Host(netip.MustParseAddr(ip)).ListenPacket
}

// stop ends the relay, gracefully as seen from Go and abruptly as seen from phones.
func (w *world) stop() { _ = w.relay.Close() }

// world is the relay's address generator.

func (w *world) Validate() error { return nil }
func (w *world) AllocatePacketConn(turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	c, err := w.host(relayIP)("udp4", "0.0.0.0:0")
	if err != nil {
		return nil, nil, err
	}

	return c, c.LocalAddr(), nil
}

func (w *world) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errUnsupported
}
func (w *world) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errUnsupported }

// phone is the host of a phone.
func (w *world) phone(role Role) *netsim.Host {
	if role == Callee {
		return w.Host(netip.MustParseAddr(bobIP))
	}

	return w.Host(netip.MustParseAddr(aliceIP))
}

func (w *world) config(role Role) Config {
	return Config{
		Role:         role,
		Relays:       []Relay{{URL: relayURL, Username: relayUser, Password: relayPass}},
		ListenPacket: w.phone(role).ListenPacket,
		DialContext:  w.phone(role).DialContext,
		Log:          slog.New(slog.DiscardHandler),
	}
}

func (w *world) conn(cfg Config) *Conn {
	w.t.Helper()
	c, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}

	return c
}

// gathered returns a Conn and its description.
func (w *world) gathered(cfg Config) (*Conn, Description) {
	w.t.Helper()
	c := w.conn(cfg)
	d, err := c.Gather(context.Background())
	if err != nil {
		w.t.Fatal("gather:", err)
	}

	return c, d
}

// connect runs both Connects and returns their errors.
func connect(a, b *Conn, toA, toB Description) (errA, errB error) {
	done := make(chan error)
	go func() { done <- b.Connect(context.Background(), toB) }()
	errA = a.Connect(context.Background(), toA)

	return errA, <-done
}

// connected returns two connected phones.
func (w *world) connected() (alice, bob *Conn) {
	w.t.Helper()
	alice, dA := w.gathered(w.config(Caller))
	bob, dB := w.gathered(w.config(Callee))
	if errA, errB := connect(alice, bob, dB, dA); errA != nil || errB != nil {
		w.t.Fatal("connect:", errA, errB)
	}

	return alice, bob
}

func isRelay(ap netip.AddrPort) bool { return ap.Addr() == netip.MustParseAddr(relayIP) }
