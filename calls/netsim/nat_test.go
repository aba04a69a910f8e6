package netsim

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	inside  = netip.MustParseAddr("10.0.0.2")
	beside  = netip.MustParseAddr("10.0.0.3")
	public  = netip.MustParseAddr("203.0.113.9")
	another = netip.MustParseAddr("198.51.100.77")
)

// seen sends from a to b, and says from where b got it; nothing if it did not.
func seen(t *testing.T, a, b net.PacketConn, to net.Addr) netip.AddrPort {
	t.Helper()
	if _, err := a.WriteTo([]byte("?"), to); err != nil {
		t.Fatal(err)
	}
	_ = b.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, from, err := b.ReadFrom(make([]byte, 9))
	if err != nil {
		return netip.AddrPort{}
	}
	return from.(*net.UDPAddr).AddrPort()
}

// The behaviours of RFC 4787, sections 4.1 and 5.
func TestMappingAndFilteringOfANAT(t *testing.T) {
	for _, c := range []struct {
		name                          string
		nat                           NAT
		sameForPort, sameForAddress   bool // one public port for two remote ports, for two remote addresses
		portMayAnswer, othersMayReach bool
	}{
		{"full cone", NAT{Mapping: Independent, Filtering: Independent}, true, true, true, true},
		{"restricted cone", NAT{Mapping: Independent, Filtering: AddressDependent}, true, true, true, false},
		{"port-restricted", mustProfile(t, "port-restricted").NAT, true, true, false, false},
		{"by address", NAT{Mapping: AddressDependent, Filtering: AddressDependent}, true, false, true, false},
		{"symmetric", mustProfile(t, "sym-nat").NAT, false, false, false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := New(Config{Delay: time.Millisecond})
			n.Host(inside).SetRouter(n.Router(public, c.nat))
			phone := socket(t, n.Host(inside), ":5000")
			b1, b2 := socket(t, n.Host(right), ":1"), socket(t, n.Host(right), ":2")
			other := socket(t, n.Host(another), ":1")

			first := seen(t, phone, b1, b1.LocalAddr())
			if first.Addr() != public || first != seen(t, phone, b1, b1.LocalAddr()) {
				t.Errorf("%s: from %v", c.name, first)
			}
			back := net.UDPAddrFromAddrPort(first)
			if seen(t, b1, phone, back) != addrPort(b1) {
				t.Errorf("%s: the answer does not come back", c.name)
			}
			if got := seen(t, b2, phone, back).IsValid(); got != c.portMayAnswer {
				t.Errorf("%s: another port may answer: %v", c.name, got)
			}
			if got := seen(t, other, phone, back).IsValid(); got != c.othersMayReach {
				t.Errorf("%s: others may reach it: %v", c.name, got)
			}
			if got := seen(t, phone, b2, b2.LocalAddr()) == first; got != c.sameForPort {
				t.Errorf("%s: the same for another port: %v", c.name, got)
			}
			if got := seen(t, phone, other, other.LocalAddr()) == first; got != c.sameForAddress {
				t.Errorf("%s: the same for another address: %v", c.name, got)
			}
			if seen(t, b1, phone, phone.LocalAddr()).IsValid() {
				t.Errorf("%s: the private address is reached from outside", c.name)
			}
		})
	}
}

func addrPort(c net.PacketConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// covers N3
func TestAMappingEndsWithoutTrafficAndWithTheRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{})
		r := n.Router(public, mustProfile(t, "cgnat-30s").NAT)
		n.Host(inside).SetRouter(r)
		phone, b := socket(t, n.Host(inside), ":5000"), socket(t, n.Host(right), ":1")
		first := seen(t, phone, b, b.LocalAddr())
		for range 5 { // keepalives
			time.Sleep(29 * time.Second)
			if seen(t, phone, b, b.LocalAddr()) != first {
				t.Error("a mapping in use is gone")
			}
		}
		time.Sleep(30 * time.Second)
		if seen(t, b, phone, net.UDPAddrFromAddrPort(first)).IsValid() {
			t.Error("a mapping outlives its timeout")
		}
		second := seen(t, phone, b, b.LocalAddr())
		r.Forget()
		if seen(t, b, phone, net.UDPAddrFromAddrPort(second)).IsValid() {
			t.Error("a router restarts and remembers")
		}
		third := seen(t, phone, b, b.LocalAddr())
		if first == second || second == third || third == first {
			t.Errorf("ports %v %v %v", first, second, third)
		}
	})
}

func TestHostsBehindOneRouter(t *testing.T) {
	for _, hairpin := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := New(Config{})
			r := n.Router(public, NAT{Mapping: Independent, Hairpin: hairpin})
			n.Host(inside).SetRouter(r)
			n.Host(beside).SetRouter(r)
			one, two := socket(t, n.Host(inside), ":5000"), socket(t, n.Host(beside), ":5000")
			b := socket(t, n.Host(right), ":1")
			if seen(t, one, two, two.LocalAddr()) != addrPort(one) {
				t.Error("they do not reach one another at home")
			}
			second := seen(t, two, b, b.LocalAddr())
			if first := seen(t, one, b, b.LocalAddr()); first == second {
				t.Error("one port for two")
			}
			if got := seen(t, one, two, net.UDPAddrFromAddrPort(second)).IsValid(); got != hairpin {
				t.Errorf("hairpin: %v", got)
			}
		})
	}
}

// A profile brings a router with an address of its own, and takes it away.
func TestProfilesBringTheirNAT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Seed: 3})
		phone, b := socket(t, n.Host(left), ":5000"), socket(t, n.Host(right), ":1")
		n.Host(left).Use(mustProfile(t, "sym-nat"))
		from := seen(t, phone, b, b.LocalAddr())
		if from.Addr() == left || !from.IsValid() || seen(t, b, phone, net.UDPAddrFromAddrPort(from)) != addrPort(b) {
			t.Errorf("seen from %v", from)
		}
		n.Host(left).Use(mustProfile(t, "mtu-1280"))
		if from := seen(t, phone, b, b.LocalAddr()); from != addrPort(phone) {
			t.Errorf("without a NAT: %v", from)
		}
	})
}

func TestStreamsThroughARouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: time.Millisecond})
		n.Host(inside).SetRouter(n.Router(public, NAT{Mapping: Independent}))
		l, err := n.Host(right).Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client, err := n.Host(inside).DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if from := server.RemoteAddr().(*net.TCPAddr).AddrPort(); from.Addr() != public {
			t.Errorf("from %v", from)
		}
		home, err := n.Host(inside).Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		defer home.Close()
		if _, err := n.Host(right).DialContext(context.Background(), "tcp", home.Addr().String()); err == nil {
			t.Error("connected to a private address")
		}
	})
}
