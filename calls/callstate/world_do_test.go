package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// deadAir is how long media is silent until it is noticed.
const deadAir = time.Second

// do carries out one action, and checks that it may come now.
func (w *world) do(n uint8, c *wcall, action Action) {
	if c.ended {
		w.fail("I4: %T after the end", action)
		return
	}
	switch a := action.(type) {
	case Prepare:
		ev := Prepared{Role: c.m.role}
		if c.m.role == Caller {
			for i := range w.nodes {
				if nd := &w.nodes[i]; nd.party.Account == orderedAccounts[c.account] && i != int(n) {
					ev.Devices = append(ev.Devices, nd.party.Device)
				}
			}
		}
		w.net = append(w.net, flight{at: w.now, local: true, to: n, ref: c.ref, event: ev})
	case SendOffer:
		w.put(env{kind: seal.TypeOffer, from: n, to: w.node(a.Device), call: c.id, signed: c.dialed})
	case SendRing:
		if c.rang || c.closed {
			w.fail("RING twice")
		}
		c.rang = true
		w.put(env{kind: seal.TypeRing, from: n, to: c.peer, call: c.id})
	case SendAccept:
		if !c.pressed || !c.rang || c.consented {
			w.fail("M1: ACCEPT without a press, without RING or twice")
		}
		c.consented = true
		w.put(env{kind: seal.TypeAccept, from: n, to: c.peer, call: c.id})
	case SendConfirm:
		to := w.node(a.Device)
		if c.key || c.accepted&(1<<to) == 0 {
			w.fail("I2: CONFIRM twice, or without ACCEPT")
		}
		c.key = true
		w.put(env{kind: seal.TypeConfirm, from: n, to: to, call: c.id})
	case SendConnected:
		if !c.key {
			w.fail("CONNECTED without CONFIRM")
		}
		w.put(env{kind: seal.TypeConnected, from: n, to: c.peer, call: c.id})
	case SendReject:
		if c.closed {
			w.fail("REJECT twice")
		}
		c.closed = true
		w.put(env{kind: seal.TypeReject, from: n, to: c.peer, call: c.id, reason: uint8(a.Reason)})
	case SendHangup:
		w.toPeer(n, c, a.Device, env{kind: seal.TypeHangup, reason: uint8(a.Reason)})
	case SendElsewhere:
		to := w.node(a.Device)
		if c.key && c.m.chosen == a.Device {
			w.fail("ELSEWHERE to the chosen device")
		}
		c.saidElsewhere |= 1 << to
		if c.rung&(1<<to) == 0 {
			c.lateElsewhere |= 1 << to
		}
		w.toPeer(n, c, a.Device, env{kind: seal.TypeElsewhere})
	case Repeat:
		w.repeat(n, c, a)
	case SendMissed:
		if c.missed || c.rung != 0 {
			w.fail("a missed call is told twice, or although it rang")
		}
		c.missed = true
	case BecomeCallee:
		if c.turn == nil || c.key {
			w.fail("nothing to become")
			return
		}
		c.role, c.id, c.peer, c.turn = Callee, c.turn.call, c.turn.from, nil
		c.rung, c.accepted, c.shut, c.lateElsewhere, c.saidElsewhere, c.media = 0, 0, 0, 0, 0, false
	case SendRestart:
		if !c.key || c.ask != 0 || int(a.Epoch) >= len(c.chain) {
			w.fail("RESTART without a key, or while one is out")
			return
		}
		c.ask = uint8(a.Epoch)
		w.toPeer(n, c, c.m.chosen, env{kind: seal.TypeRestart, epoch: c.ask})
	case SendRestartAck:
		if c.asked != uint8(a.Epoch) || c.ask != 0 {
			w.fail("RESTART-ACK %d to RESTART %d, with %d out", a.Epoch, c.asked, c.ask)
		}
		w.rekey(n, c, a.Epoch, 3-c.role)
		w.toPeer(n, c, c.m.chosen, env{kind: seal.TypeRestartAck, epoch: uint8(a.Epoch)})
	case FinishRestart:
		if c.ask != uint8(a.Epoch) {
			w.fail("RESTART-ACK %d for RESTART %d", a.Epoch, c.ask)
		}
		c.ask = 0
		w.rekey(n, c, a.Epoch, c.role)
	case AbandonRestart:
		c.ask = 0
	case Alert:
		if c.shown {
			w.fail("a second ring")
		}
		c.shown = true
		nd := &w.nodes[n]
		for i := range nd.calls {
			if o := &nd.calls[i]; o.ref != c.ref && !o.ended && !o.dialed.IsZero() && !o.key && w.nodes[c.peer].party.Account == w.accountOf(o) {
				nd.alertsWhilePressed++
			}
		}
		if w.onAlert != nil {
			w.onAlert(n, c.ref)
		}
	case ShowRinging:
	case ConnectMedia:
		c.media = true
		if to, o := w.other(n, c); o != nil && o.media {
			w.net = append(w.net, flight{at: w.now, local: true, to: n, ref: c.ref, event: MediaUp{}, role: c.role, call: c.id},
				flight{at: w.now, local: true, to: to, ref: o.ref, event: MediaUp{}, role: o.role, call: o.id})
		}
	case StartVoice:
		if c.voice || !c.key || !c.pressed {
			w.fail("I1: the microphone opens twice, without a key or without a press")
		}
		c.voice = true
		if to, o := w.other(n, c); o != nil && o.voice && o.m.impaired {
			w.net = append(w.net, flight{at: w.now, local: true, to: to, ref: o.ref, event: MediaRestored{}, role: o.role, call: o.id})
		}
		// If nothing is heard by then, it is dead air from the start.
		w.net = append(w.net, flight{at: w.now.Add(deadAir), local: true, to: n, ref: c.ref, event: MediaImpaired{}, role: c.role, call: c.id})
	case SendInCallHangup:
		w.inCall(n, c, InCallHangup(a))
	case AckInCallHangup:
		w.inCall(n, c, InCallHangupAcked{})
	case StopMedia:
		w.silence(n, c)
		c.media, c.voice = false, false
	case Finish:
		c.ended = true
		if !c.endBy.IsZero() && w.now.After(c.endBy) {
			w.fail("I3: ended %v too late", w.now.Sub(c.endBy))
		}
	default:
		w.fail("unknown action %T", a)
	}
}

