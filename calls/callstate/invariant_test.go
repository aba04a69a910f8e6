package callstate

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// anything is every event that the world can send, wrong ones included.
func anything() []Event {
	events := []Event{
		Dial{}, OfferOpened{}, OfferOpened{Visible: true}, OfferOpened{Busy: true}, OfferOpened{Parked: true, Visible: true},
		OfferOpened{Refuse: seal.RejectOffHours, Visible: true}, Yield{}, Yield{Ours: true}, Unpark{}, Refuse{seal.RejectDeclined}, Superseded{}, Prepared{}, Prepared{Devices: []record.DeviceID{phone, desk}},
		PrepareFailed{Result: ConnectFailed}, OfferTaken{}, PressAccept{}, PressReject{seal.RejectDeclined}, PressHangup{}, Quit{}, MediaUp{}, MediaFailed{}, MediaImpaired{}, MediaRestored{}, MediaRestored{Epoch: 1},
		InCallHangup{seal.HangupNormal}, InCallHangupAcked{}, Timeout{},
	}
	for kind := seal.Type(0); kind <= seal.TypeRestartAck+1; kind++ {
		for _, device := range []record.DeviceID{{}, phone, desk, {9}} {
			for epoch := range uint32(3) {
				events = append(events, Received{Device: device, Type: kind, Transport: true, Reject: seal.RejectBusy, Hangup: seal.HangupNormal, Epoch: epoch})
				if kind != seal.TypeRestart && kind != seal.TypeRestartAck {
					break
				}
			}
		}
	}
	return events
}

// watch follows a machine from outside and knows what must never happen.
type watch struct {
	t         *testing.T
	role      Role
	accepted  bool // the callee's human has pressed
	confirmed int
	voices    int
	finished  int
	keyed     bool
}

func (w *watch) check(ev Event, actions []Action) {
	w.t.Helper()
	if _, ok := ev.(PressAccept); ok {
		w.accepted = true
	}
	for i, a := range actions {
		if w.finished > 0 {
			w.t.Fatalf("%T after the end", a)
		}
		switch a.(type) {
		case BecomeCallee:
			w.role, w.accepted = Callee, true // by the press of call
		case SendConfirm:
			w.confirmed++
			w.keyed = true
		case SendConnected:
			w.keyed = true
		case SendAccept:
			if !w.accepted {
				w.t.Fatal("consent without a press")
			}
		case StartVoice:
			w.voices++
			if !w.keyed {
				w.t.Fatal("I1: the microphone opens without a key")
			}
			if w.role == Callee && !w.accepted {
				w.t.Fatal("I1: the microphone opens without consent")
			}
		case Finish:
			w.finished++
			if i != len(actions)-1 {
				w.t.Fatal("Finish is not the last action")
			}
		}
	}
	if w.confirmed > 1 {
		w.t.Fatal("I2: two devices are confirmed")
	}
	if w.voices > 1 {
		w.t.Fatal("voice starts twice")
	}
	if w.finished > 1 {
		w.t.Fatal("I4: two results")
	}
}

// TestNoOrderOfEventsBreaksAnInvariant walks random schedules of everything that can happen. covers M1, S8, S9 (one device
// and two; see TestSchedules for whole worlds)
func TestNoOrderOfEventsBreaksAnInvariant(t *testing.T) {
	events := anything()
	schedules := 200_000
	if testing.Short() {
		schedules = 20_000
	}
	for seed := range schedules {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		role := Role(1 + seed%2)
		m, w, now := New(role), &watch{t: t, role: role}, start
		if role == Caller {
			w.check(Dial{}, m.Step(now, Dial{}))
			w.check(Prepared{}, m.Step(now, Prepared{Devices: []record.DeviceID{phone, desk}}))
		}
		for range 24 {
			ev := events[r.IntN(len(events))]
			if _, ok := ev.(Timeout); ok && !m.Deadline().IsZero() {
				now = m.Deadline()
			}
			w.check(ev, m.Step(now, ev))
		}
	}
}

// TestEveryCallEnds lets time pass in every reachable state: no call waits for ever unless two people talk. covers N9 in part
func TestEveryCallEnds(t *testing.T) {
	events := anything()
	for seed := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		m, now := New(Role(1+seed%2)), start
		for range r.IntN(16) {
			_ = m.Step(now, events[r.IntN(len(events))])
		}
		for range 100 {
			at := m.Deadline()
			if at.IsZero() {
				break
			}
			if at.Before(now) {
				at = now
			}
			now = at
			_ = m.Step(now, Timeout{})
		}
		switch m.State() {
		case StateEnded, StateTalking, StateNew:
		default:
			t.Fatalf("seed %d: a call stays in state %v for ever", seed, m.State())
		}
		if now.Sub(start) > 2*time.Minute {
			t.Fatalf("seed %d: ended only after %v", seed, now.Sub(start))
		}
	}
}

func BenchmarkStep(b *testing.B) {
	events := anything()
	for b.Loop() {
		m := New(Caller)
		for _, ev := range events {
			_ = m.Step(start, ev)
		}
	}
}
