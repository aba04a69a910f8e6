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
	again    repeater        // of the handshake message that this side waits to see answered
	proven   bool            // the other side has shown that it has the keys

	mediaAsked  bool // ConnectMedia was said
	mediaUp     bool
	mediaFailed bool
	recovery

	// Deadlines; zero: none.
	ringUntil    time.Time
	offerUntil   time.Time
	connectUntil time.Time
	closeAt      time.Time
	copyAt       time.Time
}

// device is one of the callee's devices, as the caller sees it.
type device struct {
	id     record.DeviceID
	rang   bool
	out    bool // it has rejected or failed: nothing more is sent to it
	reason seal.RejectReason
	again  repeater // OFFER, later ELSEWHERE
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

// Peer is the device that the call is with; zero while it may be any of several, and for a callee.
func (m *Machine) Peer() record.DeviceID { return m.chosen }

// Proven says whether the other side has shown that it has the keys, so that it is in this call.
func (m *Machine) Proven() bool { return m.proven }

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
	take(m.ringUntil)
	take(m.offerUntil)
	take(m.connectUntil)
	take(m.closeAt)
	take(m.copyAt)
	take(m.giveUpAt)
	take(m.settleAt)
	take(m.again.at)
	take(m.askAgain.at)
	take(m.ackAgain.at)
	for i := range m.devices {
		take(m.devices[i].again.at)
	}
	return first
}

// Step takes one event and says what to do. What does not fit role and state is ignored, and so is everything after the end.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	if m.state == StateEnded {
		return nil
	}
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
	case Yield:
		return m.yield(now, ev.Ours)
	case Unpark:
		if m.state == StateParked {
			return m.alert()
		}
	case Refuse:
		if m.state == StateParked {
			return m.refuse(ev.Reason)
		}
	case Superseded:
		return m.superseded()
	case Prepared:
		switch {
		case ev.Role != 0 && ev.Role != m.role:
		case m.role == Caller:
			return m.dial(now, ev.Devices)
		default:
			return m.calleePrepared(now)
		}
	case PrepareFailed:
		if ev.Role == 0 || ev.Role == m.role {
			return m.unprepared(ev.Result)
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
		if m.state != StateTalking { // there, only voice is proof
			m.impaired = false
		}
		if m.state == StateConnecting {
			return m.talk()
		}
	case MediaFailed:
		return m.mediaGone()
	case MediaImpaired:
		return m.mediaImpaired(now)
	case MediaRestored:
		return m.mediaRestored(ev.Epoch)
	case Renew:
		return m.renew(now)
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
	m.connectUntil, m.impaired = time.Time{}, false
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
	var actions []Action
	switch {
	case m.held == m.epoch+1:
		actions = m.answer(now)
	case m.impaired:
		actions = m.recover(now)
	}
	if m.mediaUp && !m.impaired {
		actions = append(actions, m.talk()...)
	}
	return actions
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
	case StateParked:
		return m.finish(Missed)
	case StateTalking:
		deaf := m.impaired // nothing can be heard in the voice: the copy is the message
		m.quiet()
		m.state = StateClosing
		m.closeAt = now.Add(HangupTimeout)
		actions := []Action{SendInCallHangup{seal.HangupNormal}}
		if deaf {
			return append(actions, m.tellChosen(seal.HangupNormal)...)
		}
		m.copyAt = now.Add(HangupCopy)
		return actions
	}
	return nil
}

// inCallHangup is the other side's wish to end, heard inside the voice.
func (m *Machine) inCallHangup(now time.Time) []Action {
	switch m.state {
	case StateTalking:
		m.quiet()
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

// theyHungUp is HANGUP through the server, by the device that the call is with.
func (m *Machine) theyHungUp(reason seal.HangupReason) []Action {
	switch {
	case m.state == StateAlerting || m.state == StateParked:
		return m.finish(Missed)
	case m.state == StateTalking && reason == seal.HangupMediaLost:
		return m.finish(MediaLost)
	case m.state != StateTalking && reason == seal.HangupConnectFailed:
		return m.finish(ConnectFailed)
	}
	return m.finish(HungUp)
}

// superseded: whoever made this call at the other side does not know it any more, so nobody is told.
func (m *Machine) superseded() []Action {
	switch m.state {
	case StateNew:
		return nil
	case StateClosing, StateLeaving:
		return m.finish(HungUp)
	case StateDialing, StateRinging:
		return append(m.tellAll(seal.HangupCancelled), m.finish(Replaced)...)
	}
	return m.finish(Replaced)
}

// timeout does one thing that is due; what else is due follows at once, for Deadline has then still passed.
func (m *Machine) timeout(now time.Time) []Action {
	due := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	switch {
	case due(m.closeAt):
		return m.finish(HungUp)
	case due(m.copyAt):
		m.copyAt = time.Time{}
		return m.tellChosen(seal.HangupNormal)
	case due(m.connectUntil):
		return m.fail(ConnectFailed, seal.HangupConnectFailed)
	case due(m.giveUpAt):
		return m.fail(MediaLost, seal.HangupMediaLost)
	case due(m.ringUntil):
		return m.ringTimeout()
	case due(m.offerUntil):
		return m.offerTimeout()
	}
	actions := m.recoverLate(now)
	if m.again.due(now) {
		actions = append(actions, m.repeatHandshake()...)
	}
	return append(actions, m.repeatToDevices(now)...)
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
		return m.nobody(result)
	case StateRinging:
		return m.nobody(NoAnswer)
	case StateAlerting, StateParked:
		return m.finish(Missed)
	}
	m.ringUntil = time.Time{}
	return nil
}

// repeatHandshake: this side's step of the handshake has not been answered.
func (m *Machine) repeatHandshake() []Action {
	if m.role == Caller {
		return []Action{Repeat{m.chosen, seal.TypeConfirm}}
	}
	actions := []Action{Repeat{Type: seal.TypeRing}}
	if m.accepted {
		actions = append(actions, Repeat{Type: seal.TypeAccept})
	}
	return actions
}

// fail ends the call and tells the other side.
func (m *Machine) fail(result Result, reason seal.HangupReason) []Action {
	return append(m.tellChosen(reason), m.finish(result)...)
}

// tellChosen sends HANGUP to whom the call is with.
func (m *Machine) tellChosen(reason seal.HangupReason) []Action {
	if m.role == Callee && !m.ringSent {
		switch {
		case !m.accepted:
			return nil // the caller does not know that we are here
		case reason == seal.HangupNormal:
			return []Action{SendReject{seal.RejectDeclined}}
		}
		return []Action{SendReject{seal.RejectUnsupported}}
	}
	return []Action{SendHangup{m.chosen, reason}}
}

// tellAll sends HANGUP to all devices that may ring.
func (m *Machine) tellAll(reason seal.HangupReason) []Action {
	var actions []Action
	for _, d := range m.devices {
		if !d.out {
			actions = append(actions, SendHangup{d.id, reason})
		}
	}
	return actions
}

func (m *Machine) finish(result Result) []Action {
	m.quiet()
	m.state, m.result = StateEnded, result
	return []Action{StopMedia{}, Finish{result}}
}
