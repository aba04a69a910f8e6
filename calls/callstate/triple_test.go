package callstate

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// place is a point of a call's life and how to get there.
type place struct {
	name   string
	role   Role
	state  State
	events []Event
}

func from(phone record.DeviceID, t seal.Type) Received { return Received{Device: phone, Type: t} }

// places are all states of both roles, those with an inner difference twice. The caller has two devices to choose from; the
// phone is the one that goes ahead.
func places() []place {
	var all []place
	walk := func(role Role, steps ...any) {
		var events []Event
		for i := 0; i < len(steps); i += 3 {
			if ev, ok := steps[i].(Event); ok {
				events = append(events, ev)
			}
			all = append(all, place{steps[i+1].(string), role, steps[i+2].(State), append([]Event(nil), events...)})
		}
	}
	both := Prepared{Devices: []record.DeviceID{phone, desk}}
	walk(Caller, nil, "new", StateNew, Dial{}, "preparing", StatePreparing, both, "dialing", StateDialing, from(phone, seal.TypeRing), "ringing", StateRinging,
		from(phone, seal.TypeAccept), "connecting", StateConnecting, MediaUp{}, "talking", StateTalking, PressHangup{}, "closing", StateClosing,
		InCallHangup{}, "leaving", StateLeaving, Received{Device: phone, Type: seal.TypeHangup}, "ended", StateEnded)
	walk(Caller, Dial{}, "", StatePreparing, both, "", StateDialing, from(phone, seal.TypeRing), "", StateRinging, from(phone, seal.TypeAccept), "", StateConnecting,
		MediaUp{}, "", StateTalking, MediaImpaired{}, "talking, restart out", StateTalking)
	walk(Callee, nil, "new", StateNew, OfferOpened{Parked: true, Visible: true}, "parked", StateParked, Unpark{}, "alerting, unseen", StateAlerting,
		Prepared{}, "alerting, seen", StateAlerting, PressAccept{}, "accepted", StateAccepted, Received{Type: seal.TypeConfirm}, "connecting", StateConnecting,
		MediaUp{}, "talking", StateTalking, PressHangup{}, "closing", StateClosing, InCallHangup{}, "leaving", StateLeaving,
		Received{Type: seal.TypeHangup}, "ended", StateEnded)
	walk(Callee, OfferOpened{}, "", StateAlerting, PressAccept{}, "accepted, unseen", StateAccepted, Prepared{}, "", StateAccepted,
		Received{Type: seal.TypeConfirm}, "", StateConnecting, MediaUp{}, "", StateTalking, MediaImpaired{}, "talking, restart out", StateTalking)
	return all
}

func (p place) machine(t *testing.T) *Machine {
	m := New(p.role)
	for _, ev := range p.events {
		m.Step(start, ev)
	}
	if m.State() != p.state {
		t.Fatalf("role %d, %s: in state %v", p.role, p.name, m.State())
	}
	return m
}

