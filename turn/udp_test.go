package turn

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// serve runs a relay on sockets of this machine.
func serve(t testing.TB, address string, shards int) (*Server, Secret, netip.AddrPort) {
	t.Helper()
	conns, err := ListenUDP(address, shards)
	if err != nil {
		t.Skipf("no socket on %s", address)
	}
	at := conns[0].LocalAddr().(*net.UDPAddr).AddrPort()
	secret := testSecret(t, 's')
	s, err := New(Config{Secrets: []Secret{secret}, Public4: relay4, Public6: relay6, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, len(conns))
	for _, c := range conns {
		if c.LocalAddr().String() != conns[0].LocalAddr().String() {
			t.Errorf("shards on %v and %v", c.LocalAddr(), conns[0].LocalAddr())
		}
		go func() { served <- s.ServeUDP(context.Background(), c) }()
	}
	t.Cleanup(func() {
		_ = s.Close()
		for range conns {
			if err := <-served; err != nil {
				t.Errorf("ServeUDP after Close: %v", err)
			}
		}
	})
	return s, secret, at
}

// dial is a client on this machine.
func dial(t testing.TB, at netip.AddrPort, cred Credential) *client {
	t.Helper()
	network, local := "udp4", "127.0.0.1:0"
	if at.Addr().Is6() && !at.Addr().Is4In6() {
		network, local = "udp6", "[::1]:0"
	}
	conn, err := net.ListenPacket(network, local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, conn: conn, relay: net.UDPAddrFromAddrPort(at), cred: cred}
}

func TestShardsOfTheKernelServeOneSwitch(t *testing.T) {
	for _, tt := range []struct {
		name, listen string
		shards       int
		callers      []netip.Addr
	}{
		{"IPv4", "127.0.0.1:0", 1, []netip.Addr{netip.MustParseAddr("127.0.0.1")}},
		{"IPv6", "[::1]:0", 1, []netip.Addr{netip.IPv6Loopback()}},
		{"both on two shards", ":0", 2, []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}},
		{"one shard for each core", "127.0.0.1:0", 0, []netip.Addr{netip.MustParseAddr("127.0.0.1")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.shards > 1 && !canShare {
				t.Skip("this system cannot share a port")
			}
			s, secret, at := serve(t, tt.listen, tt.shards)
			const calls = 20 // so that each shard has some
			for i := range calls {
				p, err := Mint(secret, time.Now(), time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				host := tt.callers[i%len(tt.callers)]
				alice := dial(t, netip.AddrPortFrom(host, at.Port()), p.A)
				bob := dial(t, netip.AddrPortFrom(tt.callers[0], at.Port()), p.B)
				for _, c := range []*client{alice, bob} {
					c.wantAllocated()
					m := c.want(0, stun.MethodBinding)
					if got := addressIn(t, m, stun.AttrXORMappedAddress); got.String() != c.conn.LocalAddr().String() {
						t.Fatalf("mapped to %v, is %v", got, c.conn.LocalAddr())
					}
				}
				alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
				bob.want(0, stun.MethodCreatePermission, peer(at4(0)))
				alice.sendChannel(0x4000, "hello")
				bob.wantData(alice.relayed, "hello")
				bob.send(alice.relayed, "hello yourself")
				alice.wantChannel(0x4000, "hello yourself")
			}
			if n := s.Stats().Allocations; n != 2*calls {
				t.Errorf("%d allocations", n)
			}
			_ = s.Close() // a packet may be here before it is counted
			if got := s.Stats(); got.Forwarded != 2*calls || got.Dropped != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestListenUDPRefusesNonsense(t *testing.T) {
	if _, err := ListenUDP("127.0.0.1:0", -1); err == nil {
		t.Error("-1 shards")
	}
	taken, err := ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Skip("no socket")
	}
	defer taken[0].Close()
	if _, err := ListenUDP(taken[0].LocalAddr().String(), 2); err == nil {
		t.Error("a port that another program has")
	}
}

func TestAServerEndsWithItsContext(t *testing.T) {
	conns, err := ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Skip("no socket")
	}
	s, err := New(Config{Secrets: []Secret{testSecret(t, 's')}, Public4: relay4})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.ServeUDP(ctx, conns[0]) }()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("after cancel: %v", err)
	}
	if _, err := conns[0].WriteTo(nil, conns[0].LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Error("the socket is open")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	again, err := ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Skip("no socket")
	}
	if err := s.ServeUDP(context.Background(), again[0]); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestASocketThatClosesIsAnErrorWithoutAddresses(t *testing.T) {
	conns, err := ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Skip("no socket")
	}
	s, err := New(Config{Secrets: []Secret{testSecret(t, 's')}, Public4: relay4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_ = conns[0].Close()
	err = s.ServeUDP(context.Background(), conns[0])
	if !errors.Is(err, net.ErrClosed) || err.Error() != "turn: read packet: use of closed network connection" {
		t.Errorf("got %v", err)
	}
}
