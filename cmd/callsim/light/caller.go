package light

import (
	"context"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// calling is the caller's side while the call is set up.
type calling struct {
	*call
	leg      *leg
	queue    *signaling.Queue
	socket   socket
	attached bool // the driver has leg and socket
	seal     *seal.Caller
	pair     signaling.RelayPair
}

// caller is the life of the call, from the caller's press.
func (c *call) caller() {
	s := &calling{call: c, leg: c.legs[seal.CallerToCallee]}
	defer s.release()
	var (
		step    Failure
		talking bool
	)
	c.apart(func() { step, talking = s.setUp() })
	if step != "" {
		c.fail(step)
	}
	if talking {
		s.hold()
	}
}

// apart runs f in a goroutine that ends with it: the handshake needs 64 KiB of stack, and who only waits should not keep them.
func (c *call) apart(f func()) {
	done := make(chan struct{})
	c.wg.Go(func() { defer close(done); f() })
	<-done
}

// setUp takes the call to where both hear each other.
func (s *calling) setUp() (step Failure, talking bool) {
	if step = s.prepare(); step != "" {
		return step, false
	}
	device := s.seal.Offers()[0].Device
	s.engine.expect(s.seal.CallID(), s.call)
	defer s.engine.forget(s.seal.CallID())
	s.wg.Go(s.callee)
	step = s.ring(device)
	if step == FailedAnswer {
		s.cancelRinging(device)
	}
	s.mu.Lock()
	talking = step == "" && s.outcome.Result == 0
	s.mu.Unlock()
	if talking {
		s.seal.Wipe()
		s.seal = nil
	}
	return step, talking
}

// prepare asks directory and relay, opens the queue and seals the offer: what a phone does, and as much of it at once.
func (s *calling) prepare() Failure {
	var (
		published record.Published
		contact   = identity.ContactFrom("callee", s.to.id.Link())
	)
	step := both(
		func() Failure {
			var err error
			if published, err = s.from.client.Directory(s.ctx, contact.Account.ID()); err != nil {
				return FailedDirectory
			}
			if contact.Update(published, time.Now()) != nil {
				return FailedDirectory
			}
			return ""
		},
		func() Failure {
			return both(
				func() (step Failure) {
					var err error
					if s.pair, err = s.from.credentials(s.ctx); err != nil {
						return FailedCredentials
					}
					s.mark(func(t *Times) { t.Credentials = time.Now() })
					if s.socket, err = s.allocate(s.leg, s.from.network, s.pair.URLs, s.pair.Caller.Username, s.pair.Caller.Password); err != nil {
						return FailedAllocation
					}
					s.mark(func(t *Times) { t.Allocated = time.Now() })
					return ""
				},
				func() Failure {
					var err error
					if s.queue, err = s.from.client.OpenQueue(s.ctx); err != nil {
						return FailedQueue
					}
					return ""
				},
			)
		},
	)
	if step != "" {
		return step
	}
	var err error
	s.seal, err = seal.NewCaller(seal.CallerConfig{
		Identity: s.from.id, Now: time.Now(), Published: published, HighestSuite: contact.HighestSuite, Transport: s.leg.transport(),
		ReplyServer: s.from.id.Server(), ReplyQueue: s.queue.ID(),
		Relay: seal.Relay{URLs: s.pair.URLs, Username: s.pair.Callee.Username, Password: s.pair.Callee.Password},
	})
	if err != nil {
		return FailedOffer
	}
	return ""
}

// ring sends the offer, and follows the callee to where both hear each other, or one gives up.
func (s *calling) ring(device record.DeviceID) Failure {
	ctx, cancel := context.WithTimeout(s.ctx, s.plan.RingTimeout)
	defer cancel()
	offer := s.seal.Offers()[0]
	if err := s.submit(ctx, s.from.client, &offer.Envelope, s.to.id.DeliveryKey()); err != nil {
		return FailedOffer
	}
	s.mark(func(t *Times) { t.Offered = time.Now() })
	m, step := s.await(ctx, FailedRing)
	if step != "" {
		return step
	}
	switch m := m.(type) {
	case *seal.Ring:
		s.mark(func(t *Times) { t.Ringing = time.Now() })
		if m.Transport == nil {
			return FailedRing
		}
		socket := s.socket
		s.socket = nil
		if step := s.connect(s.leg, socket, *m.Transport, s.plan.Caller, s.pair.URLs); step != "" {
			return step
		}
		s.attached = true
	case *seal.Reject:
		return s.rejected(m)
	default:
		return FailedRing
	}
	if m, step = s.await(ctx, FailedAnswer); step != "" {
		return step
	}
	switch m := m.(type) {
	case *seal.Accept:
	case *seal.Reject:
		return s.rejected(m)
	default:
		return FailedAnswer
	}
	return s.talk(device)
}

func (s *calling) rejected(m *seal.Reject) Failure {
	result := ResultDeclined
	if m.Reason == seal.RejectBusy {
		result = ResultBusy
	}
	s.end(result)
	s.cancel()
	return ""
}

// talk confirms the device and speaks.
func (s *calling) talk(device record.DeviceID) Failure {
	_, env, root, err := s.seal.Confirm(device)
	if err != nil {
		return FailedKeys
	}
	defer root.Wipe()
	ctx, cancel := context.WithTimeout(s.ctx, connectTimeout)
	defer cancel()
	if s.submit(ctx, s.from.client, &env, anyKey()) != nil {
		return FailedKeys
	}
	if s.speak(s.leg, root, int(seal.DefaultMedia.BucketBytes)) != nil {
		return FailedKeys
	}
	s.mark(func(t *Times) { t.Confirmed = time.Now() })
	if m, step := s.await(ctx, FailedKeys); step != "" {
		return step
	} else if _, ok := m.(*seal.Connected); !ok {
		return FailedKeys
	}
	_ = s.queue.Close()
	s.queue = nil
	for _, wait := range []struct {
		until <-chan struct{}
		step  Failure
		then  func(*Times)
	}{
		{s.path[0], FailedPath, func(*Times) {}},
		{s.path[1], FailedPath, func(t *Times) { t.Path = time.Now() }},
		{s.voice[0], FailedVoice, func(t *Times) {}},
		{s.voice[1], FailedVoice, func(t *Times) {}},
	} {
		select {
		case <-wait.until:
			s.mark(wait.then)
		case <-ctx.Done():
			return wait.step
		}
	}
	s.noteTimes()
	if s.plan.OnVoice != nil {
		s.plan.OnVoice()
	}
	return ""
}

// noteTimes takes from the legs when it happened: this goroutine may have been told late.
func (s *calling) noteTimes() {
	done := make(chan struct{})
	if s.driver.do(s.leg, func(time.Time, time.Duration, func([]byte) bool) {
		epoch := s.engine.epoch
		s.mark(func(t *Times) {
			t.CallerHears, t.CalleeHears = epoch.Add(s.legs[0].hearing), epoch.Add(s.legs[1].hearing)
			t.Path = epoch.Add(max(s.legs[0].pathUp, s.legs[1].pathUp))
		})
		close(done)
	}) {
		<-done
	}
}

// hold waits while they talk, and hangs up inside the voice.
func (s *calling) hold() {
	talked := time.After(s.plan.Talk)
	watch := time.NewTicker(silenceEnds / 6)
	defer watch.Stop()
	for talking := true; talking; {
		select {
		case <-talked:
			talking = false
		case <-s.ctx.Done():
			talking = false
		case <-s.gone[0]: // the callee hung up
			talking = false
		case <-watch.C:
			if s.silent() {
				s.end(ResultMediaLost)
				s.mark(func(t *Times) { t.HungUp = time.Now() })
				s.cancel()
				return
			}
		}
	}
	if s.ctx.Err() != nil {
		s.end(ResultInterrupted)
	}
	s.mark(func(t *Times) { t.HungUp = time.Now() })
	s.driver.do(s.leg, func(time.Time, time.Duration, func([]byte) bool) { s.leg.say(hangupControl, hangupFrames) })
	select {
	case <-s.gone[0]:
		s.mark(func(t *Times) { t.Acknowledged = time.Now() })
	case <-time.After(hangupWait):
	}
	s.end(ResultTalked)
}

// silent says whether one of the sides has heard nothing for too long.
func (s *calling) silent() bool {
	answer := make(chan bool, 1)
	if !s.driver.do(s.leg, func(_ time.Time, at time.Duration, _ func([]byte) bool) {
		answer <- at-s.legs[0].heard.last > silenceEnds || at-s.legs[1].heard.last > silenceEnds
	}) {
		return true
	}
	return <-answer
}

// await is the next message from the callee.
func (s *calling) await(ctx context.Context, step Failure) (seal.Message, Failure) {
	for {
		d, err := s.queue.Receive(ctx)
		if err != nil {
			return nil, step
		}
		if _, m, err := s.seal.Open(time.Now(), &d.Envelope); err == nil && m != nil {
			return m, ""
		}
	}
}

// cancelRinging tells the callee that nobody waits any more: as planned, or because something went wrong.
func (s *calling) cancelRinging(device record.DeviceID) {
	if s.ctx.Err() == nil && s.plan.Answer == AnswerNothing {
		s.end(ResultNoAnswer)
	}
	_, env, err := s.seal.Seal(time.Now(), device, &seal.Hangup{Reason: seal.HangupRingTimeout})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.engine.life, 2*time.Second)
	defer cancel()
	key := anyKey()
	if _, rang := s.seal.Rang(device); !rang {
		key = s.to.id.DeliveryKey()
	}
	_ = s.from.client.Submit(ctx, &env, key)
}

func (s *calling) release() {
	if s.attached {
		s.leave(s.leg)
	}
	if s.socket != nil {
		_ = s.socket.Close()
	}
	if s.queue != nil {
		_ = s.queue.Close()
	}
	if s.seal != nil {
		s.seal.Wipe()
	}
}
