package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
)

func (m *Machine) offered(now time.Time, ev OfferOpened) []Action {
	m.visible = ev.Visible
	if ev.Busy {
		if !m.visible {
			return m.finish(Busy) // silence
		}
		m.state = StateAlerting
		return append([]Action{SendReject{seal.RejectBusy}}, m.finish(Busy)...)
	}
	m.state = StateAlerting
	m.ringUntil = now.Add(RingTimeout)
	if m.visible {
		return []Action{Alert{}, Prepare{}}
	}
	return []Action{Alert{}}
}

// calleePrepared: this side's transport is known, so RING can say it, and the path can be made.
func (m *Machine) calleePrepared() []Action {
	if m.prepared || (m.state != StateAlerting && m.state != StateAccepted) {
		return nil
	}
	m.prepared, m.ringSent, m.mediaAsked = true, true, true
	actions := []Action{SendRing{}}
	if m.accepted {
		actions = append(actions, SendAccept{})
	}
	return append(actions, ConnectMedia{})
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
		if m.state != StateAccepted {
			return nil
		}
		return append([]Action{SendConnected{}}, m.connect(now)...)
	case seal.TypeElsewhere:
		if m.state == StateAlerting || m.state == StateAccepted {
			return m.finish(AnsweredElsewhere)
		}
	case seal.TypeHangup:
		if m.state != StateNew && m.state != StateEnded {
			return m.theyHungUp(ev.Hangup)
		}
	}
	return nil
}
