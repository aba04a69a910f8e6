package turn

import (
	"context"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// wantWiped wants no trace of any allocation in the table.
func (w *world) wantWiped(why string) {
	w.t.Helper()
	t := w.server.table
	t.mu.Lock()
	defer t.mu.Unlock()
	for b := range t.blocks {
		if *t.blocks[b] != [blockSlots]allocation{} {
			w.t.Errorf("%s: a slot is not zero", why)
		}
	}
	for i := range t.flows.entries {
		e := &t.flows.entries[i]
		for _, word := range []uint64{e.from[0].Load(), e.from[1].Load(), e.from[2].Load(), e.to[0].Load(), e.to[1].Load(), e.to[2].Load(), uint64(e.end.Load())} {
			if word != 0 || e.via.Load() != nil {
				w.t.Fatalf("%s: a flow is not zero", why)
			}
		}
	}
	for i := range t.bandwidth.until {
		if t.bandwidth.until[i].Load() != 0 {
			w.t.Fatalf("%s: a slot has sent", why)
		}
	}
	if t.ports != [1 << 16]uint32{} || t.live != 0 {
		w.t.Errorf("%s: a port is taken", why)
	}
	for _, x := range []index{t.clients, t.tags} {
		for _, n := range x.heads {
			if n != 0 {
				w.t.Errorf("%s: a chain is not empty", why)
			}
		}
	}
	if len(t.free) != blockSlots*len(t.blocks) {
		w.t.Errorf("%s: %d slots free of %d", why, len(t.free), blockSlots*len(t.blocks))
	}
}

// covers P2
func TestSlotsAreZeroWithinASecondOfTheEnd(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
		bob.want(0, stun.MethodChannelBind, number(0x4000), peer(alice.relayed))
		alice.sendChannel(0x4000, "hello")
		bob.wantChannel(0x4000, "hello")
		for _, c := range []*client{alice, bob} {
			c.want(0, stun.MethodRefresh, lifetime(0))
		}
		time.Sleep(time.Second)
		w.wantWiped("after Refresh with 0")

		w.call()
		time.Sleep(defaultLifetime + time.Second)
		w.wantWiped("after its lifetime")

		// One that lives on must not keep the sweep from the others.
		long, _ := w.call()
		long.want(0, stun.MethodRefresh, lifetime(time.Hour))
		for range 3 {
			w.call()
			time.Sleep(300 * time.Millisecond)
		}
		time.Sleep(defaultLifetime - 1200*time.Millisecond)
		for range 20 {
			time.Sleep(300 * time.Millisecond)
			now, late := w.server.now(), 0
			w.server.table.mu.Lock()
			for _, a := range w.server.table.blocks[0] {
				if a.state != 0 && now >= a.expires+time.Second {
					late++
				}
			}
			w.server.table.mu.Unlock()
			if late != 0 {
				t.Fatalf("%d slots a second late", late)
			}
		}
		long.want(0, stun.MethodRefresh, lifetime(0))
		time.Sleep(time.Second)
		w.wantWiped("after the last one")
	})
}

func TestASocketThatEndsTakesItsAllocationsAlong(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		extra := w.listen(relay4, 3479)
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- w.server.ServeUDP(ctx, extra) }()
		c, other := w.client(alice4, w.pair().A), w.client(bob4, w.pair().A)
		c.relay = extra.LocalAddr()
		c.wantAllocated()
		other.wantAllocated()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("after cancel: %v", err)
		}
		if n := w.server.Stats().Allocations; n != 1 {
			t.Errorf("%d allocations, want that of the other socket", n)
		}
		other.want(0, stun.MethodRefresh, lifetime(0))
		time.Sleep(time.Second)
		w.wantWiped("after both")
	})
}

func TestTwoLocalAddressesAreOneSwitch(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		extra := w.listen(relay4, 3479)
		served := make(chan error, 1)
		go func() { served <- w.server.ServeUDP(context.Background(), extra) }()
		p := w.pair()
		alice, bob := w.client(alice4, p.A), w.client(bob4, p.B)
		bob.relay = extra.LocalAddr()
		for _, c := range []*client{alice, bob} {
			c.wantAllocated()
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
		}
		alice.send(bob.relayed, "from the port that bob speaks to")
		bob.wantData(alice.relayed, "from the port that bob speaks to")
		same := &client{t: t, conn: bob.conn, relay: alice.relay, cred: p.A} // one client, two 5-tuples
		same.want(codeMismatch, stun.MethodRefresh)
		_ = w.server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}
