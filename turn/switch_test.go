package turn

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func TestACallThroughTheSwitch(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		alice.send(bob.relayed, "one")
		bob.wantData(alice.relayed, "one")
		bob.send(alice.relayed, "two")
		alice.wantData(bob.relayed, "two")

		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
		alice.sendChannel(0x4000, "three")
		bob.wantData(alice.relayed, "three")
		bob.send(alice.relayed, "four")
		alice.wantChannel(0x4000, "four")

		bob.want(0, stun.MethodChannelBind, number(0x4FFF), peer(alice.relayed))
		alice.sendChannel(0x4000, "five")
		bob.wantChannel(0x4FFF, "five")
		bob.sendChannel(0x4FFF, "")
		alice.wantChannel(0x4000, "")
		bob.write(append(channelData(0x4FFF, "padded"), 0, 0)) // RFC 8656 section 12.5 forgives padding
		alice.wantChannel(0x4000, "padded")
		if s := w.server.Stats(); s.Forwarded != 7 || s.Dropped != 0 || s.Allocations != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestIPv4MeetsIPv6(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		p := w.pair()
		alice, bob := w.client(alice4, p.A), w.client(bob6, p.B)
		for _, c := range []*client{alice, bob} {
			c.wantAllocated(requested(family6))
			c.want(0, stun.MethodCreatePermission, peer(at6(0)))
		}
		alice.send(bob.relayed, "over two internets")
		bob.wantData(alice.relayed, "over two internets")
		bob.want(0, stun.MethodChannelBind, number(0x4000), peer(alice.relayed))
		bob.sendChannel(0x4000, "and back")
		alice.wantData(bob.relayed, "and back")
	})
}

func TestPermissionIsPerAddressAndOfBothSides(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		p := w.pair()
		alice, bob, bob2 := w.client(alice4, p.A), w.client(bob4, p.B), w.client(bob4, p.B)
		for _, c := range []*client{alice, bob, bob2} {
			c.wantAllocated()
		}
		alice.send(bob.relayed, "nobody has agreed")
		bob.wantSilence("no permission")
		alice.want(0, stun.MethodCreatePermission, peer(at4(0)))
		alice.send(bob.relayed, "bob has not agreed")
		bob.send(alice.relayed, "neither way")
		bob.wantSilence("permission of the sender alone")
		alice.wantSilence("permission of the receiver alone")
		for _, c := range []*client{bob, bob2} {
			c.want(0, stun.MethodCreatePermission, peer(at4(1)))
		}
		alice.send(bob.relayed, "one permission")
		bob.wantData(alice.relayed, "one permission")
		alice.send(bob2.relayed, "serves all ports of an address")
		bob2.wantData(alice.relayed, "serves all ports of an address")
		if n := w.server.Stats().Drops[DropNoPermission]; n != 3 {
			t.Errorf("%d counted, want 3", n)
		}
	})
}

func TestARefusedPermissionGrantsNothing(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		p := w.pair()
		alice, bob := w.client(alice4, p.A), w.client(bob4, p.B)
		alice.wantAllocated()
		bob.wantAllocated()
		bob.want(0, stun.MethodCreatePermission, peer(at4(0)))
		alice.want(codeForbidden, stun.MethodCreatePermission, peer(at4(0)), peer(netip.AddrPortFrom(eve4, 1)))
		alice.want(codePeerFamily, stun.MethodCreatePermission, peer(at4(0)), peer(at6(1)))
		alice.send(bob.relayed, "x")
		bob.wantSilence("half a permission")
	})
}

