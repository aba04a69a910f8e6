package callstate

import (
	"testing"
	"time"
)

// ring0 is a world in which device 0 has called and device 1 rings.
func ring0() *world {
	w := newWorld(1, 0, 1)
	w.dial(0, 1)
	w.settle(w.now.Add(500 * time.Millisecond))
	return w
}

// talk0 is a world in which device 0 has called and talks with device 1.
func talk0() *world {
	w := ring0()
	w.accepts = []uint8{1}
	w.settle(w.now.Add(5 * time.Second))
	w.accepts = nil
	return w
}

// again is a crash of the app that calls again at once.
func again(n uint8, account int) once {
	return once{"crash, and call again", func(w *world) {
		w.crash(n)
		w.nodes[n].down = false
		w.now = w.now.Add(time.Second)
		w.dial(n, account)
	}}
}

// TestWhoCallsAgainIsHeardAlthoughTheOldCallLooksUp: the app of one side dies in a call and calls again. The old call ends at
// the other side, the new one rings, and nobody hears that the phone is busy with a call that is not there. covers S9, N4
func TestWhoCallsAgainIsHeardAlthoughTheOldCallLooksUp(t *testing.T) {
	for _, begin := range []func() *world{ring0, talk0} {
		for _, spend := range []budget{{}, {drops: 1}, {twice: 1}, {ticks: 1}} {
			e := explorer{t: t, prompt: true, begin: begin(), deeds: []once{again(0, 1)}, accept: []uint8{1}, spend: spend, check: oneCall}
			e.run()
		}
	}
	// The callee calls back: its offer waits until the old call is seen to be dead.
	for _, spend := range []budget{{}, {drops: 1}, {twice: 1, ticks: 1}} {
		e := explorer{t: t, prompt: true, begin: talk0(), deeds: []once{again(1, 0)}, accept: []uint8{0}, spend: spend, check: oneCall}
		e.run()
	}
}

// TestBothAppsCrashAndBothCallAgain is a glare among the ruins: the winner may be waiting for a device that has forgotten its
// call, and then both ring out; never do both talk in two calls. covers N10
func TestBothAppsCrashAndBothCallAgain(t *testing.T) {
	e := explorer{t: t, prompt: true, calm: 70 * time.Second, begin: talk0(), deeds: []once{again(0, 1), again(1, 0)}, accept: []uint8{0, 1}, check: func(w *world) string {
		if pairs := w.talks(); len(pairs) > 1 || w.live() != 2*len(pairs) {
			return "neither one call nor none: " + text(pairs)
		}
		return noSecondRing(w)
	}}
	e.run()
}
