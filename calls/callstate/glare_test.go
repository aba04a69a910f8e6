package callstate

import (
	"fmt"
	"testing"
)

// talks lists the pairs of devices that talk.
func (w *world) talks() (pairs [][2]uint8) {
	for n := range w.nodes {
		for i := range w.nodes[n].calls {
			c := &w.nodes[n].calls[i]
			if c.ended || c.role != Caller || c.m.state != StateTalking {
				continue
			}
			if to, o := w.other(uint8(n), c); o != nil && o.m.state == StateTalking {
				pairs = append(pairs, [2]uint8{uint8(n), to})
			}
		}
	}
	return pairs
}

// live counts calls that have not ended.
func (w *world) live() (calls int) {
	for n := range w.nodes {
		for i := range w.nodes[n].calls {
			if !w.nodes[n].calls[i].ended {
				calls++
			}
		}
	}
	return calls
}

// oneCall wants one pair to talk, nothing else to be alive, and no ring at a human who was calling that very account.
func oneCall(w *world) string {
	if pairs := w.talks(); len(pairs) != 1 {
		return "not one call but these: " + text(pairs)
	}
	if w.live() != 2 {
		return "more than the one call is alive"
	}
	return noSecondRing(w)
}

func noSecondRing(w *world) string {
	for n := range w.nodes {
		if w.nodes[n].alertsWhilePressed > 0 {
			return "a second ring"
		}
	}
	return ""
}

func text(v any) string { return fmt.Sprint(v) }

// TestTwoPeopleWhoCallEachOtherGetOneCallInEveryOrder: one device each. covers N10
func TestTwoPeopleWhoCallEachOtherGetOneCallInEveryOrder(t *testing.T) {
	for _, spend := range []budget{{}, {drops: 1, twice: 1}, {drops: 2}, {drops: 1, ticks: 1}} {
		e := explorer{t: t, begin: newWorld(1, 0, 1), dials: []press{{0, 1}, {1, 0}}, accept: []uint8{0, 1}, spend: spend, check: oneCall}
		e.run()
	}
}

// TestGlareAcrossDevices: both have two devices; one of each dials, and the others' humans accept whatever rings. covers N10
func TestGlareAcrossDevices(t *testing.T) {
	e := explorer{t: t, prompt: true, begin: newWorld(1, 0, 0, 1, 1), dials: []press{{0, 1}, {2, 0}}, check: oneCall}
	e.run()
	e = explorer{t: t, prompt: true, begin: newWorld(1, 0, 0, 1), dials: []press{{0, 1}, {2, 0}}, accept: []uint8{1}, spend: budget{drops: 1}, check: oneCall}
	e.run()
	e = explorer{t: t, begin: newWorld(1, 0, 0, 1), dials: []press{{0, 1}, {2, 0}}, accept: []uint8{1}, check: oneCall}
	e.run()
	e = explorer{t: t, prompt: true, begin: newWorld(1, 0, 1, 1), dials: []press{{0, 1}, {1, 0}}, accept: []uint8{2}, check: oneCall}
	e.run()
}

// TestAGlareThatSomebodyLeavesEndsOnBothSides: humans hang up at any moment. covers N10
func TestAGlareThatSomebodyLeavesEndsOnBothSides(t *testing.T) {
	e := explorer{t: t, prompt: true, begin: newWorld(1, 0, 1), dials: []press{{0, 1}, {1, 0}}, accept: []uint8{0, 1}, spend: budget{hangups: 2}, check: noSecondRing}
	e.run()
}

// TestAnAccountThatCallsItself: two devices of one account press call. covers N10
func TestAnAccountThatCallsItself(t *testing.T) {
	e := explorer{t: t, begin: newWorld(1, 0, 0), dials: []press{{0, 0}, {1, 0}}, spend: budget{drops: 1}, check: oneCall}
	e.run()
}

// TestTwoDevicesThatAccept: everybody's human accepts, one device is confirmed. covers N9, M1
func TestTwoDevicesThatAccept(t *testing.T) {
	for _, spend := range []budget{{}, {drops: 2}, {twice: 1}, {drops: 1, twice: 1}} {
		e := explorer{t: t, begin: newWorld(1, 0, 1, 1), dials: []press{{0, 1}}, accept: []uint8{1, 2}, spend: spend, check: oneCall}
		e.run()
	}
	e := explorer{t: t, prompt: true, begin: newWorld(1, 0, 1, 1), dials: []press{{0, 1}}, accept: []uint8{1, 2}, spend: budget{drops: 1, ticks: 1}, check: oneCall}
	e.run()
}
