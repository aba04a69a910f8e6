package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// dial sends the first offers.
func (m *Machine) dial(now time.Time, devices []record.DeviceID) []Action {
	if m.state != StatePreparing {
		return nil
	}
	if len(devices) == 0 {
		return m.finish(Unreachable)
	}
	m.state = StateDialing
	m.offerUntil = now.Add(OfferTimeout)
	actions := make([]Action, 0, len(devices))
	for _, id := range devices {
		m.devices = append(m.devices, device{id: id, gap: time.Second, repeatAt: now.Add(time.Second)})
		actions = append(actions, SendOffer{id})
	}
	return actions
}

// repeatOffers sends the identical offer again to devices that have not answered.
func (m *Machine) repeatOffers(now time.Time) []Action {
	if m.state != StateDialing && m.state != StateRinging {
		return nil
	}
	var actions []Action
	for i := range m.devices {
		d := &m.devices[i]
		if d.repeatAt.IsZero() || d.repeatAt.After(now) {
			continue
		}
		if m.offerUntil.IsZero() {
			d.repeatAt = time.Time{}
			continue
		}
		d.gap = min(2*d.gap, maxRepeat)
		d.repeatAt = now.Add(d.gap)
		actions = append(actions, SendOffer{d.id})
	}
	return actions
}

func (m *Machine) callerReceived(now time.Time, ev Received) []Action {
	d := m.device(ev.Device)
	if d == nil {
		return nil
	}
	early := m.state == StateDialing || m.state == StateRinging
	switch ev.Type {
	case seal.TypeRing:
		if !early || d.rang || d.rejected {
			return nil
		}
		d.rang, d.repeatAt, m.taken = true, time.Time{}, true
		var actions []Action
		if m.state == StateDialing {
			m.state = StateRinging
			actions = append(actions, ShowRinging{})
		}
		// With several devices only the one that accepts is worth a path.
		if ev.Transport && len(m.devices) == 1 {
			m.mediaAsked = true
			actions = append(actions, ConnectMedia{d.id})
		}
		return actions
	case seal.TypeAccept:
		if !early || !d.rang || d.rejected {
			return nil
		}
		return m.confirm(now, d)
	case seal.TypeReject:
		if !early || d.rejected {
			return nil
		}
		d.rejected, d.reason, d.repeatAt = true, ev.Reject, time.Time{}
		return m.rejected(d)
	case seal.TypeHangup:
		if d.rang && (early || m.chosen == d.id) {
			return m.theyHungUp(ev.Hangup)
		}
	}
	return nil // CONNECTED, CANDIDATES, NOP: nothing to decide
}

// confirm chooses the first device that accepts.
func (m *Machine) confirm(now time.Time, d *device) []Action {
	m.chosen = d.id
	actions := []Action{SendConfirm{d.id}}
	if !m.mediaAsked {
		m.mediaAsked = true
		actions = append(actions, ConnectMedia{d.id})
	}
	// Voice before courtesy: the chosen device waits for its first word, the others only for silence.
	actions = append(actions, m.connect(now)...)
	if m.state == StateEnded {
		return actions
	}
	return append(actions, m.stopOthers(false)...)
}

// rejected: a human's no ends the call on all devices; a busy device leaves it to the others.
func (m *Machine) rejected(d *device) []Action {
	if d.reason == seal.RejectDeclined {
		m.chosen = d.id
		return append(m.stopOthers(true), m.finish(Declined)...)
	}
	for i := range m.devices {
		if !m.devices[i].rejected {
			return nil
		}
	}
	switch d.reason {
	case seal.RejectBusy:
		return m.finish(Busy)
	case seal.RejectOffHours:
		return m.finish(OffHours)
	}
	return m.finish(Unsupported)
}

func (m *Machine) stopOthers(declined bool) []Action {
	var actions []Action
	for i := range m.devices {
		if d := &m.devices[i]; d.id != m.chosen && !d.rejected {
			actions = append(actions, SendElsewhere{d.id, declined})
		}
	}
	return actions
}

func (m *Machine) device(id record.DeviceID) *device {
	for i := range m.devices {
		if m.devices[i].id == id {
			return &m.devices[i]
		}
	}
	return nil
}
