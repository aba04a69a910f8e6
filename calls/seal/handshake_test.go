package seal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

func TestTwoPeopleAgreeOnOneVoiceKeyAndOneCode(t *testing.T) {
	w := newWorld(t)
	a := w.talking()
	b := w.callee.Root()
	for dir := range uint8(2) {
		if a.Base(dir) != b.Base(dir) {
			t.Errorf("direction %d: different voice keys", dir)
		}
	}
	if a.Base(0) == a.Base(1) {
		t.Error("both directions have one key")
	}
	code := w.caller.Code(w.bob.DeviceID())
	if code == "" || code != w.callee.Code() || len(code) != 11 {
		t.Errorf("codes %q and %q", code, w.callee.Code())
	}
	before := a.Base(0)
	a.Ratchet()
	b.Ratchet()
	if a.Base(0) == before || a.Base(0) != b.Base(0) || a.Epoch() != 1 {
		t.Error("the ratchet does not turn on both sides alike")
	}
}

func TestTheOfferSaysEverythingTheCalleeNeeds(t *testing.T) {
	w := newWorld(t).offered()
	o := w.callee.Offer()
	cfg := callerConfig(t, w.alice, w.bob)
	if o.Account != w.alice.Account() || o.ReplyServer != "https://a.example" || o.CallID != w.caller.CallID() ||
		fmt.Sprintf("%+v", [1]string{o.Transport.Ufrag}) != fmt.Sprintf("%+v", [1]string{cfg.Transport.Ufrag}) ||
		len(o.Transport.Candidates) != 2 || o.Relay.Password != cfg.Relay.Password || o.Media != DefaultMedia || !o.Time.Equal(start) || o.BestSuite() != record.SuiteXWing {
		t.Error("the offer does not arrive as it was made")
	}
}

func TestASessionCarriesMessagesBothWaysInAnyOrder(t *testing.T) {
	w := newWorld(t)
	w.talking()
	var sealed []Envelope
	for range window - 2 {
		_, env, err := w.caller.Seal(start, bobsDevice(w), &Candidates{Candidates: transport(1).Candidates, End: true})
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, env)
	}
	for i := len(sealed) - 1; i >= 0; i-- {
		m := w.atCallee(sealed[i], TypeCandidates).(*Candidates)
		if !m.End || len(m.Candidates) != 2 {
			t.Fatal("candidates changed on the way")
		}
	}
	if _, err := w.callee.Open(&sealed[0]); !errors.Is(err, ErrEnvelope) {
		t.Errorf("a repeated envelope: %v", err)
	}
	for _, m := range []Message{&Restart{Epoch: 3, Ufrag: "u", Pwd: "p"}, &RestartAck{Epoch: 3}, &Nop{}, &Hangup{HangupNormal}} {
		env, err := w.callee.Seal(m)
		if err != nil {
			t.Fatal(err)
		}
		w.atCaller(env, m.Type())
	}
}

func TestACalleeRejectsBeforeAndAfterRinging(t *testing.T) {
	w := newWorld(t).offered()
	env, err := w.callee.Reject(RejectBusy)
	if err != nil {
		t.Fatal(err)
	}
	if m := w.atCaller(env, TypeReject).(*Reject); m.Reason != RejectBusy {
		t.Error("another reason arrives")
	}
	if _, err := w.callee.Ring(w.bobQueue, nil); !errors.Is(err, ErrState) {
		t.Errorf("ringing after a no: %v", err)
	}
	w = newWorld(t).rung()
	if env, err = w.callee.Reject(RejectDeclined); err != nil {
		t.Fatal(err)
	}
	w.atCaller(env, TypeReject)
}

