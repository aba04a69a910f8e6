package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
)

func (m *Machine) offered(now time.Time, ev OfferOpened) []Action {
	m.visible = ev.Visible
	if ev.Busy {
		ev.Refuse = seal.RejectBusy
	}
	if ev.Refuse != 0 {
		return m.refuse(ev.Refuse)
	}
	// The caller gives up RingTimeout after its press, and the offer is at least as old as it has waited.
	m.ringUntil = now.Add(max(0, RingTimeout-ev.Age))
	if ev.Parked {
		m.state = StateParked
		return nil
	}
	return m.alert()
}

func (m *Machine) alert() []Action {
	m.state = StateAlerting
	if m.visible {
		return []Action{Alert{}, Prepare{}}
	}
	return []Action{Alert{}}
}

// refuse answers without asking the human. All reasons take the same way in the same time; who may not see us hears nothing.
func (m *Machine) refuse(reason seal.RejectReason) []Action {
	result := resultOf(reason)
	if !m.visible {
		return m.finish(result)
	}
	return append([]Action{SendReject{reason}}, m.finish(result)...)
}

// calleePrepared: this side's transport is known, so RING can say it, and the path can be made.
func (m *Machine) calleePrepared(now time.Time) []Action {
	if m.prepared || (m.state != StateAlerting && m.state != StateAccepted) {
		return nil
	}
	m.prepared, m.ringSent, m.mediaAsked = true, true, true
	m.again.start(now, handshakeSends, maxOfferGap)
	actions := []Action{SendRing{}}
	if m.accepted {
		actions = append(actions, SendAccept{})
	}
	return append(actions, ConnectMedia{})
}

// unprepared: no queue or no relay. The caller, or its human, need not wait for what cannot be; other devices may ring on.
func (m *Machine) unprepared(result Result) []Action {
	switch {
	case m.state == StatePreparing:
		return m.finish(result)
	case m.prepared || (m.state != StateAlerting && m.state != StateAccepted):
		return nil
	}
	return append([]Action{SendReject{seal.RejectUnsupported}}, m.finish(result)...)
}

// accept is the human's press.
func (m *Machine) accept(now time.Time) []Action {
	m.state, m.accepted = StateAccepted, true
	m.ringUntil = time.Time{}
	m.connectUntil = now.Add(ConnectTimeout)
	switch {
	case m.mediaFailed:
		return m.fail(ConnectFailed, seal.HangupConnectFailed)
	case m.prepared:
		m.again.start(now, handshakeSends, maxOfferGap)
		return []Action{SendAccept{}}
	case m.visible:
		return nil // being prepared: ACCEPT follows RING
	}
	return []Action{Prepare{}}
}

// decline: a stranger who was not shown that we are here hears a human's no all the same.
func (m *Machine) decline(reason seal.RejectReason) []Action {
	return append([]Action{SendReject{reason}}, m.finish(Declined)...)
}

func (m *Machine) calleeReceived(now time.Time, ev Received) []Action {
	switch ev.Type {
	case seal.TypeConfirm:
		if m.state == StateAccepted && m.prepared {
			m.prove()
			return append([]Action{SendConnected{}}, m.connect(now)...)
		}
	case seal.TypeElsewhere:
		if m.state == StateAlerting || m.state == StateAccepted || m.state == StateParked {
			return m.finish(AnsweredElsewhere)
		}
	case seal.TypeRestart:
		return m.restart(now, ev.Epoch)
	case seal.TypeRestartAck:
		return m.restartAck(now, ev.Epoch)
	case seal.TypeHangup:
		if m.state != StateNew {
			return m.theyHungUp(ev.Hangup)
		}
	}
	return nil // CANDIDATES, NOP: nothing to decide
}
