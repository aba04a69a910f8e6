package netsim

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

var moved = netip.MustParseAddr("192.0.2.200")

// covers N3
func TestAHostMovesToAnotherNetwork(t *testing.T) {
	for _, c := range []struct {
		name    string
		overlap time.Duration
	}{{"make before break", 2 * time.Second}, {"at once", 0}, {"a gap", -3 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			n := New(Config{})
			phone := n.Host(left)
			free, bound := socket(t, phone, ":5000"), socket(t, phone, left.String()+":5001")
			b := socket(t, n.Host(right), ":1")
			lte, _ := ByName("lte")
			if err := phone.Move(moved, lte, c.overlap); err != nil {
				t.Fatal(err)
			}
			if c.overlap < 0 {
				if _, err := free.WriteTo([]byte("?"), b.LocalAddr()); err == nil || phone.Addr().IsValid() {
					t.Errorf("%s: sent in the gap", c.name)
				}
				if _, err := phone.ListenPacket("udp", ":0"); err == nil {
					t.Errorf("%s: bound in the gap", c.name)
				}
				time.Sleep(-c.overlap + time.Millisecond)
			}
			start := time.Now()
			if from := seen(t, free, b, b.LocalAddr()); from != netip.AddrPortFrom(moved, 5000) || phone.Addr() != moved {
				t.Errorf("%s: from %v", c.name, from)
			}
			if took := time.Since(start); took < 35*time.Millisecond {
				t.Errorf("%s: %v over the new link", c.name, took)
			}
			if from := seen(t, b, free, free.LocalAddr()); from != addrPort(b) {
				t.Errorf("%s: the new address is not reached", c.name)
			}
			if works := seen(t, b, bound, bound.LocalAddr()).IsValid(); works != (c.overlap > 0) {
				t.Errorf("%s: the old address works: %v", c.name, works)
			}
			time.Sleep(max(0, c.overlap))
			if seen(t, b, bound, bound.LocalAddr()).IsValid() {
				t.Errorf("%s: the old address is still there", c.name)
			}
			if _, err := bound.WriteTo([]byte("?"), b.LocalAddr()); err == nil {
				t.Errorf("%s: sent from an address that is gone", c.name)
			}
			if _, err := phone.ListenPacket("udp", left.String()+":0"); err == nil {
				t.Errorf("%s: bound to an address that is gone", c.name)
			}
			if err := phone.Move(right, lte, 0); err == nil {
				t.Errorf("%s: moved to where somebody is", c.name)
			}
			if n.Host(moved) != phone || n.Host(left) != phone {
				t.Errorf("%s: it is another host now", c.name)
			}
		})
	}
}

func TestAHostCanComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{})
		phone, b := socket(t, n.Host(left), ":5000"), socket(t, n.Host(right), ":1")
		for _, to := range []netip.Addr{moved, left, moved} {
			if err := n.Host(left).Move(to, Profile{}, 0); err != nil {
				t.Fatal(err)
			}
			if from := seen(t, phone, b, b.LocalAddr()); from != netip.AddrPortFrom(to, 5000) {
				t.Errorf("from %v, want %v", from, to)
			}
		}
	})
}

func TestAProfileSwitchesNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Seed: 1})
		h := n.Host(left)
		h.Use(mustProfile(t, "switch-wifi-lte-gap"))
		at := func(d time.Duration) netip.Addr { time.Sleep(d); return h.Addr() }
		before, gap, after := at(19*time.Second), at(2*time.Second), at(3*time.Second)
		if before != left || gap.IsValid() || !after.IsValid() || after == left {
			t.Errorf("%v, %v, %v", before, gap, after)
		}
		// Whoever uses another profile meanwhile is not moved.
		h.Use(mustProfile(t, "switch-wifi-lte"))
		time.Sleep(10 * time.Second)
		h.Use(mustProfile(t, "wifi"))
		if still := at(time.Minute); still != after {
			t.Errorf("moved to %v", still)
		}
	})
}

func TestAStreamDiesWithItsAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: time.Millisecond})
		l, err := n.Host(right).Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, overlap := range []time.Duration{time.Second, 0} {
			client, err := n.Host(left).DialContext(context.Background(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			server, _ := l.Accept()
			if err := n.Host(left).Move(netip.AddrFrom4([4]byte{192, 0, 2, 100 + byte(overlap/time.Second)}), Profile{}, overlap); err != nil {
				t.Fatal(err)
			}
			_, _ = client.Write([]byte("x"))
			_ = server.SetReadDeadline(time.Now().Add(time.Minute))
			_, err = server.Read(make([]byte, 1))
			if overlap > 0 && err != nil || overlap == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("overlap %v: %v", overlap, err)
			}
			_, _ = client.Close(), server.Close()
			time.Sleep(time.Minute)
		}
	})
}

func TestFirewalls(t *testing.T) {
	for _, c := range []struct {
		profile         string
		udp, https, web bool
	}{{"wifi", true, true, true}, {"udp-blocked", false, true, true}, {"tls443-only", false, true, false}} {
		synctest.Test(t, func(t *testing.T) {
			n := New(Config{Seed: 2})
			n.Host(left).Use(mustProfile(t, c.profile))
			a, b := socket(t, n.Host(left), ":1"), socket(t, n.Host(right), ":1")
			if seen(t, a, b, b.LocalAddr()).IsValid() != c.udp || seen(t, b, a, a.LocalAddr()).IsValid() != c.udp {
				t.Errorf("%s: UDP is not %v", c.profile, c.udp)
			}
			for address, want := range map[string]bool{":443": c.https, ":80": c.web} {
				l, err := n.Host(right).Listen("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				conn, err := n.Host(left).DialContext(ctx, "tcp", net.JoinHostPort(right.String(), address[1:]))
				cancel()
				if (err == nil) != want || (!want && !errors.Is(err, errTimeout)) {
					t.Errorf("%s: TCP %s: %v", c.profile, address, err)
				}
				if err == nil {
					_ = conn.Close()
				}
				_ = l.Close()
			}
		})
	}
}

func TestOneWayAudio(t *testing.T) {
	s := measure(t, mustProfile(t, "one-way-audio"), 1000, 100, 20*time.Millisecond)
	if len(s.delays) != 500 || s.lost[499] || !s.lost[500] {
		t.Errorf("%d arrived", len(s.delays))
	}
}
