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
	m.devices = make([]device, len(devices))
	for i, id := range devices {
		m.devices[i].id = id
		m.devices[i].again.start(now, offerSendsLimit, maxOfferGap)
		actions = append(actions, SendOffer{id})
	}
	return actions
}

// early says whether the offers are out and nobody is chosen.
func (m *Machine) early() bool { return m.state == StateDialing || m.state == StateRinging }

// repeatToDevices sends OFFER again to devices that have not answered, and ELSEWHERE to those that may not have heard it.
func (m *Machine) repeatToDevices(now time.Time) []Action {
	var actions []Action
	for i := range m.devices {
		d := &m.devices[i]
		switch {
		case !d.again.due(now):
		case m.early():
			actions = append(actions, SendOffer{d.id})
		default:
			actions = append(actions, Repeat{d.id, seal.TypeElsewhere})
		}
	}
	return actions
}

// offerTimeout: no device takes the offer any more.
func (m *Machine) offerTimeout() []Action {
	m.offerUntil = time.Time{}
	if !m.taken && m.state == StateDialing {
		return m.nobody(Unreachable)
	}
	for i := range m.devices {
		m.devices[i].again.stop()
	}
	return nil
}

// nobody has accepted. If no phone even rang, one note is left: for the first device that did not refuse.
func (m *Machine) nobody(result Result) []Action {
	actions := m.tellAll(seal.HangupRingTimeout)
	if m.state == StateDialing {
		for i := range m.devices {
			if !m.devices[i].out {
				actions = append(actions, SendMissed{m.devices[i].id})
				break
			}
		}
	}
	return append(actions, m.finish(result)...)
}

func (m *Machine) callerReceived(now time.Time, ev Received) []Action {
	d := m.device(ev.Device)
	if d == nil {
		return nil
	}
	chosen := !m.early() && m.chosen == d.id
	switch ev.Type {
	case seal.TypeRing:
		if m.early() && !d.rang && !d.out {
			return m.rings(d, ev.Transport)
		}
	case seal.TypeAccept:
		if m.early() && d.rang && !d.out {
			return m.confirm(now, d)
		}
	case seal.TypeConnected:
		if chosen && m.keyed() {
			m.prove()
		}
	case seal.TypeReject:
		if m.early() && !d.out {
			return m.rejected(d, ev.Reject)
		}
	case seal.TypeHangup:
		switch {
		case chosen:
			return m.theyHungUp(ev.Hangup)
		case m.early() && d.rang && !d.out:
			return m.leaves(d, ev.Hangup)
		}
	case seal.TypeRestart:
		if chosen {
			return m.restart(now, ev.Epoch)
		}
	case seal.TypeRestartAck:
		if chosen {
			return m.restartAck(now, ev.Epoch)
		}
	}
	return nil // CANDIDATES, NOP: nothing to decide
}

func (m *Machine) rings(d *device, transport bool) []Action {
	d.rang, m.taken = true, true
	d.again.stop()
	var actions []Action
	if m.state == StateDialing {
		m.state = StateRinging
		actions = append(actions, ShowRinging{})
	}
	// With several devices only the one that accepts is worth a path.
	if transport && len(m.devices) == 1 {
		m.mediaAsked = true
		actions = append(actions, ConnectMedia{d.id})
	}
	return actions
}

// confirm chooses the first device that accepts.
func (m *Machine) confirm(now time.Time, d *device) []Action {
	m.chosen = d.id
	actions := []Action{SendConfirm{d.id}}
	m.again.start(now, handshakeSends, maxOfferGap)
	if !m.mediaAsked {
		m.mediaAsked = true
		actions = append(actions, ConnectMedia{d.id})
	}
	for i := range m.devices {
		m.devices[i].again.stop()
	}
	if m.mediaFailed {
		actions = append(actions, m.stopOthers(false)...)
		return append(actions, m.fail(ConnectFailed, seal.HangupConnectFailed)...)
	}
	// Voice before courtesy: the chosen device waits for its first word, the others only for silence.
	actions = append(actions, m.connect(now)...)
	for i := range m.devices {
		if o := &m.devices[i]; o.id != d.id && !o.out {
			o.again.start(now, elsewhereSends, maxOfferGap)
		}
	}
	return append(actions, m.stopOthers(false)...)
}

// rejected: a human's no ends the call on all devices; a busy device leaves it to the others.
func (m *Machine) rejected(d *device, reason seal.RejectReason) []Action {
	d.out, d.reason = true, reason
	d.again.stop()
	if reason == seal.RejectDeclined {
		return append(m.stopOthers(true), m.finish(Declined)...)
	}
	return m.oneLess(Unsupported)
}

// leaves: a device that rang hangs up without being chosen. Its human has changed their mind, or it cannot connect.
func (m *Machine) leaves(d *device, reason seal.HangupReason) []Action {
	d.out = true
	d.again.stop()
	switch reason {
	case seal.HangupConnectFailed, seal.HangupMediaLost, seal.HangupError:
		return m.oneLess(ConnectFailed)
	}
	return append(m.stopOthers(true), m.finish(HungUp)...)
}

// oneLess ends the call if no device is left that could still accept. The friendliest reason counts, then the last.
func (m *Machine) oneLess(last Result) []Action {
	result := last
	for i := range m.devices {
		d := &m.devices[i]
		switch {
		case !d.out:
			return nil
		case d.reason == seal.RejectBusy:
			result = Busy
		case d.reason == seal.RejectOffHours && result != Busy:
			result = OffHours
		}
	}
	return m.finish(result)
}

// stopOthers tells every device but the chosen that it need not ring, whether or not it has said that it does.
func (m *Machine) stopOthers(declined bool) []Action {
	var actions []Action
	for i := range m.devices {
		if d := &m.devices[i]; d.id != m.chosen && !d.out {
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

// resultOf is how a call ends that this reason refuses.
func resultOf(reason seal.RejectReason) Result {
	switch reason {
	case seal.RejectBusy:
		return Busy
	case seal.RejectDeclined:
		return Declined
	case seal.RejectOffHours:
		return OffHours
	}
	return Unsupported
}