func (w *world) accountOf(c *wcall) record.AccountID {
	if c.role == Caller {
		return orderedAccounts[c.account]
	}
	return w.nodes[c.peer].party.Account
}

// toPeer sends within the session, or as the OFFER class to a device that has not rung.
func (w *world) toPeer(n uint8, c *wcall, device record.DeviceID, e env) {
	e.from, e.to, e.call = n, c.peer, c.id
	if c.role == Callee {
		if !c.rang {
			w.fail("a message of a session before RING")
		}
	} else {
		e.to = device[0] - 1
		e.late = c.rung&(1<<e.to) == 0
	}
	w.put(e)
}

// repeat may only send what was sent before.
func (w *world) repeat(n uint8, c *wcall, a Repeat) {
	e := env{kind: a.Type, from: n, to: c.peer, call: c.id}
	if c.role == Caller {
		e.to = w.node(a.Device)
	}
	sent := false
	switch a.Type {
	case seal.TypeRing:
		sent = c.role == Callee && c.rang
	case seal.TypeAccept:
		sent = c.role == Callee && c.consented
	case seal.TypeConfirm:
		sent = c.role == Caller && c.key && a.Device == c.m.chosen
	case seal.TypeElsewhere:
		sent = c.role == Caller && c.saidElsewhere&(1<<e.to) != 0
		e.late = c.lateElsewhere&(1<<e.to) != 0
	case seal.TypeRestart:
		e.epoch = c.ask
		sent = c.ask != 0
	case seal.TypeRestartAck:
		e.epoch = uint8(c.m.epoch)
		sent = c.m.epoch > 0 && c.chain[c.m.epoch] == 3-c.role
	}
	if !sent {
		w.fail("message %d is repeated and was never sent", a.Type)
		return
	}
	w.put(e)
}

// rekey: both sides must agree who made the key of an epoch.
func (w *world) rekey(n uint8, c *wcall, epoch uint32, by Role) {
	if int(epoch) >= len(c.chain) || c.chain[epoch] != 0 || epoch > 1 && c.chain[epoch-1] == 0 {
		w.fail("epoch %d out of turn", epoch)
		return
	}
	c.chain[epoch] = by
	if _, o := w.other(n, c); o != nil && o.chain[epoch] != 0 && o.chain[epoch] != by {
		w.fail("the two sides have different keys in epoch %d", epoch)
	}
}

// inCall sends inside the voice, which repeats it until it arrives, if there is a path.
func (w *world) inCall(n uint8, c *wcall, ev Event) {
	if to, o := w.other(n, c); o != nil && o.voice && c.voice && !c.m.impaired && !o.m.impaired {
		w.net = append(w.net, flight{at: w.now, local: true, to: to, ref: o.ref, event: ev, role: o.role, call: o.id})
	}
}

// silence: the far end notices that nothing comes any more, and has 30 s from then.
func (w *world) silence(n uint8, c *wcall) {
	to, o := w.other(n, c)
	if o == nil || !o.m.keyed() {
		return
	}
	w.endBy(o, deadAir+RecoverTimeout)
	w.net = append(w.net, flight{at: w.now.Add(deadAir), local: true, to: to, ref: o.ref, event: MediaImpaired{}, role: o.role, call: o.id})
}

// crash: the app is gone, with everything but what is on disk.
func (w *world) crash(n uint8) {
	nd := &w.nodes[n]
	w.tell("%d: crash", n)
	for i := range nd.calls {
		if c := &nd.calls[i]; !c.ended {
			w.silence(n, c)
			c.ended = true
		}
	}
	nd.down = true
	nd.line = *NewLine(LineConfig{Self: nd.party, Limit: nd.line.limit})
	kept := w.net[:0]
	for _, f := range w.net {
		if !f.local || f.to != n {
			kept = append(kept, f)
		}
	}
	w.net = kept
}