func TestADeviceThatNeverRangIsToldToStop(t *testing.T) {
	for _, m := range []Message{&Hangup{HangupCancelled}, &Elsewhere{Declined: true}} {
		w := newWorld(t).offered()
		to, env, err := w.caller.Seal(start, bobsDevice(w), m)
		if err != nil || to != w.bob.Mailbox() {
			t.Fatal(err)
		}
		in, err := OpenMailbox(w.bob, &env, start, 0, &w.replay)
		if err != nil {
			t.Fatal(err)
		}
		late := in.(*Late)
		if late.Message.Type() != m.Type() || !late.About(w.callee) {
			t.Error("not about this call")
		}
		if _, err := OpenMailbox(w.bob, &env, start, 0, &w.replay); !errors.Is(err, ErrReplayed) {
			t.Errorf("a second time: %v", err)
		}
		other := newWorld(t).offered()
		if late.About(other.callee) {
			t.Error("about another call as well")
		}
	}
	w := newWorld(t)
	if _, _, err := w.caller.Seal(start, bobsDevice(w), &Nop{}); !errors.Is(err, ErrState) {
		t.Errorf("NOP to a mailbox: %v", err)
	}
}

func TestNoKeyBeforeConsentAndNoConsentTwice(t *testing.T) { // covers M1 for the keys
	w := newWorld(t).rung()
	if w.callee.Root() != nil {
		t.Error("the callee has a voice key while it rings")
	}
	if _, _, _, err := w.caller.Confirm(bobsDevice(w)); !errors.Is(err, ErrState) {
		t.Errorf("confirming without consent: %v", err)
	}
	if _, err := w.callee.Accept(nil); err != nil {
		t.Fatal(err)
	}
	if w.callee.Root() != nil {
		t.Error("the callee has a voice key before it is chosen")
	}
	if _, err := w.callee.Accept(nil); !errors.Is(err, ErrState) {
		t.Errorf("accepting twice: %v", err)
	}
	if _, err := w.callee.Connected(); !errors.Is(err, ErrState) {
		t.Errorf("connected before confirm: %v", err)
	}
	if _, err := w.callee.Seal(&Accept{}); !errors.Is(err, ErrState) {
		t.Errorf("an ACCEPT around Accept: %v", err)
	}
}

