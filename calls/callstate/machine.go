package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// The protocol's times.
const (
	RingTimeout    = 60 * time.Second // from the press of call, or from the offer's arrival
	OfferTimeout   = 45 * time.Second // for some device to take the offer
	ConnectTimeout = 15 * time.Second // from CONFIRM until media is up
	HangupCopy     = 300 * time.Millisecond
	HangupTimeout  = 2 * time.Second
	AckLinger      = 200 * time.Millisecond
	maxRepeat      = 8 * time.Second // offers are repeated after 1, 2, 4, 8, 8 … s
)

// Machine is one call. Make it with New. Not safe for concurrent use.
type Machine struct {
	role    Role
	state   State
	result  Result
	visible bool // of a callee

	devices  []device        // of a caller
	chosen   record.DeviceID // of a caller: confirmed
	taken    bool            // of a caller: some server took an offer
	prepared bool            // of a callee
	ringSent bool            // of a callee
	accepted bool            // of a callee: the human has pressed

	mediaAsked  bool // ConnectMedia was said
	mediaUp     bool
	mediaFailed bool
	copied      bool // the hang-up went through the server too

	// Deadlines; zero: none.
	ringUntil    time.Time
	offerUntil   time.Time
	connectUntil time.Time
	closeAt      time.Time
	copyAt       time.Time
}

// device is one of the callee's devices, as the caller sees it.
type device struct {
	id       record.DeviceID
	rang     bool
	rejected bool
	reason   seal.RejectReason
	repeatAt time.Time
	gap      time.Duration
}

// New makes a call that has not begun: Step it with Dial or OfferOpened.
func New(role Role) *Machine {
	if role != Caller && role != Callee {
		panic("callstate: internal error: no role")
	}
	return &Machine{role: role}
}

// Role is the side of the call.
func (m *Machine) Role() Role { return m.role }

// State is where the call stands.
func (m *Machine) State() State { return m.state }

// Result is ResultUnset until the call has ended.
func (m *Machine) Result() Result { return m.result }

// Deadline is when Timeout is due; zero: never.
func (m *Machine) Deadline() time.Time {
	var first time.Time
	take := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if m.state == StateEnded {
		return first
	}
	for _, t := range []time.Time{m.ringUntil, m.offerUntil, m.connectUntil, m.closeAt, m.copyAt} {
		take(t)
	}
	if m.state == StateDialing || m.state == StateRinging {
		for _, d := range m.devices {
			take(d.repeatAt)
		}
	}
	return first
}

// Step takes one event and says what to do. What does not fit role and state is ignored.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	switch ev := ev.(type) {
	case Dial:
		if m.role == Caller && m.state == StateNew {
			m.state = StatePreparing
			m.ringUntil = now.Add(RingTimeout)
			return []Action{Prepare{}}
		}
	case OfferOpened:
		if m.role == Callee && m.state == StateNew {
			return m.offered(now, ev)
		}
	case Prepared:
		if m.role == Caller {
			return m.dial(now, ev.Devices)
		}
		return m.calleePrepared()
	case PrepareFailed:
		if m.state == StatePreparing || m.state == StateAlerting || m.state == StateAccepted {
			return m.finish(ev.Result)
		}
	case OfferTaken:
		m.taken = true
	case Received:
		if m.role == Caller {
			return m.callerReceived(now, ev)
		}
		return m.calleeReceived(now, ev)
	case PressAccept:
		if m.state == StateAlerting {
			return m.accept(now)
		}
	case PressReject:
		if m.state == StateAlerting {
			return m.decline(ev.Reason)
		}
	case PressHangup:
		return m.hangUp(now)
	case Quit:
		if m.state == StateAlerting && !m.ringSent {
			return m.finish(Missed)
		}
		return m.hangUp(now)
	case MediaUp:
		m.mediaUp = true
		if m.state == StateConnecting {
			return m.talk()
		}
	case MediaFailed:
		return m.mediaGone()
	case InCallHangup:
		return m.inCallHangup(now)
	case InCallHangupAcked:
		if m.state == StateClosing {
			return m.finish(HungUp)
		}
	case Timeout:
		return m.timeout(now)
	}
	return nil
}

// talk opens the microphone: keys exist and media is up.
func (m *Machine) talk() []Action {
	m.state = StateTalking
	m.connectUntil = time.Time{}
	return []Action{StartVoice{}}
}

// connect is the wait for media after the keys exist.
func (m *Machine) connect(now time.Time) []Action {
	m.state = StateConnecting
	m.ringUntil, m.offerUntil = time.Time{}, time.Time{}
	m.connectUntil = now.Add(ConnectTimeout)
	if m.mediaFailed {
		return m.fail(ConnectFailed, seal.HangupConnectFailed)
	}
	if m.mediaUp {
		return m.talk()
	}
	return nil
}

