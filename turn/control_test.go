package turn

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func at4(port uint16) netip.AddrPort { return netip.AddrPortFrom(relay4, port) }
func at6(port uint16) netip.AddrPort { return netip.AddrPortFrom(relay6, port) }

func TestBindingTellsAClientItsAddress(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		for _, host := range []netip.Addr{alice4, bob6} {
			c := w.client(host, Credential{})
			m := c.want(0, stun.MethodBinding)
			if got := addressIn(t, m, stun.AttrXORMappedAddress); got.String() != c.conn.LocalAddr().String() {
				t.Errorf("mapped to %v, is %v", got, c.conn.LocalAddr())
			}
			if len(m.Attributes) != 1 {
				t.Errorf("answer has %d attributes, want the address and nothing else", len(m.Attributes))
			}
			c.want(codeUnknownAttribute, stun.MethodBinding, raw(0x7777, nil))
		}
	})
}

func TestAllocateGivesAVirtualAddressAndRepeatsItsAnswer(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		first := c.do(stun.MethodAllocate, udp)
		if first.Type.Class != stun.ClassSuccessResponse || lifetimeIn(t, first) != 10*time.Minute {
			t.Fatalf("%v", first)
		}
		if a := addressIn(t, first, stun.AttrXORRelayedAddress); a.Addr() != relay4 || a.Port() < minPort {
			t.Errorf("relayed address %v", a)
		}
		if a := addressIn(t, first, stun.AttrXORMappedAddress); a.String() != c.conn.LocalAddr().String() {
			t.Errorf("mapped address %v", a)
		}
		request := c.build(stun.MethodAllocate, udp) // another transaction on the same 5-tuple
		if m := c.exchange(request.Raw); codeOf(m) != codeMismatch {
			t.Errorf("second Allocate: %d", codeOf(m))
		}

		other := w.client(bob4, w.pair().A)
		other.want(codeMismatch, stun.MethodRefresh) // to learn the nonce
		request = other.build(stun.MethodAllocate, udp, lifetime(20*time.Minute), additional(family6))
		a := other.exchange(request.Raw)
		time.Sleep(3 * time.Second)
		other.want(0, stun.MethodRefresh, lifetime(time.Hour))
		other.want(0, stun.MethodRefresh, lifetime(0), requested(family6))
		if b := other.exchange(request.Raw); !bytes.Equal(a.Raw, b.Raw) {
			t.Error("a retransmitted Allocate is answered differently")
		}
		if n := w.server.Stats().Allocations; n != 2 {
			t.Errorf("%d allocations, want 2", n)
		}
	})
}

func TestAllocateRefusals(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		for _, tt := range []struct {
			why     string
			want    errorCode
			setters []stun.Setter
		}{
			{"no transport", codeBadRequest, nil},
			{"TCP", codeTransport, []stun.Setter{raw(stun.AttrRequestedTransport, []byte{6, 0, 0, 0})}},
			{"a family that does not exist", codeFamily, []stun.Setter{udp, requested(3)}},
			{"both families twice", codeBadRequest, []stun.Setter{udp, requested(family4), additional(family6)}},
			{"additional IPv4", codeBadRequest, []stun.Setter{udp, additional(family4)}},
			{"EVEN-PORT", codeUnknownAttribute, []stun.Setter{udp, raw(stun.AttrEvenPort, []byte{0})}},
			{"RESERVATION-TOKEN", codeUnknownAttribute, []stun.Setter{udp, raw(stun.AttrReservationToken, make([]byte, 8))}},
		} {
			m := c.do(stun.MethodAllocate, tt.setters...)
			if got := codeOf(m); got != tt.want {
				t.Errorf("%s: %d, want %d", tt.why, got, tt.want)
			}
			if tt.want == codeUnknownAttribute {
				if v, err := m.Get(stun.AttrUnknownAttributes); err != nil || len(v) != 2 {
					t.Errorf("%s: UNKNOWN-ATTRIBUTES %x", tt.why, v)
				}
			}
		}
		c.wantAllocated(raw(stun.AttrDontFragment, nil))
	})
}

func TestWithoutAnAllocationEverythingIsAMismatch(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		c.want(codeMismatch, stun.MethodRefresh)
		c.want(codeMismatch, stun.MethodCreatePermission, peer(at4(9)))
		c.want(codeMismatch, stun.MethodChannelBind, number(0x4000), peer(at4(5000)))
	})
}

