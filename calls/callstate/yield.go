package callstate

import "time"

// yield turns the caller's press into an accept: the one who was dialed is calling. The call goes on as a callee's, accepted
// by the press that is already there, so the human sees one call with one result. A call that has not yet sent an offer
// yields to any; afterwards only the losing offer yields, so that of two crossing offers exactly one is left. In any other
// state nothing happens, and the offer has to be judged again.
func (m *Machine) yield(now time.Time, ours bool) []Action {
	if m.role != Caller || (m.state != StatePreparing && (ours || !m.early())) {
		return nil
	}
	actions := append(m.stopOthers(false), BecomeCallee{}, Prepare{})
	*m = Machine{role: Callee, state: StateAccepted, accepted: true, connectUntil: now.Add(ConnectTimeout)}
	return actions
}
