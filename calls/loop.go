package calls

import (
	"context"
	"log/slog"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/calls/sframe"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// loop is the only place where the call's state changes. life ends when the phone closes; the call then hangs up first.
func (c *Call) loop(life context.Context, first callstate.Event) {
	c.wg.Go(c.outboxLoop)
	timer := time.NewTimer(0)
	defer timer.Stop()
	closing := life.Done()
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()
	c.step(first)
	for !c.finished {
		var due <-chan time.Time
		if at := c.machine.Deadline(); !at.IsZero() {
			timer.Reset(time.Until(at))
			due = timer.C
		}
		select {
		case f := <-c.inbox:
			f()
		case <-due:
			c.step(callstate.Timeout{})
		case <-c.feeding:
			for _, f := range c.takeFed() {
				if !c.finished {
					f()
				}
			}
		case <-renew.C:
			if c.calls {
				c.step(callstate.Renew{})
			}
		case <-c.hangup:
			c.step(callstate.PressHangup{})
		case <-closing:
			closing = nil
			c.step(callstate.Quit{})
		}
	}
	c.release()
}

// step feeds the machine and does what it says, including what follows from doing it.
func (c *Call) step(event callstate.Event) {
	c.pending = append(c.pending, event)
	for len(c.pending) > 0 && !c.finished {
		event, c.pending = c.pending[0], c.pending[1:]
		for _, action := range c.machine.Step(time.Now(), event) {
			c.do(action)
		}
		c.show()
		c.phone.board.moved(c, c.machine)
	}
}

// show tells the app where the call stands. StateTalking is told by startVoice, when it is true.
func (c *Call) show() {
	switch c.machine.State() {
	case callstate.StatePreparing, callstate.StateDialing:
		c.setState(StateDialing)
	case callstate.StateRinging, callstate.StateAlerting:
		c.setState(StateRinging)
	case callstate.StateAccepted, callstate.StateConnecting:
		c.setState(StateAccepted)
	}
}

// do carries out one action. What fails becomes an event.
func (c *Call) do(action callstate.Action) {
	switch a := action.(type) {
	case callstate.Prepare:
		if c.machine.Role() == callstate.Caller {
			to := c.contact
			c.wg.Go(func() { c.prepareCallerLoop(to) })
		} else {
			offer := c.callee.Offer()
			c.wg.Go(func() { c.prepareCalleeLoop(offer) })
		}
	case callstate.SendOffer:
		c.sendOffer(a.Device)
	case callstate.SendRing:
		transport := transportOf(c.ready.local)
		c.sendSealed(seal.TypeRing, func() (seal.Envelope, error) { return c.callee.Ring(c.ready.queue.ID(), &transport) })
		c.trickleTo(record.DeviceID{})
	case callstate.SendAccept:
		c.sendSealed(seal.TypeAccept, func() (seal.Envelope, error) { return c.callee.Accept(nil) })
	case callstate.SendConfirm:
		c.sendConfirm(a.Device)
	case callstate.SendConnected:
		c.sendSealed(seal.TypeConnected, c.callee.Connected)
		c.keyed(c.callee.Root())
		c.setCode(c.callee.Code())
	case callstate.Repeat:
		if out, ok := c.sent[sentKey{a.Device, a.Type}]; ok {
			c.put(out)
		}
	case callstate.BecomeCallee:
		c.becomeCallee()
	case callstate.SendReject:
		c.sendReject(a.Reason)
	case callstate.SendHangup:
		c.sendTo(a.Device, &seal.Hangup{Reason: a.Reason})
	case callstate.SendElsewhere:
		c.sendTo(a.Device, &seal.Elsewhere{Declined: a.Declined})
	case callstate.SendInCallHangup:
		c.say(sframe.Control{Kind: sframe.ControlHangup, Reason: uint8(a.Reason)}, -1)
	case callstate.AckInCallHangup:
		c.say(sframe.Control{Kind: sframe.ControlHangupAck}, ackFrames)
	case callstate.Alert:
		c.alert()
	case callstate.ShowRinging:
		c.mark(func(t *Times) { t.Ringing = time.Now() })
	case callstate.ConnectMedia:
		conn, remote := c.ready.conn, c.remotes[a.Device]
		c.reaching, c.toward = true, a.Device
		c.wg.Go(func() { c.connectLoop(conn, remote) })
	case callstate.SendRestart:
		c.sendRestart(a.Epoch)
	case callstate.SendRestartAck:
		c.answerRestart(a.Epoch)
	case callstate.FinishRestart:
		c.finishRestart(a.Epoch)
	case callstate.AbandonRestart:
		c.forgetAsking()
	case callstate.StartVoice:
		if err := c.startVoice(); err != nil {
			c.log.Warn("voice could not start")
			c.pending = append(c.pending, callstate.MediaFailed{})
		}
	case callstate.StopMedia:
		c.stopMedia()
	case callstate.Finish:
		c.finish(a.Result)
	}
}

// alert hands the call to the app.
func (c *Call) alert() {
	c.mark(func(t *Times) { t.Ringing = time.Now() })
	c.setState(StateRinging)
	select {
	case c.phone.incoming <- c:
	default:
		c.pending = append(c.pending, callstate.PressReject{Reason: seal.RejectBusy})
	}
}

// finish tells the app the result; what is left of the call is released afterwards.
func (c *Call) finish(result Result) {
	c.finished = true
	c.mu.Lock()
	c.state, c.result = StateEnded, result
	c.times.Ended = time.Now()
	c.mu.Unlock()
	c.log.Debug("call ended", slog.String("result", result.String()))
	c.emit(Event{Kind: EventEnded, State: StateEnded, Result: result})
}

// release waits for every goroutine of the call and forgets its secrets. Envelopes already waiting go out first.
func (c *Call) release() {
	c.flush()
	c.cancel()
	c.wg.Wait()
	for i := range c.held { // nobody else is left who could change it
		c.held[i].close()
	}
	if peer := c.peerClient(); peer != nil {
		_ = peer.Close()
	}
	if c.caller != nil {
		c.caller.Wipe()
	}
	if c.callee != nil {
		c.callee.Wipe()
	}
	if c.root != nil {
		c.root.Wipe()
	}
	if c.arrived != nil {
		c.arrived.callee.Wipe()
	}
	if c.renewal != nil {
		c.renewal.Wipe()
	}
	for _, r := range c.roots {
		r.root.Wipe()
	}
	c.forgetAsking()
	close(c.events)
	close(c.done)
}

func (c *Call) setCode(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code = code
}

func (c *Call) setErr(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// transportOf says in an envelope's words where this side's media is.
func transportOf(d media.Description) seal.Transport {
	t := seal.Transport{Fingerprint: d.Fingerprint, Ufrag: d.Ufrag, Pwd: d.Pwd}
	for _, c := range d.Candidates {
		t.Candidates = append(t.Candidates, seal.Candidate{Addr: c.Addr, Priority: c.Priority})
	}
	return t
}

// learn keeps where a device's media is.
func (c *Call) learn(device record.DeviceID, t *seal.Transport) {
	if t == nil {
		return
	}
	c.remotes[device] = media.Description{Fingerprint: t.Fingerprint, Ufrag: t.Ufrag, Pwd: t.Pwd, Candidates: candidatesOf(t.Candidates)}
}

func candidatesOf(from []seal.Candidate) []media.Candidate {
	to := make([]media.Candidate, len(from))
	for i, c := range from {
		to[i] = media.Candidate{Addr: c.Addr, Priority: c.Priority}
	}
	return to
}