// outcomes are all that is not dropped: role, place, sender and type of the message, and what it leads to. Noted: the machine
// changes and says nothing. Whatever is not in this table changes nothing at all and is not answered.
const outcomes = `
caller dialing: phone says RING → ShowRinging
caller dialing: phone says REJECT → noted
caller dialing: desk says RING → ShowRinging
caller dialing: desk says REJECT → noted
caller ringing: phone says ACCEPT → SendConfirm, ConnectMedia, SendElsewhere
caller ringing: phone says REJECT → noted
caller ringing: phone says HANGUP → SendElsewhere, StopMedia, Finish hung-up
caller ringing: desk says RING → noted
caller ringing: desk says REJECT → noted
caller connecting: phone says CONNECTED → noted
caller connecting: phone says RESTART 1 → SendRestartAck
caller connecting: phone says HANGUP → StopMedia, Finish hung-up
caller talking: phone says CONNECTED → noted
caller talking: phone says RESTART 1 → SendRestartAck
caller talking: phone says HANGUP → StopMedia, Finish hung-up
caller closing: phone says HANGUP → StopMedia, Finish hung-up
caller leaving: phone says HANGUP → StopMedia, Finish hung-up
caller talking, restart out: phone says CONNECTED → noted
caller talking, restart out: phone says RESTART 2 → noted
caller talking, restart out: phone says HANGUP → StopMedia, Finish hung-up
caller talking, restart out: phone says RESTART-ACK 1 → FinishRestart
callee parked: caller says ELSEWHERE → StopMedia, Finish answered-elsewhere
callee parked: caller says HANGUP → StopMedia, Finish missed
callee alerting, unseen: caller says ELSEWHERE → StopMedia, Finish answered-elsewhere
callee alerting, unseen: caller says HANGUP → StopMedia, Finish missed
callee alerting, seen: caller says ELSEWHERE → StopMedia, Finish answered-elsewhere
callee alerting, seen: caller says HANGUP → StopMedia, Finish missed
callee accepted: caller says CONFIRM → SendConnected
callee accepted: caller says RESTART 1 → noted
callee accepted: caller says ELSEWHERE → StopMedia, Finish answered-elsewhere
callee accepted: caller says HANGUP → StopMedia, Finish hung-up
callee connecting: caller says RESTART 1 → SendRestartAck
callee connecting: caller says HANGUP → StopMedia, Finish hung-up
callee talking: caller says RESTART 1 → SendRestartAck
callee talking: caller says HANGUP → StopMedia, Finish hung-up
callee closing: caller says HANGUP → StopMedia, Finish hung-up
callee leaving: caller says HANGUP → StopMedia, Finish hung-up
callee accepted, unseen: caller says ELSEWHERE → StopMedia, Finish answered-elsewhere
callee accepted, unseen: caller says HANGUP → StopMedia, Finish hung-up
callee talking, restart out: caller says RESTART 1 → AbandonRestart, SendRestartAck
callee talking, restart out: caller says RESTART 2 → noted
callee talking, restart out: caller says HANGUP → StopMedia, Finish hung-up
callee talking, restart out: caller says RESTART-ACK 1 → FinishRestart
`

// TestEveryMessageInEveryStateHasADecidedOutcome tries all (role, state, message) triples, from every sender. covers S8
func TestEveryMessageInEveryStateHasADecidedOutcome(t *testing.T) {
	want := make(map[string]string)
	for line := range strings.Lines(strings.TrimSpace(outcomes)) {
		what, outcome, ok := strings.Cut(strings.TrimSpace(line), " → ")
		if !ok {
			t.Fatalf("%q", line)
		}
		want[what] = outcome
	}
	senders := map[Role][]struct {
		name string
		id   record.DeviceID
	}{
		Caller: {{"phone", phone}, {"desk", desk}, {"nobody", record.DeviceID{9}}, {"zero", record.DeviceID{}}},
		Callee: {{"caller", record.DeviceID{}}},
	}
	roles, tried := map[Role]string{Caller: "caller", Callee: "callee"}, 0
	for _, p := range places() {
		if p.name == "" {
			continue
		}
		for _, sender := range senders[p.role] {
			for kind := seal.Type(0); kind <= seal.TypeRestartAck+1; kind++ {
				for epoch := range uint32(4) {
					if epoch != 1 && kind != seal.TypeRestart && kind != seal.TypeRestartAck {
						continue
					}
					m := p.machine(t)
					before := *m
					before.devices = append([]device(nil), m.devices...)
					actions := m.Step(start, Received{Device: sender.id, Type: kind, Reject: seal.RejectBusy, Hangup: seal.HangupNormal, Epoch: epoch})
					tried++
					what := fmt.Sprintf("%s %s: %s says %s", roles[p.role], p.name, sender.name, typeName(kind))
					if kind == seal.TypeRestart || kind == seal.TypeRestartAck {
						what += fmt.Sprint(" ", epoch)
					}
					got := "drop"
					if len(actions) > 0 {
						got = outcomeOf(actions)
					} else if !reflect.DeepEqual(before, *m) {
						got = "noted"
					}
					expected := "drop"
					if o, ok := want[what]; ok {
						expected = o
						delete(want, what)
					}
					if got != expected {
						t.Errorf("%s → %s; want %s", what, got, expected)
					}
				}
			}
		}
	}
	for what := range want {
		t.Errorf("never happened: %s", what)
	}
	t.Logf("%d triples", tried)
}

func typeName(t seal.Type) string {
	names := []string{"0", "OFFER", "RING", "ACCEPT", "CONFIRM", "CONNECTED", "CANDIDATES", "RESTART", "REJECT", "ELSEWHERE", "HANGUP", "NOP", "RESTART-ACK"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprint(uint8(t))
}

func outcomeOf(actions []Action) string {
	var words []string
	for _, a := range actions {
		word := strings.TrimPrefix(fmt.Sprintf("%T", a), "callstate.")
		if f, ok := a.(Finish); ok {
			word += " " + f.Result.String()
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