// hangUp is the human's wish to end, in any state.
func (m *Machine) hangUp(now time.Time) []Action {
	switch m.state {
	case StatePreparing:
		return m.finish(Cancelled)
	case StateDialing, StateRinging:
		return append(m.tellAll(seal.HangupCancelled), m.finish(Cancelled)...)
	case StateAlerting:
		return m.decline(seal.RejectDeclined)
	case StateAccepted, StateConnecting:
		return m.fail(HungUp, seal.HangupNormal)
	case StateTalking:
		m.state = StateClosing
		m.copyAt, m.closeAt = now.Add(HangupCopy), now.Add(HangupTimeout)
		return []Action{SendInCallHangup{seal.HangupNormal}}
	}
	return nil
}

// inCallHangup is the other side's wish to end, heard inside the voice.
func (m *Machine) inCallHangup(now time.Time) []Action {
	switch m.state {
	case StateTalking:
		m.state = StateLeaving
		m.closeAt = now.Add(AckLinger)
		return []Action{AckInCallHangup{}}
	case StateClosing:
		// Both pressed at once: the other side's hang-up is as good as its acknowledgement, and it waits for ours.
		m.state = StateLeaving
		m.copyAt, m.closeAt = time.Time{}, now.Add(AckLinger)
		return []Action{AckInCallHangup{}}
	case StateLeaving:
		return []Action{AckInCallHangup{}} // the acknowledgement was lost
	}
	return nil
}

// mediaGone: no path, or no longer.
func (m *Machine) mediaGone() []Action {
	m.mediaFailed, m.mediaUp = true, false
	switch m.state {
	case StateAccepted, StateConnecting:
		return m.fail(ConnectFailed, seal.HangupConnectFailed)
	case StateTalking:
		return m.fail(MediaLost, seal.HangupMediaLost)
	case StateClosing, StateLeaving:
		return m.finish(HungUp)
	}
	return nil // while it rings nobody has asked for media yet: said at accept
}

// theyHungUp is HANGUP through the server.
func (m *Machine) theyHungUp(reason seal.HangupReason) []Action {
	switch {
	case m.state == StateClosing || m.state == StateLeaving || m.state == StateTalking:
		if reason == seal.HangupMediaLost && m.state == StateTalking {
			return m.finish(MediaLost)
		}
		return m.finish(HungUp)
	case reason == seal.HangupConnectFailed:
		return m.finish(ConnectFailed)
	case m.state == StateAlerting:
		return m.finish(Missed)
	case m.state == StateDialing || m.state == StateRinging || m.state == StateAccepted || m.state == StateConnecting:
		return m.finish(HungUp)
	}
	return nil
}

func (m *Machine) timeout(now time.Time) []Action {
	due := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	switch {
	case m.state == StateEnded:
		return nil
	case due(m.closeAt):
		return m.finish(HungUp)
	case due(m.copyAt):
		m.copyAt = time.Time{}
		return m.tellChosen(seal.HangupNormal)
	case due(m.connectUntil):
		return m.fail(ConnectFailed, seal.HangupConnectFailed)
	case due(m.ringUntil):
		return m.ringTimeout()
	case due(m.offerUntil):
		m.offerUntil = time.Time{}
		if !m.taken && m.state == StateDialing {
			return append(m.tellAll(seal.HangupRingTimeout), m.finish(Unreachable)...)
		}
		return nil
	}
	return m.repeatOffers(now)
}

func (m *Machine) ringTimeout() []Action {
	switch m.state {
	case StatePreparing:
		return m.finish(Failed)
	case StateDialing:
		result := Unreachable
		if m.taken {
			result = NoAnswer // a phone that does not show itself may have rung
		}
		return append(m.tellAll(seal.HangupRingTimeout), m.finish(result)...)
	case StateRinging:
		return append(m.tellAll(seal.HangupRingTimeout), m.finish(NoAnswer)...)
	case StateAlerting:
		return m.finish(Missed)
	}
	m.ringUntil = time.Time{}
	return nil
}

// fail ends the call and tells the other side.
func (m *Machine) fail(result Result, reason seal.HangupReason) []Action {
	return append(m.tellChosen(reason), m.finish(result)...)
}

// tellChosen sends HANGUP to whom the call is with.
func (m *Machine) tellChosen(reason seal.HangupReason) []Action {
	if m.role == Callee && !m.ringSent {
		return nil // the caller does not know that we are here
	}
	return []Action{SendHangup{m.chosen, reason}}
}

// tellAll sends HANGUP to all devices that may ring.
func (m *Machine) tellAll(reason seal.HangupReason) []Action {
	var actions []Action
	for _, d := range m.devices {
		if !d.rejected {
			actions = append(actions, SendHangup{d.id, reason})
		}
	}
	return actions
}

func (m *Machine) finish(result Result) []Action {
	m.state, m.result = StateEnded, result
	return []Action{StopMedia{}, Finish{result}}
}