func TestRefreshSetsTheLifetime(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		c.wantAllocated()
		for _, tt := range []struct{ ask, get time.Duration }{
			{time.Second, 10 * time.Minute}, {10 * time.Minute, 10 * time.Minute}, {25 * time.Minute, 25 * time.Minute}, {40 * time.Hour, time.Hour},
		} {
			if got := lifetimeIn(t, c.want(0, stun.MethodRefresh, lifetime(tt.ask))); got != tt.get {
				t.Errorf("asked for %v, got %v, want %v", tt.ask, got, tt.get)
			}
		}
		if got := lifetimeIn(t, c.want(0, stun.MethodRefresh)); got != 10*time.Minute {
			t.Errorf("asked for nothing, got %v", got)
		}
	})
}

func TestRefreshWithZeroEndsTheAllocationAndRepeatsItsAnswer(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		request := alice.build(stun.MethodRefresh, lifetime(0))
		first := alice.exchange(request.Raw)
		if codeOf(first) != 0 || lifetimeIn(t, first) != 0 {
			t.Fatalf("%v", first)
		}
		alice.send(bob.relayed, "late")
		bob.wantSilence("data of an ended allocation") // a second passes
		if m := alice.exchange(request.Raw); codeOf(m) != codeMismatch {
			t.Errorf("after a second: %d, want 437", codeOf(m))
		}

		request = bob.build(stun.MethodRefresh, lifetime(0))
		first = bob.exchange(request.Raw)
		time.Sleep(400 * time.Millisecond)
		if again := bob.exchange(request.Raw); !bytes.Equal(first.Raw, again.Raw) {
			t.Error("a retransmitted Refresh is answered differently")
		}
		bob.want(codeMismatch, stun.MethodRefresh, lifetime(0))
		bob.wantAllocated() // the 5-tuple is free again, even before the slot is wiped
		if n := w.server.Stats().Allocations; n != 1 {
			t.Errorf("%d allocations, want 1", n)
		}
	})
}

func TestBothFamilies(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		m := c.wantAllocated(additional(family6))
		var ports []uint16
		for _, a := range m.Attributes {
			if a.Type == stun.AttrXORRelayedAddress {
				at := parseXORAddress(a.Value, transactionID(m.TransactionID))
				if at.Addr() != relay4 && at.Addr() != relay6 {
					t.Errorf("relayed address %v", at)
				}
				ports = append(ports, at.Port())
			}
		}
		if len(ports) != 2 || ports[0] != ports[1] {
			t.Fatalf("relayed ports %v, want one for both families", ports)
		}
		c.want(0, stun.MethodCreatePermission, peer(at4(1)), peer(at6(1)))
		refresh := c.build(stun.MethodRefresh, lifetime(0), requested(family6))
		first := c.exchange(refresh.Raw)
		if codeOf(first) != 0 {
			t.Fatalf("end of one family: %d", codeOf(first))
		}
		c.want(codePeerFamily, stun.MethodCreatePermission, peer(at4(1)), peer(at6(1)))
		c.want(codePeerFamily, stun.MethodChannelBind, number(0x4000), peer(at6(2000)))
		c.want(codePeerFamily, stun.MethodRefresh, requested(family6))
		c.want(codePeerFamily, stun.MethodRefresh, requested(7))
		if again := c.exchange(refresh.Raw); !bytes.Equal(first.Raw, again.Raw) {
			t.Error("a retransmitted Refresh of one family is answered differently")
		}
		c.want(0, stun.MethodRefresh, requested(family4))
		c.want(0, stun.MethodRefresh, lifetime(0), requested(family4))
		c.want(codeMismatch, stun.MethodRefresh)
	})
}

func TestAFamilyWithoutAPublicAddress(t *testing.T) {
	only4 := func(c *Config) { c.Public6 = netip.Addr{} }
	inWorld(t, only4, func(t *testing.T, w *world) {
		c := w.client(bob6, w.pair().A) // an IPv6 client of an IPv4 relayed address
		c.want(codeFamily, stun.MethodAllocate, udp, requested(family6))
		m := c.wantAllocated(additional(family6))
		if v, err := m.Get(attrAddressError); err != nil || !bytes.Equal(v, []byte{2, 0, 4, 40}) {
			t.Errorf("ADDRESS-ERROR-CODE %x, %v", v, err)
		}
		if c.relayed.Addr() != relay4 {
			t.Errorf("relayed address %v", c.relayed)
		}
	})
	only6 := func(c *Config) { c.Public4 = netip.Addr{} }
	inWorld(t, only6, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		c.want(codeFamily, stun.MethodAllocate, udp)
		c.wantAllocated(requested(family6))
		if c.relayed.Addr() != relay6 {
			t.Errorf("relayed address %v", c.relayed)
		}
	})
}

