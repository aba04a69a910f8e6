package callstate

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

var (
	start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	phone = record.DeviceID{1}
	desk  = record.DeviceID{2}
)

// story drives one machine and holds each step against what is wanted.
type story struct {
	t   *testing.T
	m   *Machine
	now time.Time
}

func newStory(t *testing.T, role Role) *story { return &story{t, New(role), start} }

// want steps ev and wants exactly these actions.
func (s *story) want(what string, ev Event, want ...Action) {
	s.t.Helper()
	got := s.m.Step(s.now, ev)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		s.t.Fatalf("%s: got %s, want %s", what, list(got), list(want))
	}
}

// later lets the deadline come, which must be after d.
func (s *story) later(what string, d time.Duration, want ...Action) {
	s.t.Helper()
	if at := s.m.Deadline(); !at.Equal(s.now.Add(d)) {
		s.t.Fatalf("%s: deadline in %v, want %v", what, at.Sub(s.now), d)
	}
	s.now = s.now.Add(d)
	s.want(what, Timeout{}, want...)
}

// silence lets time pass, d from now, in which only repetitions are due.
func (s *story) silence(d time.Duration) *story {
	s.t.Helper()
	until := s.now.Add(d)
	for at := s.m.Deadline(); !at.IsZero() && at.Before(until); at = s.m.Deadline() {
		s.now = at
		for _, a := range s.m.Step(s.now, Timeout{}) {
			if _, ok := a.(Repeat); !ok {
				s.t.Fatalf("in silence: %s", list([]Action{a}))
			}
		}
	}
	s.now = until
	return s
}

func list(actions []Action) string {
	text := ""
	for _, a := range actions {
		text += fmt.Sprintf("%T%v ", a, a)
	}
	return text
}

func (s *story) dialing(devices ...record.DeviceID) *story {
	s.t.Helper()
	s.want("press call", Dial{}, Prepare{})
	var offers []Action
	for _, d := range devices {
		offers = append(offers, SendOffer{d})
	}
	s.want("prepared", Prepared{Devices: devices}, offers...)
	return s
}

func (s *story) ringing() *story {
	s.t.Helper()
	s.dialing(phone)
	s.want("it rings", Received{Device: phone, Type: seal.TypeRing, Transport: true}, ShowRinging{}, ConnectMedia{phone})
	return s
}

