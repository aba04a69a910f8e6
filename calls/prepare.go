package calls

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// prepareTimeout bounds directory, relay and queue together.
const prepareTimeout = 10 * time.Second

// prepared is what a call holds open. The zero value holds nothing.
type prepared struct {
	conn  *media.Conn
	local media.Description
	queue *signaling.Queue
}

func (p *prepared) close() {
	if p.conn != nil {
		_ = p.conn.Close()
	}
	if p.queue != nil {
		_ = p.queue.Close()
	}
}

// hold keeps what release must close, even when the call ends before its loop has seen it.
func (c *Call) hold(p prepared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = append(c.held, p)
}

// both runs two preparations at once and returns the first error, of a first.
func both(a, b func() error) error {
	var (
		wg         sync.WaitGroup
		errA, errB error
	)
	wg.Go(func() { errA = a() })
	wg.Go(func() { errB = b() })
	wg.Wait()
	if errA != nil {
		return errA
	}
	return errB
}

// prepareCallerLoop asks directory and relay, opens the reply queue and seals the offers.
func (c *Call) prepareCallerLoop(to identity.Contact) {
	ctx, cancel := context.WithTimeout(c.ctx, prepareTimeout)
	defer cancel()
	var (
		ready     prepared
		published record.Published
		contact   identity.Contact
		pair      signaling.RelayPair
	)
	err := both(
		func() (err error) {
			published, contact, err = c.lookUp(ctx, to)
			return err
		},
		func() error {
			return both(
				func() (err error) {
					if pair, err = c.phone.relayCredentials(ctx); err != nil {
						return err
					}
					ready.conn, ready.local, err = c.gather(ctx, media.Caller, pair.URLs, pair.Hosts, pair.Caller.Username, pair.Caller.Password)
					return err
				},
				func() (err error) {
					ready.queue, err = c.phone.client.OpenQueue(ctx)
					return err
				},
			)
		},
	)
	var caller *seal.Caller
	if err == nil {
		c.phone.profile.mu.Lock()
		caller, err = seal.NewCaller(seal.CallerConfig{
			Identity: c.phone.profile.id, Now: time.Now(), Published: published, HighestSuite: contact.HighestSuite,
			Transport: transportOf(ready.local), ReplyServer: c.phone.profile.id.Server(), ReplyQueue: ready.queue.ID(),
			Relay: seal.Relay{URLs: pair.URLs, Username: pair.Callee.Username, Password: pair.Callee.Password},
			Media: c.profile,
		})
		c.phone.profile.mu.Unlock()
	}
	c.hold(ready)
	c.post(func() {
		if c.machine.Role() != callstate.Caller { // turned meanwhile
			if caller != nil {
				caller.Wipe()
			}
			c.wg.Go(ready.close)
			return
		}
		c.ready = ready
		if err != nil {
			c.setErr(explained(err))
			c.step(callstate.PrepareFailed{Result: resultOf(err), Role: callstate.Caller})
			return
		}
		c.caller, c.contact = caller, contact
		c.wg.Go(func() { c.queueLoop(ready.queue) })
		var devices []record.DeviceID
		for _, o := range caller.Offers() {
			devices = append(devices, o.Device)
		}
		c.step(callstate.Prepared{Devices: devices, Role: callstate.Caller})
	})
}

// lookUp fetches what the contact publishes, without a login, and holds it against what is known.
func (c *Call) lookUp(ctx context.Context, to identity.Contact) (record.Published, identity.Contact, error) {
	if err := c.openPeer(to.Server); err != nil {
		return record.Published{}, to, err
	}
	published, err := c.peerClient().Directory(ctx, to.Account.ID())
	if err != nil {
		return published, to, err
	}
	contact, err := c.phone.profile.updateContact(to, published, time.Now())
	return published, contact, err
}

// prepareCalleeLoop opens this side's queue and allocates on the relay that the offer names.
func (c *Call) prepareCalleeLoop(offer *seal.Offer) {
	ctx, cancel := context.WithTimeout(c.ctx, prepareTimeout)
	defer cancel()
	var ready prepared
	err := c.openPeer(offer.ReplyServer)
	if err == nil {
		err = both(
			func() error {
				hosts, err := c.phone.relayHosts(ctx)
				if err != nil {
					return err
				}
				if err := listed(offer.Relay.URLs, hosts); err != nil {
					return err
				}
				ready.conn, ready.local, err = c.gather(ctx, media.Callee, offer.Relay.URLs, hosts, offer.Relay.Username, offer.Relay.Password)
				return err
			},
			func() (err error) {
				ready.queue, err = c.phone.client.OpenQueue(ctx)
				return err
			},
		)
	}
	c.hold(ready)
	c.post(func() {
		c.ready = ready
		if err != nil {
			c.setErr(explained(err))
			c.step(callstate.PrepareFailed{Result: callstate.ConnectFailed, Role: callstate.Callee})
			return
		}
		c.learn(record.DeviceID{}, &offer.Transport)
		c.wg.Go(func() { c.queueLoop(ready.queue) })
		c.step(callstate.Prepared{Role: callstate.Callee})
	})
}

