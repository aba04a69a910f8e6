package callstate

import (
	"reflect"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// The account of ann wins every glare with bob's.
var (
	annPhone = Party{orderedAccounts[0], record.DeviceID{1}}
	annDesk  = Party{orderedAccounts[0], record.DeviceID{2}}
	bobPhone = Party{orderedAccounts[1], record.DeviceID{3}}
	bobDesk  = Party{orderedAccounts[1], record.DeviceID{4}}
	cem      = Party{orderedAccounts[2], record.DeviceID{5}}
)

// desktop tells stories of one Line.
type desktop struct {
	t   *testing.T
	l   *Line
	now time.Time
}

func newDesktop(t *testing.T, self Party, limit int) *desktop {
	return &desktop{t, NewLine(LineConfig{Self: self, Limit: limit}), start}
}

func (d *desktop) want(what string, ev LineEvent, want ...Order) {
	d.t.Helper()
	if got := d.l.Step(d.now, ev); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		d.t.Fatalf("%s: got %#v, want %#v", what, got, want)
	}
}

// offer is made now.
func (d *desktop) offer(call Ref, from Party) Offered {
	return Offered{Call: call, From: from, ID: seal.CallID{byte(call)}, Signed: d.now, Visible: true}
}

func rings(call Ref) Begin { return Begin{call, OfferOpened{Visible: true}} }

func refused(call Ref, reason seal.RejectReason) Begin {
	return Begin{call, OfferOpened{Visible: true, Refuse: reason}}
}

func parked(call Ref) Begin { return Begin{call, OfferOpened{Visible: true, Parked: true}} }

func TestPolicyDecidesWhoRings(t *testing.T) {
	d := newDesktop(t, annPhone, 1)
	offer := d.offer(1, bobPhone)
	offer.Blocked = true
	d.want("blocked: silence", offer)
	offer = d.offer(2, bobPhone)
	offer.OffHours = true
	d.want("off-hours", offer, refused(2, seal.RejectOffHours))
	d.want("that was one step", Moved{Call: 2, Role: Callee, State: StateEnded})
	offer = d.offer(3, bobPhone)
	offer.Visible, offer.Age = false, 7*time.Second
	d.want("a stranger", offer, Begin{3, OfferOpened{Age: 7 * time.Second}})
	d.want("another, while it rings", d.offer(4, cem), refused(4, seal.RejectBusy))
	d.want("nobody calls from here", d.offer(5, annPhone))
}

func TestCallWaitingIsTheAppsChoice(t *testing.T) {
	for limit, want := range map[int]Begin{1: refused(2, seal.RejectBusy), 2: rings(2), 0: rings(2)} {
		d := newDesktop(t, annPhone, limit)
		d.want("bob calls", d.offer(1, bobPhone), rings(1))
		d.want("they talk", Moved{Call: 1, Role: Callee, State: StateTalking})
		d.want("cem calls", d.offer(2, cem), want)
	}
	d := newDesktop(t, annPhone, 1)
	d.want("bob calls", d.offer(1, bobPhone), rings(1))
	d.want("they hang up", Moved{Call: 1, Role: Callee, State: StateClosing})
	d.want("cem calls", d.offer(2, cem), rings(2))
}

func TestPressingCallWhileTheyRingAccepts(t *testing.T) {
	d := newDesktop(t, annPhone, 1)
	d.want("bob calls", d.offer(1, bobPhone), rings(1))
	d.want("ann presses call", Dialed{2, bobPhone.Account}, Join{1})
	d.want("they talk", Moved{Call: 1, Role: Callee, State: StateTalking})
	d.want("and again", Dialed{3, bobPhone.Account}, Engaged{1})
	d.want("they hang up", Moved{Call: 1, Role: Callee, State: StateLeaving})
	d.want("ann calls back at once", Dialed{4, bobPhone.Account}, Begin{4, Dial{}})
}

// covers N10
func TestTheOfferOfTheLowerAccountWins(t *testing.T) {
	ann := newDesktop(t, annPhone, 1)
	ann.want("ann presses", Dialed{1, bobPhone.Account}, Begin{1, Dial{}})
	ann.want("her offers are out", Moved{Call: 1, Role: Caller, State: StateDialing})
	ann.want("bob's waits unheard", ann.offer(2, bobPhone), parked(2))
	ann.want("bob yields", Withdrawn{From: bobPhone, ID: seal.CallID{2}, Said: Received{Type: seal.TypeElsewhere}}, Feed{2, Received{Type: seal.TypeElsewhere}})

	bob := newDesktop(t, bobPhone, 1)
	bob.want("bob presses", Dialed{1, annPhone.Account}, Begin{1, Dial{}})
	bob.want("his offers are out", Moved{Call: 1, Role: Caller, State: StateRinging})
	bob.want("ann's wins", bob.offer(2, annPhone), Turn{1, Yield{}})
	bob.want("it is an accept now", Moved{Call: 1, Role: Callee, State: StateAccepted})
	bob.want("her other phone is too late", bob.offer(3, annDesk), refused(3, seal.RejectBusy))
	bob.want("she hangs up", Withdrawn{From: annPhone, ID: seal.CallID{2}, Said: Received{Type: seal.TypeHangup}}, Feed{1, Received{Type: seal.TypeHangup}})
}

