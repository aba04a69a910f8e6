package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
)

// recovery is how a call that has keys gets another path and a fresh key. The doc has the diagram.
type recovery struct {
	epoch    uint32 // restarts that both sides have keys for, as far as this side knows
	impaired bool
	// asked: RESTART with epoch+1 is out.
	asked bool
	// unsure: RESTART-ACK with epoch is out, and nothing yet proves that it has come.
	unsure bool
	// held: this RESTART has overtaken what it builds on: CONFIRM, or the RESTART-ACK of the epoch before it. What is opened
	// once cannot be opened again, so it is answered later instead of dropped. Zero: none.
	held uint32

	askAgain, ackAgain repeater
	// settleAt: a restart that has not helped by then is followed by another.
	settleAt time.Time
	giveUpAt time.Time
}

// keyed says whether both sides can have the voice key.
func (m *Machine) keyed() bool { return m.state == StateConnecting || m.state == StateTalking }

// Impaired says whether a call that talks is trying to get its path back.
func (m *Machine) Impaired() bool { return m.state == StateTalking && m.impaired }

// Epoch counts the restarts that this side has a key for.
func (m *Machine) Epoch() uint32 { return m.epoch }

func (m *Machine) mediaImpaired(now time.Time) []Action {
	if m.impaired || m.state == StateNew || m.state == StateEnded || m.state == StateClosing || m.state == StateLeaving {
		return nil
	}
	m.impaired = true
	if !m.keyed() {
		return nil // there is no key to restart with yet: connect does it
	}
	if m.state == StateTalking {
		m.giveUpAt = now.Add(RecoverTimeout)
		if !m.proven {
			m.giveUpAt = now.Add(ConnectTimeout) // nobody may be there who has the key
		}
	}
	return m.recover(now)
}

// recover is the first thing to do about an impairment.
func (m *Machine) recover(now time.Time) []Action {
	switch {
	case m.asked:
		m.askAgain.start(now, restartSends, maxRestartGap)
		return []Action{Repeat{m.chosen, seal.TypeRestart}}
	case m.unsure:
		// The other side has a restart of its own under way and waits for our answer.
		m.ackAgain.start(now, restartSends, maxRestartGap)
		m.settleAt = now.Add(m.patience())
		return []Action{Repeat{m.chosen, seal.TypeRestartAck}}
	}
	return m.ask(now)
}

// ask begins a restart.
func (m *Machine) ask(now time.Time) []Action {
	m.asked, m.settleAt = true, time.Time{}
	m.askAgain.start(now, restartSends, maxRestartGap)
	return []Action{SendRestart{m.epoch + 1}}
}

// renew begins a restart of a call that is well. One that is not gets a new key anyway.
func (m *Machine) renew(now time.Time) []Action {
	switch {
	case m.state != StateTalking || m.impaired || m.unsure || !m.proven:
		return nil
	case m.asked: // the last one was never answered
		m.askAgain.start(now, restartSends, maxRestartGap)
		return []Action{Repeat{m.chosen, seal.TypeRestart}}
	}
	return m.ask(now)
}

func (m *Machine) patience() time.Duration {
	if m.role == Caller {
		return callerPatience
	}
	return calleePatience
}

// mediaRestored: frames arrive. Only frames with the newest key prove that the other side has it.
func (m *Machine) mediaRestored(epoch uint32) []Action {
	if m.state != StateEnded {
		m.impaired, m.giveUpAt = false, time.Time{}
	}
	if !m.keyed() {
		return nil
	}
	m.prove()
	if epoch == m.epoch {
		m.settled()
	}
	m.mediaUp = true
	if m.state == StateConnecting {
		return m.talk()
	}
	return nil
}

// prove: the other side has the keys, so nothing of the handshake need be repeated.
func (m *Machine) prove() {
	m.proven = true
	m.again.stop()
}

// settled: the other side has the key of the present epoch.
func (m *Machine) settled() {
	m.unsure, m.settleAt = false, time.Time{}
	m.ackAgain.stop()
}

// restart is the other side's RESTART.
func (m *Machine) restart(now time.Time, epoch uint32) []Action {
	switch {
	case m.state == StateAccepted && m.prepared && epoch == 1:
		m.held = epoch // CONFIRM, which it builds on, has been overtaken
	case !m.keyed():
	case epoch == m.epoch+1:
		if m.asked && m.role == Caller {
			return nil // glare: the caller's wins, the callee answers it
		}
		return m.answer(now)
	case epoch == m.epoch+2 && m.asked:
		// They have answered ours and gone on; their answer is still on its way.
		m.held = epoch
	}
	return nil
}

// answer goes to the next epoch as the other side wants.
func (m *Machine) answer(now time.Time) []Action {
	var actions []Action
	if m.asked {
		m.asked = false
		m.askAgain.stop()
		actions = append(actions, AbandonRestart{})
	}
	m.epoch++
	m.unsure, m.held = true, 0
	m.ackAgain.start(now, restartSends, maxRestartGap)
	m.settleAt = now.Add(m.patience())
	return append(actions, SendRestartAck{m.epoch})
}

// restartAck is the answer to ours.
func (m *Machine) restartAck(now time.Time, epoch uint32) []Action {
	if !m.keyed() || !m.asked || epoch != m.epoch+1 {
		return nil
	}
	m.asked = false
	m.askAgain.stop()
	m.epoch++
	m.settled() // who answers has the key
	m.settleAt = now.Add(m.patience())
	actions := []Action{FinishRestart{m.epoch}}
	if m.held == m.epoch+1 {
		actions = append(actions, m.answer(now)...)
	}
	return actions
}

// recoverLate does what is due of a recovery.
func (m *Machine) recoverLate(now time.Time) []Action {
	var actions []Action
	if m.askAgain.due(now) {
		actions = append(actions, Repeat{m.chosen, seal.TypeRestart})
	}
	if m.ackAgain.due(now) {
		actions = append(actions, Repeat{m.chosen, seal.TypeRestartAck})
	}
	if !m.settleAt.IsZero() && !m.settleAt.After(now) {
		m.settleAt = time.Time{}
		if m.impaired && !m.asked {
			actions = append(actions, m.ask(now)...)
		}
	}
	return actions
}

// quiet ends all repetition: the call is ending.
func (m *Machine) quiet() {
	m.again.stop()
	m.askAgain.stop()
	m.ackAgain.stop()
	m.settleAt, m.giveUpAt = time.Time{}, time.Time{}
	m.asked, m.unsure, m.held = false, false, 0
}
