package callstate

import (
	"fmt"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// impair is dead air at one side.
func impair(n uint8) once {
	return once{fmt.Sprintf("dead air at %d", n), func(w *world) { w.pressTalking(n, MediaImpaired{}) }}
}

// restore is voice that arrives again at one side, by the old path or a new one.
func restore(n uint8) once {
	return once{fmt.Sprintf("voice at %d", n), func(w *world) { w.voiceAt(n) }}
}

func (w *world) talking(n uint8) *wcall {
	for i := range w.nodes[n].calls {
		if c := &w.nodes[n].calls[i]; !c.ended && c.m.state == StateTalking {
			return c
		}
	}
	return nil
}

func (w *world) pressTalking(n uint8, ev Event) {
	if c := w.talking(n); c != nil {
		w.press(n, c.ref, ev)
	}
}

func (w *world) voiceAt(n uint8) {
	if c := w.talking(n); c != nil {
		if _, o := w.other(n, c); o != nil {
			w.press(n, c.ref, MediaRestored{Epoch: min(c.m.epoch, o.m.epoch)})
		}
	}
}

// sameKeys lets voice arrive and wants both sides to have the same key, and neither to wait for anything.
func sameKeys(w *world) string {
	for range 3 {
		w.voiceAt(0)
		w.voiceAt(1)
		w.settle(w.now.Add(4 * time.Second))
	}
	a, b := w.talking(0), w.talking(1)
	switch {
	case a == nil || b == nil:
		return "the call is lost"
	case a.m.epoch != b.m.epoch || a.chain != b.chain:
		return fmt.Sprintf("epochs %d and %d", a.m.epoch, b.m.epoch)
	case a.m.epoch == 0:
		return "no restart"
	}
	for _, m := range []*Machine{&a.m, &b.m} {
		if m.asked || m.unsure || m.impaired || m.held != 0 || !m.Deadline().IsZero() {
			return fmt.Sprintf("role %d still waits: asked %v, unsure %v, impaired %v, held %d", m.role, m.asked, m.unsure, m.impaired, m.held)
		}
	}
	return ""
}

// TestRestartsAgreeInEveryOrder: both sides notice dead air, once or again, and voice comes back or does not. Whatever crosses,
// is lost or comes twice, both end with the same key. covers N3, S9
func TestRestartsAgreeInEveryOrder(t *testing.T) {
	for _, c := range []struct {
		deeds []once
		spend budget
	}{
		{[]once{impair(0)}, budget{drops: 2, twice: 1, ticks: 2}},
		{[]once{impair(1)}, budget{drops: 2, twice: 1, ticks: 2}},
		{[]once{impair(0), impair(1)}, budget{drops: 1, twice: 1, ticks: 3}},
		{[]once{impair(0), impair(1), restore(0), restore(1)}, budget{drops: 1, ticks: 2}},
		{[]once{impair(0), impair(1), restore(0), restore(1), impair(0), impair(1)}, budget{drops: 1, ticks: 1}},
	} {
		e := explorer{t: t, prompt: true, calm: 10 * time.Second, begin: talk0(), deeds: c.deeds, spend: c.spend, check: sameKeys}
		e.run()
	}
}

func TestARestartThatHelps(t *testing.T) {
	s := newStory(t, Caller).talking()
	s.want("connected", Received{Device: phone, Type: seal.TypeConnected})
	s.want("dead air", MediaImpaired{}, SendRestart{1})
	s.want("still", MediaImpaired{})
	s.later("no answer", time.Second, Repeat{phone, seal.TypeRestart})
	s.want("an answer to something else", Received{Device: phone, Type: seal.TypeRestartAck, Epoch: 2})
	s.want("the answer", Received{Device: phone, Type: seal.TypeRestartAck, Epoch: 1}, FinishRestart{1})
	s.want("voice with the new key", MediaRestored{Epoch: 1})
	if at := s.m.Deadline(); !at.IsZero() || s.m.Impaired() {
		t.Fatalf("something is due at %v, impaired %v", at, s.m.Impaired())
	}
}

func TestARestartThatDoesNotHelpIsFollowedByAnother(t *testing.T) {
	s := newStory(t, Callee).talking()
	s.want("their restart", Received{Type: seal.TypeRestart, Epoch: 1}, SendRestartAck{1})
	s.want("dead air", MediaImpaired{}, Repeat{record.DeviceID{}, seal.TypeRestartAck})
	s.silence(calleePatience)
	s.want("nothing has helped", Timeout{}, SendRestart{2})
}

func TestTheCallersRestartWinsAGlare(t *testing.T) {
	s := newStory(t, Caller).talking()
	s.want("dead air", MediaImpaired{}, SendRestart{1})
	s.want("theirs crosses ours", Received{Device: phone, Type: seal.TypeRestart, Epoch: 1})
	s = newStory(t, Callee).talking()
	s.want("dead air", MediaImpaired{}, SendRestart{1})
	s.want("theirs crosses ours", Received{Type: seal.TypeRestart, Epoch: 1}, AbandonRestart{}, SendRestartAck{1})
}

func TestACallSurvivesHalfAMinuteWithoutVoiceAndNoMore(t *testing.T) { // covers N3
	s := newStory(t, Caller).talking()
	s.want("connected", Received{Device: phone, Type: seal.TypeConnected})
	s.want("dead air", MediaImpaired{}, SendRestart{1})
	s.silence(RecoverTimeout - 1)
	if s.m.State() != StateTalking {
		t.Fatalf("state %v", s.m.State())
	}
	s.now = s.now.Add(1)
	s.want("too long", Timeout{}, SendHangup{phone, seal.HangupMediaLost}, StopMedia{}, Finish{MediaLost})
}

func TestADeafCallHangsUpThroughTheServerAtOnce(t *testing.T) {
	s := newStory(t, Caller).talking()
	s.want("dead air", MediaImpaired{}, SendRestart{1})
	s.want("press hang-up", PressHangup{}, SendInCallHangup{seal.HangupNormal}, SendHangup{phone, seal.HangupNormal})
}

func TestAPathThatBreaksWhileItRingsIsRestartedWithTheFirstKey(t *testing.T) {
	s := newStory(t, Caller).ringing()
	s.want("the path is up", MediaUp{})
	s.want("and gone", MediaImpaired{})
	s.want("they accept", Received{Device: phone, Type: seal.TypeAccept}, SendConfirm{phone}, SendRestart{1})
	s.want("their answer", Received{Device: phone, Type: seal.TypeRestartAck, Epoch: 1}, FinishRestart{1})
	s.want("voice", MediaRestored{Epoch: 1}, StartVoice{})
}

func TestAKeyIsRenewedInACallThatIsWell(t *testing.T) {
	s := newStory(t, Caller).talking()
	s.want("nobody may be there who has the key", Renew{})
	s.want("connected", Received{Device: phone, Type: seal.TypeConnected})
	s.want("half an hour", Renew{}, SendRestart{1})
	s.want("an hour, and never an answer", Renew{}, Repeat{phone, seal.TypeRestart})
	s.want("the answer", Received{Device: phone, Type: seal.TypeRestartAck, Epoch: 1}, FinishRestart{1})
	s.want("again", Renew{}, SendRestart{2})
}