// covers T4, T5
func TestDataGoesNowhereElse(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		eve, mallory := w.call()
		outside := w.listen(eve4, 9999)
		defer outside.Close()
		w.net.SetTap(func(from, to netip.AddrPort, _ []byte) bool {
			if from == relayAt {
				t.Errorf("a packet left the switch")
			}
			return false
		})
		eve.send(alice.relayed, "other call")
		eve.send(bob.relayed, "other call")
		eve.send(at4(80), "well-known port")
		eve.send(at4(0), "no port")
		for port := uint16(20000); port < 20050; port++ {
			if port != mallory.relayed.Port() && port != eve.relayed.Port() {
				eve.send(at4(port), "dead or foreign port")
			}
		}
		for _, foreign := range []string{"203.0.113.66:9999", "127.0.0.1:53", "[::1]:53", "[::ffff:192.0.2.1]:5000", "192.0.2.1:3478"} {
			eve.send(netip.MustParseAddrPort(foreign), "foreign")
		}
		eve.sendChannel(0x4000, "not bound")
		stranger := w.client(eve4, Credential{})
		stranger.sendChannel(0x4000, "no allocation")
		stranger.send(alice.relayed, "no allocation")
		for _, c := range []*client{alice, bob, mallory, eve} {
			c.wantSilence("stray data")
		}
		s := w.server.Stats()
		if s.Forwarded != 0 || s.Drops[DropOtherCall] < 2 || s.Drops[DropNoChannel] != 1 || s.Drops[DropNoAllocation] != 2 || s.Drops[DropForeignPeer] < 5 {
			t.Errorf("%+v", s)
		}
	})
}

// covers T9
func TestAThousandCallsDoNotMix(t *testing.T) {
	const calls = 1000
	inWorld(t, nil, func(t *testing.T, w *world) {
		var alices, bobs []*client
		for range calls {
			a, b := w.call()
			a.want(0, stun.MethodChannelBind, number(0x4000), peer(b.relayed))
			b.want(0, stun.MethodChannelBind, number(0x4000), peer(a.relayed))
			alices, bobs = append(alices, a), append(bobs, b)
		}
		for i := range calls {
			alices[i].sendChannel(0x4000, alices[i].cred.Username)
			alices[i].send(bobs[(i+1)%calls].relayed, "astray")
			bobs[i].wantChannel(0x4000, alices[i].cred.Username)
		}
		for i := range 10 {
			bobs[i].wantSilence("crosstalk")
		}
		if s := w.server.Stats(); s.Drops[DropOtherCall] != calls || s.Forwarded != calls || s.Allocations != 2*calls {
			t.Errorf("%+v", s)
		}
	})
}

func TestTwoClientsBehindOneAddressAreTwo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		p := w.pair()
		a, b := w.client(alice4, p.A), w.client(alice4, p.B)
		for _, c := range []*client{a, b} {
			c.wantAllocated()
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		a.send(b.relayed, "next door")
		b.wantData(a.relayed, "next door")
		a.send(a.relayed, "myself")
		a.wantData(a.relayed, "myself")
	})
}

func TestPermissionsAndChannelsExpire(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		for _, c := range []*client{alice, bob} {
			c.want(0, stun.MethodRefresh, lifetime(time.Hour))
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
		start := time.Now()
		until := func(d time.Duration) { time.Sleep(d - time.Since(start)) }

		until(permissionLifetime - time.Millisecond)
		alice.sendChannel(0x4000, "in time")
		bob.wantData(alice.relayed, "in time")
		until(permissionLifetime)
		alice.sendChannel(0x4000, "late")
		bob.wantSilence("after the permission")

		for _, c := range []*client{alice, bob} {
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		alice.sendChannel(0x4000, "the channel is still bound")
		bob.wantData(alice.relayed, "the channel is still bound")
		until(channelLifetime - time.Millisecond)
		for _, c := range []*client{alice, bob} {
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		alice.sendChannel(0x4000, "in time")
		bob.wantData(alice.relayed, "in time")
		until(channelLifetime)
		alice.sendChannel(0x4000, "late")
		bob.wantSilence("after the channel")
		alice.send(bob.relayed, "the permission is younger")
		bob.wantData(alice.relayed, "the permission is younger")
	})
}

func TestAllocationsExpireOnTime(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		start := time.Now()
		time.Sleep(4 * time.Minute)
		bob.want(0, stun.MethodRefresh, lifetime(time.Hour))
		for _, c := range []*client{alice, bob} {
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		time.Sleep(4 * time.Minute)
		for _, c := range []*client{alice, bob} {
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		time.Sleep(time.Until(start.Add(defaultLifetime - time.Millisecond)))
		bob.send(alice.relayed, "in time")
		alice.wantData(bob.relayed, "in time")
		time.Sleep(time.Millisecond)
		bob.send(alice.relayed, "late")
		alice.wantSilence("after its end")
		alice.want(codeMismatch, stun.MethodRefresh)
		if s := w.server.Stats(); s.Drops[DropDeadPeer] != 1 || s.Allocations != 1 {
			t.Errorf("%+v", s)
		}
	})
}
