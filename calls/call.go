package calls

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	// outboxSize bounds the envelopes that wait to be submitted: 16 devices, told to ring and told to stop.
	outboxSize = 64
	// inboxSize bounds what waits for a call's loop; posting blocks beyond it.
	inboxSize = 64
	// eventBacklog is how many events an app may lag behind before state-less ones are dropped.
	eventBacklog = 64
)

// Call is one call, from the press of a button to exactly one Result.
type Call struct {
	// Static after newCall.
	phone   *Phone
	ref     callstate.Ref // the switchboard's name of it
	calls   bool          // the human of this side pressed call
	log     *slog.Logger
	inbox   chan func()
	events  chan Event
	done    chan struct{}
	outbox  chan outgoing
	name    string          // of the contact
	addr    string          // of the contact
	flushed chan struct{}   // closed when the outbox is empty and closed
	ctx     context.Context // ends when the call does
	cancel  context.CancelFunc
	wg      sync.WaitGroup // all loops but loop itself

	// Owned by loop.
	machine *callstate.Machine
	contact identity.Contact
	callee  *seal.Callee // of a callee
	arrived *arrival     // what Yield is to be answered with
	sent    map[sentKey]outgoing
	pending []callstate.Event // to be stepped after the present one
	caller  *seal.Caller      // of a caller, once prepared
	chosen  record.DeviceID   // of a caller: confirmed
	profile seal.MediaProfile
	remotes map[record.DeviceID]media.Description // a callee's only peer is the zero device
	root    *seal.MediaRoot                       // since CONFIRM
	ready   prepared
	voice   *voice
	recovery
	lost     bool // the app was told that the path is lost
	audio    Audio
	muting   bool // what the other side last said about its mute
	finished bool

	feeding  chan struct{} // one place: fed has something
	hangup   chan struct{} // one place: a press of hang-up that the loop has not seen yet
	restarts atomic.Uint64
	missed   atomic.Uint64 // events dropped because the app did not read
	muted    atomic.Bool
	talking  atomic.Pointer[voice]

	// Guarded by mu.
	mu     sync.Mutex
	state  State
	result Result
	err    error
	peer   *signaling.Client // to the other side's server, once there is something to say
	held   []prepared        // what release closes
	fed    []func()          // of the switchboard, for loop
	code   string
	times  Times
}

// Times is when things happened; zero if they did not.
type Times struct {
	Started    time.Time // the press of the call button, or the offer's arrival
	Ringing    time.Time // the caller learnt that it rings, or the callee's human was told
	Accepted   time.Time // the press of accept, or the caller learnt of it
	Talking    time.Time // this side holds the voice key
	FirstVoice time.Time // the first frame of the other side was played
	Ended      time.Time
}

func newCall(p *Phone, role callstate.Role, contact identity.Contact) *Call {
	ctx, cancel := context.WithCancel(context.Background())
	return &Call{
		phone: p, calls: role == callstate.Caller, contact: contact, name: contact.Name, addr: Address(contact), log: p.log, ctx: ctx, cancel: cancel,
		inbox: make(chan func(), inboxSize), events: make(chan Event, eventBacklog), hangup: make(chan struct{}, 1), feeding: make(chan struct{}, 1),
		done: make(chan struct{}), flushed: make(chan struct{}), outbox: make(chan outgoing, outboxSize),
		machine: callstate.New(role), profile: seal.DefaultMedia,
		remotes: make(map[record.DeviceID]media.Description), sent: make(map[sentKey]outgoing), recovery: recovery{asked: make(map[uint32]*seal.Restart)},
		times: Times{Started: time.Now()},
	}
}

// Accept takes an incoming call: this press draws the secret without which no voice key exists.
func (c *Call) Accept(audio Audio) error {
	if c.calls {
		return ErrState
	}
	return c.ask(func() error { return c.accept(audio) })
}

// accept is the press, in the call's loop.
func (c *Call) accept(audio Audio) error {
	if c.State() != StateRinging {
		return ErrState
	}
	c.audio = audio
	c.mark(func(t *Times) { t.Accepted = time.Now() })
	c.step(callstate.PressAccept{})
	return nil
}