func (s *story) talking() *story {
	s.t.Helper()
	if s.m.Role() == Caller {
		s.ringing()
		s.want("the path is up while it rings", MediaUp{})
		s.want("they accept", Received{Device: phone, Type: seal.TypeAccept}, SendConfirm{phone}, StartVoice{})
		return s
	}
	s.want("an offer of a contact", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.want("prepared", Prepared{}, SendRing{}, ConnectMedia{})
	s.want("the path is up", MediaUp{})
	s.want("press accept", PressAccept{}, SendAccept{})
	s.want("confirmed", Received{Type: seal.TypeConfirm}, SendConnected{}, StartVoice{})
	return s
}

func (s *story) ended(want Result) {
	s.t.Helper()
	if s.m.State() != StateEnded || s.m.Result() != want || !s.m.Deadline().IsZero() {
		s.t.Fatalf("state %v, result %v, deadline %v; want ended, %v", s.m.State(), s.m.Result(), s.m.Deadline(), want)
	}
}

func TestACallIsMadeAndHungUpInsideTheVoice(t *testing.T) {
	s := newStory(t, Caller).talking()
	s.want("press hang-up", PressHangup{}, SendInCallHangup{seal.HangupNormal})
	s.want("they acknowledge", InCallHangupAcked{}, StopMedia{}, Finish{HungUp})
	s.ended(HungUp)
}

func TestAHangUpThatNobodyAcknowledgesIsCopiedThroughTheServerAndEndsAnyway(t *testing.T) {
	for _, role := range []Role{Caller, Callee} {
		s := newStory(t, role).talking()
		to := record.DeviceID{}
		if role == Caller {
			to = phone
		}
		s.want("press hang-up", PressHangup{}, SendInCallHangup{seal.HangupNormal})
		s.later("no acknowledgement", HangupCopy, SendHangup{to, seal.HangupNormal})
		s.later("still none", HangupTimeout-HangupCopy, StopMedia{}, Finish{HungUp})
		s.ended(HungUp)
	}
}

func TestTheSideThatHearsAHangUpAcknowledgesForAWhile(t *testing.T) {
	s := newStory(t, Callee).talking()
	s.want("their hang-up", InCallHangup{seal.HangupNormal}, AckInCallHangup{})
	s.want("again, the acknowledgement was lost", InCallHangup{seal.HangupNormal}, AckInCallHangup{})
	s.later("long enough", AckLinger, StopMedia{}, Finish{HungUp})
	s.ended(HungUp)
}

func TestBothHangUpAtOnce(t *testing.T) {
	s := newStory(t, Caller).talking()
	s.want("press", PressHangup{}, SendInCallHangup{seal.HangupNormal})
	s.want("theirs crosses ours", InCallHangup{seal.HangupNormal}, AckInCallHangup{})
	s.later("both know", AckLinger, StopMedia{}, Finish{HungUp})
}

func TestOffersAreRepeatedUntilItRings(t *testing.T) {
	s := newStory(t, Caller).dialing(phone)
	s.later("after 1 s", time.Second, SendOffer{phone})
	s.later("after 2 s", 2*time.Second, SendOffer{phone})
	s.later("after 4 s", 4*time.Second, SendOffer{phone})
	s.later("after 8 s", 8*time.Second, SendOffer{phone})
	s.later("never more than 8 s", 8*time.Second, SendOffer{phone})
	s.want("it rings", Received{Device: phone, Type: seal.TypeRing}, ShowRinging{})
	s.want("once only", Received{Device: phone, Type: seal.TypeRing})
}

func TestWhoDoesNotTakeTheOfferIsUnreachable(t *testing.T) {
	s := newStory(t, Caller).dialing(phone)
	for s.m.State() != StateEnded {
		s.now = s.m.Deadline()
		s.m.Step(s.now, Timeout{})
	}
	if s.now.Sub(start) != OfferTimeout {
		t.Errorf("gave up after %v, want %v", s.now.Sub(start), OfferTimeout)
	}
	s.ended(Unreachable)
}

func TestAPhoneThatDoesNotShowItselfMayBeRinging(t *testing.T) {
	s := newStory(t, Caller).dialing(phone)
	s.want("the server took it", OfferTaken{})
	for s.m.State() != StateEnded {
		s.now = s.m.Deadline()
		s.m.Step(s.now, Timeout{})
	}
	if s.now.Sub(start) != RingTimeout {
		t.Errorf("gave up after %v, want %v", s.now.Sub(start), RingTimeout)
	}
	s.ended(NoAnswer)
}

func TestTheCallerGivesUp(t *testing.T) {
	s := newStory(t, Caller).ringing()
	s.want("press hang-up", PressHangup{}, SendHangup{phone, seal.HangupCancelled}, StopMedia{}, Finish{Cancelled})
	s.ended(Cancelled)
	s = newStory(t, Caller)
	s.want("press call", Dial{}, Prepare{})
	s.want("press hang-up before anything was sent", PressHangup{}, StopMedia{}, Finish{Cancelled})
	s.want("too late", Prepared{Devices: []record.DeviceID{phone}})
}

func TestRejections(t *testing.T) {
	for reason, result := range map[seal.RejectReason]Result{
		seal.RejectBusy: Busy, seal.RejectDeclined: Declined, seal.RejectOffHours: OffHours, seal.RejectUnsupported: Unsupported,
	} {
		s := newStory(t, Caller).ringing()
		s.want("they reject", Received{Device: phone, Type: seal.TypeReject, Reject: reason}, StopMedia{}, Finish{result})
		s.ended(result)
	}
}

func TestOneDeviceIsConfirmedAndTheOthersStopRinging(t *testing.T) {
	s := newStory(t, Caller).dialing(phone, desk)
	s.want("one rings", Received{Device: phone, Type: seal.TypeRing, Transport: true}, ShowRinging{})
	s.want("so does the other", Received{Device: desk, Type: seal.TypeRing, Transport: true})
	s.want("the desk accepts", Received{Device: desk, Type: seal.TypeAccept}, SendConfirm{desk}, ConnectMedia{desk}, SendElsewhere{phone, false})
	s.want("the phone accepts too late", Received{Device: phone, Type: seal.TypeAccept})
	s.want("the path is up", MediaUp{}, StartVoice{})
}

func TestABusyDeviceLeavesItToTheOthersAndAHumansNoDoesNot(t *testing.T) {
	s := newStory(t, Caller).dialing(phone, desk)
	s.want("the phone is busy", Received{Device: phone, Type: seal.TypeReject, Reject: seal.RejectBusy})
	s.want("the desk rings", Received{Device: desk, Type: seal.TypeRing, Transport: true}, ShowRinging{})
	s.want("the desk declines", Received{Device: desk, Type: seal.TypeReject, Reject: seal.RejectDeclined}, StopMedia{}, Finish{Declined})
	s = newStory(t, Caller).dialing(phone, desk)
	s.want("the desk declines", Received{Device: desk, Type: seal.TypeReject, Reject: seal.RejectDeclined}, SendElsewhere{phone, true}, StopMedia{}, Finish{Declined})
}

func TestNothingHappensForAStrangerBeforeTheHumanAccepts(t *testing.T) { // covers P7
	s := newStory(t, Callee)
	s.want("an offer of a stranger", OfferOpened{}, Alert{})
	s.want("press accept", PressAccept{}, Prepare{})
	s.want("prepared", Prepared{}, SendRing{}, SendAccept{}, ConnectMedia{})
	s.want("confirmed before the path is up", Received{Type: seal.TypeConfirm}, SendConnected{})
	s.want("the path is up", MediaUp{}, StartVoice{})
	silent := newStory(t, Callee)
	silent.want("a stranger while busy hears nothing", OfferOpened{Busy: true}, StopMedia{}, Finish{Busy})
}

func TestAContactHearsThatThePhoneIsBusy(t *testing.T) {
	s := newStory(t, Callee)
	s.want("busy", OfferOpened{Visible: true, Busy: true}, SendReject{seal.RejectBusy}, StopMedia{}, Finish{Busy})
}

func TestTheHumanAcceptsBeforeThePathIsPrepared(t *testing.T) {
	s := newStory(t, Callee)
	s.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.want("press accept at once", PressAccept{})
	s.want("prepared", Prepared{}, SendRing{}, SendAccept{}, ConnectMedia{})
}

func TestAnAlertingPhoneStops(t *testing.T) {
	for _, c := range []struct {
		what string
		ev   Event
		want Result
	}{
		{"the caller gives up", Received{Type: seal.TypeHangup, Hangup: seal.HangupCancelled}, Missed},
		{"another device answered", Received{Type: seal.TypeElsewhere}, AnsweredElsewhere},
	} {
		s := newStory(t, Callee)
		s.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
		s.want(c.what, c.ev, StopMedia{}, Finish{c.want})
		s.ended(c.want)
	}
	s := newStory(t, Callee)
	s.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.later("nobody presses", RingTimeout, StopMedia{}, Finish{Missed})
	s = newStory(t, Callee)
	s.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.want("the human says no", PressReject{seal.RejectDeclined}, SendReject{seal.RejectDeclined}, StopMedia{}, Finish{Declined})
}

func TestNoPathEndsTheCallOnBothSides(t *testing.T) {
	s := newStory(t, Caller).ringing()
	s.want("accepted", Received{Device: phone, Type: seal.TypeAccept}, SendConfirm{phone})
	s.silence(ConnectTimeout)
	s.want("no path", Timeout{}, SendHangup{phone, seal.HangupConnectFailed}, StopMedia{}, Finish{ConnectFailed})
	s = newStory(t, Caller).ringing()
	s.want("the path breaks while it rings", MediaFailed{})
	s.want("accepted", Received{Device: phone, Type: seal.TypeAccept}, SendConfirm{phone}, SendHangup{phone, seal.HangupConnectFailed}, StopMedia{}, Finish{ConnectFailed})
	b := newStory(t, Callee)
	b.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	b.want("prepared", Prepared{}, SendRing{}, ConnectMedia{})
	b.want("press accept", PressAccept{}, SendAccept{})
	b.want("they say there is no path", Received{Type: seal.TypeHangup, Hangup: seal.HangupConnectFailed}, StopMedia{}, Finish{ConnectFailed})
}

func TestDeadAirEndsTheCallWithItsOwnResult(t *testing.T) {
	s := newStory(t, Callee).talking()
	s.want("the path is gone", MediaFailed{}, SendHangup{record.DeviceID{}, seal.HangupMediaLost}, StopMedia{}, Finish{MediaLost})
	s.ended(MediaLost)
}

// covers P7
func TestAnAppThatQuitsHasNotDeclinedForItsHuman(t *testing.T) {
	s := newStory(t, Callee)
	s.want("a stranger's offer", OfferOpened{}, Alert{})
	s.want("the app ends", Quit{}, StopMedia{}, Finish{Missed})
	s = newStory(t, Callee)
	s.want("a contact's offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.want("prepared", Prepared{}, SendRing{}, ConnectMedia{})
	s.want("the app ends, and the caller knows that it was there", Quit{}, SendReject{seal.RejectDeclined}, StopMedia{}, Finish{Declined})
}

func TestWhatAServerMayHaveLostIsSaidAgain(t *testing.T) { // covers N4
	s := newStory(t, Caller).dialing(phone, desk)
	s.want("it rings", Received{Device: phone, Type: seal.TypeRing}, ShowRinging{})
	s.want("the phone accepts", Received{Device: phone, Type: seal.TypeAccept}, SendConfirm{phone}, ConnectMedia{phone}, SendElsewhere{desk, false})
	s.later("nothing", time.Second, Repeat{phone, seal.TypeConfirm}, Repeat{desk, seal.TypeElsewhere})
	s.want("connected", Received{Device: phone, Type: seal.TypeConnected})
	s.later("the desk never answers", 2*time.Second, Repeat{desk, seal.TypeElsewhere})

	s = newStory(t, Callee)
	s.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.want("prepared", Prepared{}, SendRing{}, ConnectMedia{})
	s.later("nothing", time.Second, Repeat{Type: seal.TypeRing})
	s.want("press accept", PressAccept{}, SendAccept{})
	s.later("nothing", time.Second, Repeat{Type: seal.TypeRing}, Repeat{Type: seal.TypeAccept})
}

func TestNobodyWasThere(t *testing.T) {
	s := newStory(t, Caller).dialing(phone, desk)
	s.want("the phone is busy", Received{Device: phone, Type: seal.TypeReject, Reject: seal.RejectBusy})
	var missed []Action
	for s.m.State() != StateEnded {
		s.now = s.m.Deadline()
		for _, a := range s.m.Step(s.now, Timeout{}) {
			if _, ok := a.(SendMissed); ok {
				missed = append(missed, a)
			}
		}
	}
	if len(missed) != 1 || missed[0] != (SendMissed{desk}) {
		t.Errorf("missed: %s", list(missed))
	}
}

func TestADeviceThatCannotConnectLeavesItToTheOthers(t *testing.T) {
	s := newStory(t, Caller).dialing(phone, desk)
	s.want("one rings", Received{Device: phone, Type: seal.TypeRing}, ShowRinging{})
	s.want("so does the other", Received{Device: desk, Type: seal.TypeRing})
	s.want("the phone finds no path", Received{Device: phone, Type: seal.TypeHangup, Hangup: seal.HangupConnectFailed})
	s.want("nor does the desk", Received{Device: desk, Type: seal.TypeHangup, Hangup: seal.HangupConnectFailed}, StopMedia{}, Finish{ConnectFailed})
}

func TestTheRingOfAnOldOfferIsShorter(t *testing.T) {
	s := newStory(t, Callee)
	s.want("an offer that waited", OfferOpened{Age: 40 * time.Second}, Alert{})
	s.later("the caller has given up", RingTimeout-40*time.Second, StopMedia{}, Finish{Missed})
}

func TestAPhoneThatCannotPrepareSaysSo(t *testing.T) {
	s := newStory(t, Callee)
	s.want("an offer", OfferOpened{Visible: true}, Alert{}, Prepare{})
	s.want("the answer to somebody else", PrepareFailed{Result: ConnectFailed, Role: Caller})
	s.want("no relay", PrepareFailed{Result: ConnectFailed}, SendReject{seal.RejectUnsupported}, StopMedia{}, Finish{ConnectFailed})
}

func TestAPressOfCallBecomesAnAccept(t *testing.T) { // covers N10
	s := newStory(t, Caller).dialing(phone, desk)
	s.want("our offer wins", Yield{Ours: true})
	s.want("theirs wins", Yield{}, SendElsewhere{phone, false}, SendElsewhere{desk, false}, BecomeCallee{}, Prepare{})
	s.want("what the caller had prepared", Prepared{Devices: []record.DeviceID{phone}, Role: Caller})
	s.want("prepared", Prepared{Role: Callee}, SendRing{}, SendAccept{}, ConnectMedia{})
	s.want("confirmed", Received{Type: seal.TypeConfirm}, SendConnected{})
	s.want("the path is up", MediaUp{}, StartVoice{})
}