// gather allocates on the relays. Only the relays' own addresses may be contacted later.
func (c *Call) gather(ctx context.Context, role media.Role, urls, hosts []string, user, password string) (*media.Conn, media.Description, error) {
	cfg := media.Config{Role: role, ListenPacket: c.phone.cfg.ListenPacket, DialContext: c.phone.cfg.DialContext, AllowedRemote: onlyRelays(hosts), Log: c.log}
	cfg.Relays, cfg.Relogin = relaysOf(urls, user, password), c.relogin(role)
	cfg.OnLost = func() { c.feed(c.reconnect) }
	cfg.OnCandidates = func(found []media.Candidate) { c.feed(func() { c.trickle(found) }) }
	conn, err := media.New(cfg)
	if err != nil {
		return nil, media.Description{}, err
	}
	local, err := conn.Gather(ctx)
	if err != nil {
		_ = conn.Close()
		return nil, media.Description{}, err
	}
	return conn, local, nil
}

// onlyRelays allows the addresses in hosts. With names among them it leaves the decision to media, which then refuses
// everything that is not public.
func onlyRelays(hosts []string) func(netip.Addr) bool {
	allowed := make(map[netip.Addr]bool, len(hosts))
	for _, h := range hosts {
		ip, err := netip.ParseAddr(h)
		if err != nil {
			return nil
		}
		allowed[ip.Unmap()] = true
	}
	return func(a netip.Addr) bool { return allowed[a.Unmap()] }
}

// errForeignRelay: a peer may not make this phone talk to a relay that its own server does not know, for the operator of a
// relay sees the addresses it serves.
var errForeignRelay = errors.New("calls: the caller's relay is not one of ours")

// listed holds the relay URLs of an offer (RFC 7065) against the hosts that our own server lists.
func listed(urls, hosts []string) error {
	for _, u := range urls {
		_, rest, _ := strings.Cut(u, ":")
		rest, _, _ = strings.Cut(rest, "?")
		host := rest
		if h, _, err := net.SplitHostPort(rest); err == nil {
			host = h
		}
		found := false
		for _, h := range hosts {
			found = found || strings.EqualFold(strings.Trim(host, "[]"), h)
		}
		if !found {
			return errForeignRelay
		}
	}
	return nil
}

// openPeer makes the client for the other side's server: a connection of its own, so that nothing links it to this phone's
// mailbox.
func (c *Call) openPeer(server string) error {
	if err := checkReply(c.phone.profile.id.Server(), server); err != nil {
		return err
	}
	client, err := signaling.New(signaling.Config{Server: server, DialContext: c.phone.cfg.DialContext, Log: c.log})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.peer != nil {
		return client.Close()
	}
	c.peer = client
	return nil
}

func (c *Call) peerClient() *signaling.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer
}

// checkReply refuses servers that a stranger may not send us to: anything but https, and this machine unless our own server
// is there too.
func checkReply(own, server string) error {
	if err := checkServer(server); err != nil {
		return err
	}
	local := func(s string) bool {
		u, err := url.Parse(s)
		if err != nil {
			return true
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if err != nil {
			return u.Hostname() == "localhost"
		}
		return !ip.Unmap().IsGlobalUnicast() || ip.Unmap().IsPrivate()
	}
	if local(server) && !local(own) {
		return errors.New("calls: the other side's server is not on the public network")
	}
	return nil
}

// explained is the error that an app sees.
func explained(err error) error {
	switch {
	case errors.Is(err, signaling.ErrNotFound), errors.Is(err, seal.ErrNoDevice):
		return ErrUnknownContact
	case errors.Is(err, identity.ErrAccountChanged), errors.Is(err, identity.ErrOldList), errors.Is(err, identity.ErrFork), errors.Is(err, seal.ErrSuite):
		return ErrContactChanged
	case errors.Is(err, media.ErrRelayUnreachable), errors.Is(err, media.ErrRelayRefused), errors.Is(err, media.ErrRelayBusy):
		return ErrNoRelay
	case errors.Is(err, signaling.ErrUnavailable), errors.Is(err, ErrOffline):
		return ErrOffline
	}
	return err
}

func resultOf(err error) Result {
	switch {
	case errors.Is(explained(err), ErrUnknownContact):
		return callstate.Unreachable
	case errors.Is(explained(err), ErrNoRelay):
		return callstate.ConnectFailed
	}
	return callstate.Failed
}
