package calls

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling"
)

const (
	// maintainEvery is how often prekeys and the device list are looked at; both change about once a day.
	maintainEvery = 10 * time.Minute
	// hostsFor is how long a list of relays is believed.
	hostsFor = time.Hour
	// incomingBacklog is how many ringing calls may wait for the app to notice; more hear busy.
	incomingBacklog = 8
)

// Phone is a profile online. Make one with New, run Serve, and read Incoming.
type Phone struct {
	// Static after New.
	cfg      Config
	profile  *Profile
	client   *signaling.Client
	log      *slog.Logger
	incoming chan *Call
	board    *switchboard
	life     context.Context // ends with Serve; calls hang up
	end      context.CancelFunc
	wg       sync.WaitGroup // calls and loops
	moved    chan struct{}  // one place: the network has changed

	// Guarded by mu.
	mu      sync.Mutex
	mailbox *signaling.Mailbox // nil while offline
	online  chan struct{}      // closed while online
	hosts   []string           // the relays that our server lists
	hostsAt time.Time          // when it said so
}

// New checks cfg. It does no I/O and starts nothing.
func New(cfg Config) (*Phone, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	client, err := signaling.New(signaling.Config{Server: cfg.Profile.Server(), DialContext: cfg.DialContext, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	p := &Phone{
		cfg: cfg, profile: cfg.Profile, client: client, log: cfg.Log,
		incoming: make(chan *Call, incomingBacklog), life: life, end: end,
		online: make(chan struct{}), moved: make(chan struct{}, 1),
	}
	p.board = newSwitchboard(p)
	return p, nil
}

// Incoming delivers calls that ring. It is closed when Serve returns.
func (p *Phone) Incoming() <-chan *Call { return p.incoming }

// Profile is who this phone is.
func (p *Phone) Profile() *Profile { return p.profile }

// Serve is online until ctx ends, reconnecting with full jitter. It then hangs up the live calls, waits for every
// goroutine and returns ctx's error. It may be called once.
func (p *Phone) Serve(ctx context.Context) error {
	defer p.shutdown()
	p.wg.Go(p.maintainLoop)
	p.wg.Go(func() { p.cfg.WatchNetwork(p.life, p.NetworkChanged) })
	backoff := signaling.Backoff{}
	for {
		err := p.session(ctx, &backoff)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.log.Debug("phone offline", "known_cause", errors.Is(err, signaling.ErrUnavailable))
		if err := backoff.WaitOr(ctx, p.moved); err != nil {
			return err
		}
	}
}

// NetworkChanged says that this machine may be on another network now: connections are made anew, and calls look for another
// path at once instead of after a second of silence. Serve notices by itself where the operating system tells
// ([Config.WatchNetwork]); an app that learns it from its platform calls this. It does not wait.
func (p *Phone) NetworkChanged() {
	p.log.Debug("the network has changed")
	select {
	case p.moved <- struct{}{}:
	default:
	}
	p.client.Reconnect()
	p.board.each((*Call).networkChanged)
}

// WaitOnline blocks until the phone is connected to its server.
func (p *Phone) WaitOnline(ctx context.Context) error {
	p.mu.Lock()
	online := p.online
	p.mu.Unlock()
	select {
	case <-online:
		return nil
	case <-ctx.Done():
		return ErrOffline
	case <-p.life.Done():
		return ErrClosed
	}
}

// session is one connection to the mailbox.
func (p *Phone) session(ctx context.Context, backoff *signaling.Backoff) error {
	mailbox, err := p.client.OpenMailbox(ctx, signaling.MailboxConfig{
		Account: p.profile.Account().ID(), Device: p.profile.id.DeviceID(), Sign: p.profile.id.SignDevice,
	})
	if errors.Is(err, signaling.ErrNotFound) {
		// The server has forgotten us: a development server keeps accounts in memory. Registering is idempotent.
		if err = p.client.Register(ctx, p.profile.registration()); err == nil {
			mailbox, err = p.client.OpenMailbox(ctx, signaling.MailboxConfig{
				Account: p.profile.Account().ID(), Device: p.profile.id.DeviceID(), Sign: p.profile.id.SignDevice,
			})
		}
	}
	if err != nil {
		return err
	}
	defer mailbox.Close()
	backoff.Reset()
	p.setMailbox(mailbox)
	defer p.setMailbox(nil)
	p.wg.Go(func() { _, _ = p.relayHosts(ctx) }) // for a call that comes: asked then, it would wait
	for {
		delivery, err := mailbox.Receive(ctx)
		if err != nil {
			return err
		}
		p.offered(delivery)
	}
}

func (p *Phone) setMailbox(m *signaling.Mailbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mailbox = m
	if m != nil {
		close(p.online)
	} else {
		p.online = make(chan struct{})
	}
}

// relayCredentials asks over the mailbox connection, which is the only one that proves who may use the relay.
func (p *Phone) relayCredentials(ctx context.Context) (signaling.RelayPair, error) {
	p.mu.Lock()
	mailbox := p.mailbox
	p.mu.Unlock()
	if mailbox == nil {
		return signaling.RelayPair{}, ErrOffline
	}
	return mailbox.RelayCredentials(ctx)
}

// relayHosts is which relays our own server lists, as it was within the hour.
func (p *Phone) relayHosts(ctx context.Context) ([]string, error) {
	p.mu.Lock()
	hosts, at := p.hosts, p.hostsAt
	p.mu.Unlock()
	if len(hosts) > 0 && time.Since(at) < hostsFor {
		return hosts, nil
	}
	hosts, err := p.client.RelayHosts(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.hosts, p.hostsAt = hosts, time.Now()
	p.mu.Unlock()
	return hosts, nil
}

// Dial calls contact. It returns as soon as the call exists; what becomes of it arrives as events. ctx bounds only the
// start: hang up with Call.Hangup. If contact is calling here at this moment, the press accepts that call and Dial returns
// it; if there is a call with contact already, Dial fails with ErrEngaged.
func (p *Phone) Dial(ctx context.Context, contact identity.Contact, audio Audio) (*Call, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.profile.mayCall(contact); err != nil {
		return nil, err
	}
	c := newCall(p, callstate.Caller, contact)
	c.audio = audio
	return p.board.dial(c)
}

// start runs the call's loop; first is its first event.
func (p *Phone) start(c *Call, first callstate.Event) {
	p.wg.Go(func() {
		c.loop(p.life, first)
		p.board.ended(c)
	})
}

// maintainLoop rotates prekeys, re-signs the device list and publishes both.
func (p *Phone) maintainLoop() {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.life.Done():
			return
		case <-tick.C:
		}
		changed, err := p.profile.maintain(time.Now())
		if err != nil {
			p.log.Warn("keys could not be rotated")
			continue
		}
		if !changed {
			continue
		}
		if err := p.client.Publish(p.life, p.profile.published(), p.profile.id.DeviceID(), p.profile.id.SignDevice); err != nil {
			p.log.Warn("rotated keys could not be published; trying again later")
		}
	}
}

// shutdown hangs up, waits and closes.
func (p *Phone) shutdown() {
	p.board.close()
	p.end()
	p.wg.Wait()
	close(p.incoming)
	_ = p.client.Close()
}