// covers T7 (channels), T9
func TestChannelsBindOnceEachWay(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		mates := []*client{bob}
		for range maxChannels {
			c := w.client(bob4, bob.cred)
			c.wantAllocated()
			mates = append(mates, c)
		}
		alice.want(codeBadRequest, stun.MethodChannelBind, number(0x4000))
		alice.want(codeBadRequest, stun.MethodChannelBind, peer(bob.relayed))
		for _, n := range []uint16{0, 0x3FFF, 0x5000, 0x7FFF, 0xFFFF} {
			alice.want(codeBadRequest, stun.MethodChannelBind, number(n), peer(bob.relayed))
		}
		alice.want(codeBadRequest, stun.MethodCreatePermission)
		for i := range maxChannels {
			alice.want(0, stun.MethodChannelBind, number(0x4000+uint16(i)), peer(mates[i].relayed))
		}
		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed)) // again
		alice.want(codeBadRequest, stun.MethodChannelBind, number(0x4000), peer(mates[1].relayed))
		alice.want(codeBadRequest, stun.MethodChannelBind, number(0x4009), peer(bob.relayed))
		alice.want(codeCapacity, stun.MethodChannelBind, number(0x4009), peer(mates[maxChannels].relayed))
		time.Sleep(channelLifetime - 10*time.Minute + 5*time.Minute)
		for _, c := range append(mates, alice) {
			c.want(0, stun.MethodRefresh, lifetime(time.Hour))
		}
		time.Sleep(5 * time.Minute)
		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(mates[maxChannels].relayed)) // all have expired
	})
}

// covers T7
func TestQuotas(t *testing.T) {
	limits := func(c *Config) { c.MaxAllocations, c.MaxAllocationsPerTag = 3, 2 }
	inWorld(t, limits, func(t *testing.T, w *world) {
		greedy, other := w.pair(), w.pair()
		first := w.client(alice4, greedy.A)
		first.wantAllocated()
		w.client(bob4, greedy.B).wantAllocated()
		w.client(alice4, greedy.A).want(codeQuota, stun.MethodAllocate, udp)
		w.client(alice4, other.A).wantAllocated()
		last := w.client(bob4, other.B)
		last.want(codeCapacity, stun.MethodAllocate, udp)
		first.want(0, stun.MethodRefresh, lifetime(0))
		last.wantAllocated()
	})
}

func TestNobodyIsAnsweredBeyondTheBudget(t *testing.T) {
	few := func(c *Config) { c.UnauthenticatedPerSecond, c.UnauthenticatedBurst = 1, 5 }
	inWorld(t, few, func(t *testing.T, w *world) {
		eve, bob := w.client(eve4, Credential{}), w.client(bob4, w.pair().B)
		answers := 0
		for range 20 {
			request := eve.build(stun.MethodBinding)
			eve.write(request.Raw)
		}
		for eve.read() != nil {
			answers++
		}
		if answers != 5 {
			t.Errorf("%d answers to a flood, want the burst of 5", answers)
		}
		bob.wantAllocated()
		for range 20 { // who has proved to be somebody has no such bound
			bob.want(0, stun.MethodRefresh)
		}
		if s := w.server.Stats(); s.Drops[DropSilenced] != 15 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		eve.want(0, stun.MethodBinding)
	})
}

func TestOtherMethodsAndClassesAreSilence(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		c.wantAllocated()
		for kind := range uint16(0x4000) {
			switch kind {
			case bindingRequest, allocateRequest, refreshRequest, createPermissionRequest, channelBindRequest:
				continue
			}
			b := make([]byte, stunHeader)
			binary.BigEndian.PutUint16(b, kind)
			binary.BigEndian.PutUint32(b[4:], stunMagic)
			c.write(b)
			if kind%256 == 0 {
				c.wantSilence("a message type that is not served")
			}
		}
		c.wantSilence("message types that are not served")
	})
}
