package turn

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func TestDraining(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		p := w.pair()
		early, late := w.client(alice4, p.A), w.client(bob4, p.B)
		early.wantAllocated()
		w.server.Drain(netip.MustParseAddrPort("192.0.2.99:3478"), netip.MustParseAddrPort("192.0.2.98:3478"))

		m := w.client(alice4, w.pair().A).want(codeTryAlternate, stun.MethodAllocate, udp) // sealed, as want checks
		if v, err := m.Get(stun.AttrAlternateServer); err != nil || !bytes.Equal(v, []byte{0, 1, 3478 >> 8, 3478 & 0xFF, 192, 0, 2, 99}) {
			t.Errorf("ALTERNATE-SERVER %x, %v", v, err)
		}
		w.client(bob6, w.pair().A).want(codeCapacity, stun.MethodAllocate, udp) // no alternate of its family
		w.clientOver(overTLS, alice4, w.pair().A).want(codeCapacity, stun.MethodAllocate, udp)

		late.wantAllocated() // the other side is here
		for _, c := range []*client{early, late} {
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		early.send(late.relayed, "we meet here")
		late.wantData(early.relayed, "we meet here")
		m = alice.want(0, stun.MethodRefresh)
		if v, err := m.Get(stun.AttrAlternateServer); err != nil || !bytes.Equal(v[4:], []byte{192, 0, 2, 99}) {
			t.Errorf("who is here is not told where to go: %x, %v", v, err)
		}
		alice.send(bob.relayed, "and we stay")
		bob.wantData(alice.relayed, "and we stay")
		for _, c := range []*client{alice, bob, early, late} {
			c.want(0, stun.MethodRefresh, lifetime(0))
		}
		late.want(codeTryAlternate, stun.MethodAllocate, udp)
		time.Sleep(time.Second)
		w.wantWiped("when all have gone")

		w.server.Drain(netip.MustParseAddrPort("[2001:db8::99]:3478"))
		m = w.client(bob6, w.pair().A).want(codeTryAlternate, stun.MethodAllocate, udp)
		if v, err := m.Get(stun.AttrAlternateServer); err != nil || len(v) != 20 || v[1] != 2 || v[19] != 0x99 {
			t.Errorf("ALTERNATE-SERVER %x, %v", v, err)
		}
		w.client(alice4, w.pair().A).want(codeCapacity, stun.MethodAllocate, udp)
	})
}
