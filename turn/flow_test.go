package turn

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Calls come and go in a few slots, while readers ask for their flows all the time. Each call has its own channel numbers, so a
// reader can tell a flow that is half one call's and half another's.
func TestReadersNeverSeeHalfAFlow(t *testing.T) {
	const calls, rounds = 8, 3000
	table := newTable(Config{Public4: relay4, MaxAllocations: 4096, MaxAllocationsPerTag: 4})
	via := [2]*socket{{group: 1}, {group: 1}}
	who := func(call, side int) tuple { return tuple{clientAddress(2*call + side), 1} }
	channelOf := func(call, side int) uint16 { return firstChannel + uint16(2*call+side) }

	var over atomic.Bool
	var found atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !over.Load() {
				for call := range calls {
					for side := range 2 {
						r, ok := table.flows.find(newFlowKey(who(call, side).client, channelOf(call, side), 1), 0)
						if !ok {
							continue
						}
						found.Add(1)
						if r.to != who(call, 1-side).client || r.number != channelOf(call, 1-side) || r.via != via[1-side] {
							t.Errorf("call %d, side %d: %+v", call, side, r)
							return
						}
					}
				}
			}
		})
	}
	for round := range rounds {
		for call := range calls {
			tag := pairTag{byte(call + 1)}
			var port [2]uint16
			for side := range 2 {
				g, code := table.allocate(allocation{
					tuple: who(call, side), via: via[side], user: userID{1}, tag: tag, families: family4.set(), expires: time.Hour,
					transaction: transactionID{byte(round), byte(round >> 8)},
				}, 0, true, 0)
				if code != 0 {
					t.Fatal(code)
				}
				port[side] = g.port
			}
			for side := range 2 {
				at := netip.AddrPortFrom(relay4, port[1-side])
				if code := table.bind(who(call, side), userID{1}, channelOf(call, side), at, 0); code != 0 {
					t.Fatal(code)
				}
			}
			for side := range 2 {
				if r, ok := table.flows.find(newFlowKey(who(call, side).client, channelOf(call, side), 1), 0); !ok || r.to != who(call, 1-side).client {
					t.Fatalf("a new call has no flow: %+v", r)
				}
			}
		}
		for call := range calls {
			for side := range 2 {
				if code := table.refresh(who(call, side), userID{1}, 0, 0, transactionID{1}, 0); code != 0 {
					t.Fatal(code)
				}
			}
			for side := range 2 {
				if r, ok := table.flows.find(newFlowKey(who(call, side).client, channelOf(call, side), 1), 0); ok {
					t.Fatalf("an ended call has a flow: %+v", r)
				}
			}
		}
	}
	over.Store(true)
	wg.Wait()
	if found.Load() == 0 {
		t.Log("readers never met a flow") // on one core they may not
	}
}

// More flows than there is room for: those without go through the table.
func TestAFullWindowCostsNothingButTime(t *testing.T) {
	b := newBench(t)
	b.server.table.flows = newFlows(1)
	packets := b.calls(50)
	missed := 0
	for _, p := range packets {
		number, _, _ := parseChannelData(p.b)
		if _, ok := b.server.table.flows.find(newFlowKey(p.addr, number, 1), b.worker.now); !ok {
			missed++
		}
		if out, to := b.answer(p.addr, p.b); out == nil || to == p.addr {
			t.Fatal("not forwarded")
		}
	}
	if missed == 0 {
		t.Error("room for all, so this shows nothing")
	}
}

func TestSlotsAreBounded(t *testing.T) {
	table := newTable(Config{Public4: relay4, MaxAllocations: blockSlots, MaxAllocationsPerTag: 1, BytesPerSecond: 1000})
	code, i := errorCode(0), 0
	for ; code == 0; i++ {
		who := tuple{clientAddress(i), 1}
		_, code = table.allocate(allocation{tuple: who, families: family4.set(), expires: time.Hour}, 0, true, 0)
		table.refresh(who, userID{}, 0, 0, transactionID{}, 0)
	}
	if code != codeCapacity || i != table.maxSlots+1 {
		t.Errorf("allocation %d: %d, want 508 when %d have ended and linger", i, code, table.maxSlots)
	}
	table.sweep(endedLinger)
	if _, code := table.allocate(allocation{families: family4.set(), expires: time.Hour}, 0, true, endedLinger); code != 0 {
		t.Errorf("after the sweep: %d", code)
	}
}