// Reject declines an incoming call.
func (c *Call) Reject() error {
	if c.calls {
		return ErrState
	}
	return c.ask(func() error {
		if c.State() != StateRinging {
			return ErrState
		}
		c.step(callstate.PressReject{Reason: seal.RejectDeclined})
		return nil
	})
}

// Hangup ends the call from any state. It returns at once; Done tells when the call has ended.
func (c *Call) Hangup() {
	select {
	case c.hangup <- struct{}{}:
	default: // pressed before
	}
}

// Mute sends encoded silence instead of the Source, and tells the other side inside the padding. The wire looks the same.
func (c *Call) Mute(on bool) {
	c.muted.Store(on)
	if v := c.talking.Load(); v != nil {
		v.mute(on)
	}
}

// Events delivers what happens, in order; it is closed after EventEnded. An app that does not read loses events other
// than the last; the call goes on.
func (c *Call) Events() <-chan Event { return c.events }

// Done is closed when the call has ended and everything of it is released.
func (c *Call) Done() <-chan struct{} { return c.done }

// State is where the call stands.
func (c *Call) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Result is unset until the call has ended.
func (c *Call) Result() Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.result
}

// Err says why a call ended as it did, where more is known than its Result: ErrUnknownContact, ErrContactChanged,
// ErrNoRelay, ErrOffline, or nil.
func (c *Call) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Times is when things have happened so far.
func (c *Call) Times() Times {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.times
}

// Code is the short code that both people read aloud to be sure that nobody sits between them; empty before the state
// is StateTalking.
func (c *Call) Code() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// Verify notes that the two people have read Code to one another and that it was the same: the contact is verified from
// then on. It fails with ErrState while there is no code, and with identity.ErrUnknown for a stranger: add them first.
func (c *Call) Verify() error {
	return c.ask(func() error {
		if c.Code() == "" {
			return ErrState
		}
		return c.phone.profile.verifyAccount(c.contact.Account)
	})
}

// Incoming says whether the other side called. When both pressed call at once, each has called.
func (c *Call) Incoming() bool { return !c.calls }

// PeerName is the contact's name, empty for a stranger.
func (c *Call) PeerName() string { return c.name }

// PeerAddress is the other side's "id@host".
func (c *Call) PeerAddress() string { return c.addr }

// feed hands f to the call's loop and never waits: the switchboard holds its lock meanwhile.
func (c *Call) feed(f func()) {
	c.mu.Lock()
	c.fed = append(c.fed, f)
	c.mu.Unlock()
	select {
	case c.feeding <- struct{}{}:
	default:
	}
}

func (c *Call) takeFed() []func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	fed := c.fed
	c.fed = nil
	return fed
}

// post hands f to the call's loop; false when the call has ended.
func (c *Call) post(f func()) bool {
	select {
	case c.inbox <- f:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// notice is post for the voice loops, which the call's loop waits for: what does not fit is dropped, and comes again with
// the next frame if it matters.
func (c *Call) notice(f func()) bool {
	select {
	case c.inbox <- f:
		return true
	default:
		return false
	}
}

// ask runs f in the loop and returns its error.
func (c *Call) ask(f func() error) error {
	answer := make(chan error, 1)
	if !c.post(func() { answer <- f() }) {
		return ErrClosed
	}
	select {
	case err := <-answer:
		return err
	case <-c.done:
		return ErrClosed
	}
}

// emit never blocks: an app that does not read must not hold a call up.
func (c *Call) emit(e Event) {
	e.At = time.Now()
	if e.Kind == EventEnded {
		// The last event always fits: emit leaves one place free for it.
		c.events <- e
		return
	}
	if len(c.events) < cap(c.events)-1 {
		c.events <- e
	} else {
		c.missed.Add(1)
	}
}

func (c *Call) setState(s State) {
	c.mu.Lock()
	changed := c.state < s
	if changed {
		c.state = s
	}
	c.mu.Unlock()
	if changed {
		c.emit(Event{Kind: EventState, State: s})
	}
}

func (c *Call) mark(set func(*Times)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set(&c.times)
}