func TestWhoHasNotSentAnOfferYetYields(t *testing.T) {
	d := newDesktop(t, annPhone, 1)
	d.want("ann presses", Dialed{1, bobPhone.Account}, Begin{1, Dial{}})
	d.want("bob was faster", d.offer(2, bobPhone), Turn{1, Yield{Ours: true}})
	again := d.offer(2, bobPhone)
	d.want("but her offers went out meanwhile", Moved{Call: 1, Role: Caller, State: StateDialing})
	d.want("so it is judged again", again, parked(2))
	d.want("nobody answers her", Moved{Call: 1, Role: Caller, State: StateEnded}, Feed{2, Unpark{}})
}

func TestOneCallIsWhatBothPressesWanted(t *testing.T) { // covers N10
	d := newDesktop(t, bobPhone, 2)
	d.want("bob presses", Dialed{1, annPhone.Account}, Begin{1, Dial{}})
	offer := d.offer(2, annPhone) // she presses too
	d.now = d.now.Add(time.Second)
	d.want("her other phone answers him", Moved{Call: 1, Role: Caller, State: StateTalking, Peer: annDesk.Device})
	d.want("her offer comes late", offer, refused(2, seal.RejectDeclined))
	d.now = d.now.Add(time.Minute)
	d.want("a real second call waits", d.offer(3, annPhone), rings(3))
}

func TestANewerOfferOfADeviceEndsItsOlderCall(t *testing.T) {
	d := newDesktop(t, annPhone, 1)
	old := d.offer(1, bobPhone)
	d.want("bob calls", old, rings(1))
	d.want("they talk", Moved{Call: 1, Role: Callee, State: StateTalking})
	d.now = d.now.Add(5 * time.Second)
	late := d.offer(3, bobPhone)
	d.now = d.now.Add(5 * time.Second)
	d.want("his app has crashed; he calls again", d.offer(2, bobPhone), Feed{1, Superseded{}}, rings(2))
	d.want("one that was overtaken is dropped", late)
	d.want("and so is one whose end was heard before it", Withdrawn{From: bobDesk, ID: seal.CallID{4}})
	d.want("", d.offer(4, bobDesk))
	d.now = d.now.Add(memory)
	d.want("two minutes later nothing of it is left", Tick{})
	if !d.l.Deadline().IsZero() {
		t.Error("the line still remembers")
	}
}

func TestACalleeThatCallsBackIsHeardWhenTheOldCallIsDead(t *testing.T) {
	d := newDesktop(t, annPhone, 1)
	d.want("ann calls", Dialed{1, bobPhone.Account}, Begin{1, Dial{}})
	d.want("they talk", Moved{Call: 1, Role: Caller, State: StateTalking, Peer: bobPhone.Device, Proven: true})
	d.now = d.now.Add(time.Second)
	d.want("bob's app crashed; he calls", d.offer(2, bobPhone), parked(2))
	d.want("dead air", Moved{Call: 1, Role: Caller, State: StateTalking, Peer: bobPhone.Device, Proven: true, Impaired: true}, Feed{1, Superseded{}}, Feed{2, Unpark{}})
}

func TestAFloodOfEndsIsForgotten(t *testing.T) {
	d := newDesktop(t, annPhone, 1)
	for i := range 10 * maxMemories {
		d.want("junk", Withdrawn{From: cem, ID: seal.CallID{byte(i), byte(i >> 8)}})
		from := cem
		from.Device = record.DeviceID{byte(i), byte(i >> 8), 1}
		offer := d.offer(Ref(i+1), from)
		offer.ID, offer.Signed = seal.CallID{9, byte(i), byte(i >> 8)}, d.now
		d.l.Step(d.now, offer)
		d.want("it ends", Moved{Call: Ref(i + 1), Role: Callee, State: StateEnded})
	}
	if len(d.l.over) > maxMemories || len(d.l.newest) > maxMemories || len(d.l.calls) > 0 {
		t.Errorf("%d ends, %d offers and %d calls are remembered", len(d.l.over), len(d.l.newest), len(d.l.calls))
	}
}