func TestTheCallersCandidatesMayComeWithAcceptInstead(t *testing.T) {
	w := newWorld(t).offered()
	env, err := w.callee.Ring(w.bobQueue, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.atCaller(env, TypeRing)
	if _, err := w.callee.Accept(nil); !errors.Is(err, ErrState) {
		t.Errorf("accepting without a transport: %v", err)
	}
	tr := transport('b')
	if env, err = w.callee.Accept(&tr); err != nil {
		t.Fatal(err)
	}
	if m := w.atCaller(env, TypeAccept).(*Accept); m.Transport == nil || m.Transport.Ufrag != tr.Ufrag {
		t.Error("no transport arrives")
	}
}

func TestAnOfferForBobIsUselessToCarol(t *testing.T) { // covers S4
	w := newWorld(t)
	carol := newPerson(t, "https://b.example")
	env := w.offer()
	if _, err := OpenMailbox(carol, &env, start, 0, new(ReplaySet)); !errors.Is(err, ErrEnvelope) {
		t.Errorf("as it is: %v", err)
	}
	// Bob, who can open it, seals the very same signed content to carol.
	inner := w.innerOffer()
	forwarded := sealInnerTo(t, carol, inner)
	if _, err := OpenMailbox(carol, &forwarded, start, 0, new(ReplaySet)); !errors.Is(err, ErrEnvelope) {
		t.Errorf("forwarded: %v", err)
	}
}

func TestAnOfferRingsOnce(t *testing.T) { // covers S3
	w := newWorld(t)
	env := w.offer()
	w.offered()
	if _, err := OpenMailbox(w.bob, &env, start.Add(2*time.Second), 0, &w.replay); !errors.Is(err, ErrReplayed) {
		t.Errorf("the same offer again: %v", err)
	}
	stored, err := ParseReplaySet(w.replay.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenMailbox(w.bob, &env, start.Add(2*time.Second), 0, stored); !errors.Is(err, ErrReplayed) {
		t.Errorf("after a restart: %v", err)
	}
	other := newPerson(t, "https://b.example") // another account, and so another device
	if _, err := OpenMailbox(other, &env, start, 0, new(ReplaySet)); !errors.Is(err, ErrEnvelope) {
		t.Errorf("another device: %v", err)
	}
	fresh := new(ReplaySet)
	if _, err := OpenMailbox(w.bob, &env, start, MaxOfferAge+time.Second, fresh); !errors.Is(err, ErrStale) {
		t.Errorf("an old offer: %v", err)
	}
	for _, skew := range []time.Duration{-2 * time.Minute, 2 * time.Minute, 24 * time.Hour} {
		if _, err := OpenMailbox(w.bob, &env, start.Add(skew), 0, fresh); !errors.Is(err, ErrClock) {
			t.Errorf("a clock %v off: %v", skew, err)
		}
	}
	if _, err := OpenMailbox(w.bob, &env, start.Add(50*time.Second), 50*time.Second, fresh); err != nil {
		t.Errorf("an offer that waited is as good: %v", err)
	}
}

func TestTheMemoryOfOffersForgetsInTimeAndIsBounded(t *testing.T) {
	var r ReplaySet
	if !r.add([32]byte{1}, start) || !r.contains([32]byte{1}) {
		t.Fatal("nothing is remembered")
	}
	r.add([32]byte{2}, start.Add(replayMemory+time.Second))
	if r.contains([32]byte{1}) {
		t.Error("an offer is remembered for ever")
	}
	for i := range maxReplay - 1 {
		r.add([32]byte{3, byte(i), byte(i >> 8)}, start.Add(replayMemory+time.Second))
	}
	if r.add([32]byte{4}, start.Add(replayMemory+time.Second)) {
		t.Error("the memory is not bounded")
	}
	for _, damaged := range [][]byte{nil, {9}, {1, 2}, append(r.Append(nil), 0)} {
		if _, err := ParseReplaySet(damaged); !errors.Is(err, ErrReplaySet) {
			t.Errorf("damaged: %v", err)
		}
	}
}

func TestASuiteIsNeverGivenUp(t *testing.T) { // covers S5
	w := newWorld(t)
	// An offer that lists only an unknown suite, properly signed.
	w.caller.offer.Suites = []uint16{0x7777}
	if err := w.caller.sealOffer(w.caller.targets[0]); err != nil {
		t.Fatal(err)
	}
	env := w.offer()
	if _, err := OpenMailbox(w.bob, &env, start, 0, new(ReplaySet)); !errors.Is(err, ErrSuite) {
		t.Errorf("an unknown suite: %v", err)
	}
	w.caller.offer.Suites = nil
	if err := w.caller.sealOffer(w.caller.targets[0]); err != nil {
		t.Fatal(err)
	}
	env = w.offer()
	if _, err := OpenMailbox(w.bob, &env, start, 0, new(ReplaySet)); !errors.Is(err, ErrEnvelope) {
		t.Errorf("no suite: %v", err)
	}
	// A callee that echoes another list than it was offered: somebody has stripped it.
	w = newWorld(t)
	w.caller.offer.Suites = []uint16{record.SuiteXWing, 2}
	if err := w.caller.sealOffer(w.caller.targets[0]); err != nil {
		t.Fatal(err)
	}
	w.offered()
	w.callee.offer.Suites = []uint16{record.SuiteXWing}
	ring := w.ring()
	if _, _, err := w.caller.Open(start, &ring); !errors.Is(err, ErrSuite) {
		t.Errorf("a stripped list: %v", err)
	}
	// A contact that once had more.
	cfg := callerConfig(t, w.alice, w.bob)
	cfg.HighestSuite = 2
	if _, err := NewCaller(cfg); !errors.Is(err, ErrSuite) {
		t.Errorf("below the contact's highest suite: %v", err)
	}
}

func TestADeviceWithoutAValidPrekeyIsNotCalled(t *testing.T) {
	w := newWorld(t)
	cfg := callerConfig(t, w.alice, w.bob)
	cfg.Published.Prekeys = nil
	if _, err := NewCaller(cfg); !errors.Is(err, ErrNoDevice) {
		t.Errorf("no prekey: %v", err)
	}
	cfg = callerConfig(t, w.alice, w.bob)
	cfg.Now = start.Add(30 * 24 * time.Hour)
	if _, err := NewCaller(cfg); !errors.Is(err, ErrNoDevice) {
		t.Errorf("an expired prekey: %v", err)
	}
	cfg = callerConfig(t, w.alice, w.bob)
	cfg.Published.Prekeys[0].Key[5] ^= 1 // covers S1: the server swaps the prekey
	if _, err := NewCaller(cfg); !errors.Is(err, ErrNoDevice) {
		t.Errorf("a swapped prekey: %v", err)
	}
	cfg = callerConfig(t, w.alice, w.bob)
	cfg.Transport.Candidates = make([]Candidate, MaxCandidates+1)
	if _, err := NewCaller(cfg); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many candidates: %v", err)
	}
}

func TestSecretTypesPrintAsTheirNames(t *testing.T) { // covers C11
	w := newWorld(t)
	root := w.talking()
	for want, v := range map[string]any{
		"seal.Caller": w.caller, "seal.Callee": w.callee, "seal.MediaRoot": root, "seal.Offer": *w.callee.Offer(), "seal.CallID": w.caller.CallID(),
		"seal.Transport": transport(1), "seal.Candidate": transport(1).Candidates[0], "seal.Relay": w.callee.Offer().Relay,
		"seal.Accept": &Accept{}, "seal.Confirm": &Confirm{}, "seal.Connected": &Connected{}, "seal.Ring": &Ring{}, "seal.Restart": &Restart{},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s prints %q", verb, got)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		if !strings.Contains(log.String(), "v="+want+"\n") {
			t.Errorf("slog prints %s", log.String())
		}
	}
}

func TestWipingLeavesNothingThatOpens(t *testing.T) {
	w := newWorld(t)
	w.talking()
	env, err := w.callee.Seal(&Nop{})
	if err != nil {
		t.Fatal(err)
	}
	w.caller.Wipe()
	if _, _, err := w.caller.Open(start, &env); !errors.Is(err, ErrEnvelope) {
		t.Errorf("a wiped caller opens: %v", err)
	}
	w.callee.Wipe()
	if w.callee.Root() != nil {
		t.Error("a wiped callee has a voice key")
	}
	if _, err := w.callee.Seal(&Nop{}); !errors.Is(err, ErrState) {
		t.Errorf("a wiped callee seals: %v", err)
	}
}

func TestEveryEnvelopeLooksTheSame(t *testing.T) { // covers P6
	w := newWorld(t)
	offer := w.offer()
	w.offered()
	ring := w.ring()
	w.atCaller(ring, TypeRing)
	accept, err := w.callee.Accept(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.atCaller(accept, TypeAccept)
	confirm, _ := w.confirm()
	seen := make(map[envelope.KeyID]bool)
	for _, env := range []Envelope{offer, ring, accept, confirm} {
		h, err := envelope.ParseHeader(env[:])
		if err != nil || env[0] != 1 || env[1] != 1 || seen[h.KeyID] {
			t.Error("an envelope stands out")
		}
		seen[h.KeyID] = true
		account, id := w.alice.Account().Bytes(), w.caller.CallID()
		if bytes.Contains(env[:], account[:8]) || bytes.Contains(env[:], id[:8]) || bytes.Contains(env[:], make([]byte, 16)) {
			t.Error("an envelope shows its content")
		}
	}
}
