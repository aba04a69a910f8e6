package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

const (
	payloadBytes = 120
	// lifetime is asked for; what the relay grants outlives every run, for channels are bound again in time.
	lifetime = time.Hour
)

// step is how far a client has come.
type step uint8

const (
	stepChallenge step = iota // has asked without credentials
	stepAllocate
	stepBind
	stepReady
)

// client is one side of a call.
type client struct {
	address  [4]byte
	number   int // of it; even and odd make a call
	relay    netip.AddrPort
	step     step
	tries    int
	sentAt   time.Time
	username string
	key      [16]byte
	realm    []byte
	nonce    []byte
	relayed  netip.AddrPort
	channel  uint16
	packet   [channelHeader + payloadBytes]byte
	heard    bool // its peer
}

// calls are clients that speak to one relay through one socket.
type calls struct {
	raw         bool
	secret      string
	socket      *socket
	clients     []*client
	port        uint16 // of the socket
	boundAt     time.Time
	measurement uint32 // which data packets count
	inFlight    int
	scratch     [batchPackets][bufferBytes]byte
	opened      time.Duration // how long all Allocates took
	openCPU     time.Duration // and what they cost the relay
}

// newCalls makes clients of which nobody knows yet. The first one's number keeps generators apart.
func newCalls(p *process, secret string, first, n int, now time.Time) (*calls, error) {
	s, err := openSocket()
	if err != nil {
		return nil, err
	}
	port, err := s.port()
	if err != nil {
		s.close()
		return nil, err
	}
	c := &calls{raw: p.kind == kindRaw, secret: secret, socket: s, port: port}
	expiry := now.Add(24 * time.Hour).Unix()
	for i := range 2 * n {
		number := first + i
		c.clients = append(c.clients, &client{
			// 127.128.0.0/9, of which the raw forwarder looks at 20 bits.
			address: [4]byte{127, byte(128 + number>>16), byte(number >> 8), byte(number)},
			number:  i,
			relay:   p.addresses[i/2%len(p.addresses)],
			// Both sides have the same login, which every server takes for one call.
			username: fmt.Sprintf("%d:call%d", expiry, number/2),
			channel:  firstChannel + uint16(i%2),
		})
	}
	return c, nil
}

func (c *calls) close() { c.socket.close() }

func (c *calls) peer(i int) *client { return c.clients[i^1] }

// open takes all clients to the end of the setup.
func (c *calls) open(p *process) error {
	if c.raw {
		return c.advance(stepChallenge, stepReady)
	}
	if err := c.allocate(p); err != nil {
		return err
	}
	return c.bind()
}

func (c *calls) allocate(p *process) error {
	before, start := p.usage(), time.Now()
	if err := c.advance(stepChallenge, stepBind); err != nil {
		return err
	}
	c.opened, c.openCPU = time.Since(start), p.usage().relay-before.relay
	return nil
}

// bind binds all channels, for the first time or again.
func (c *calls) bind() error {
	c.boundAt = time.Now()
	if c.raw {
		return nil
	}
	return c.advance(stepBind, stepReady)
}

const (
	setupWindow  = 96 // clients at once; more would overflow the socket buffers that pion leaves at the system's default
	setupTries   = 6
	setupTimeout = 300 * time.Millisecond
)

// advance takes all clients from one step to another.
func (c *calls) advance(from, to step) error {
	for _, k := range c.clients {
		k.step, k.tries = from, 0
	}
	next, done := 0, 0
	active := make(map[int]struct{}, setupWindow)
	swept := time.Now()
	for done < len(c.clients) {
		for len(active) < setupWindow && next < len(c.clients) {
			active[next] = struct{}{}
			c.ask(c.clients[next])
			next++
		}
		c.socket.flush()
		n := c.socket.receive()
		for i := range n {
			k, err := c.hear(c.socket.packet(i))
			switch {
			case err != nil:
				return err
			case k == nil:
			case k.step == to:
				if _, ok := active[k.number]; ok {
					delete(active, k.number)
					done++
				}
			default:
				k.tries = 0
				c.ask(k)
			}
		}
		c.socket.flush()
		if n != 0 {
			continue
		}
		now := time.Now()
		if now.Sub(swept) < setupTimeout/4 {
			continue
		}
		swept = now
		for i := range active {
			if k := c.clients[i]; now.Sub(k.sentAt) > setupTimeout {
				if k.tries == setupTries {
					return fmt.Errorf("turnbench: a client got no answer after %d of %d", done, len(c.clients))
				}
				c.ask(k)
			}
		}
	}
	return nil
}

// ask sends a client's next request.
func (c *calls) ask(k *client) {
	if c.socket.full() {
		c.socket.flush()
	}
	b := c.scratch[c.socket.queued][:0]
	k.tries++
	k.sentAt = time.Now()
	c.socket.queue(k.address, k.relay, c.appendRequest(b, k))
}

func (c *calls) appendRequest(b []byte, k *client) []byte {
	if c.raw {
		return appendRegistration(b, netip.AddrPortFrom(netip.AddrFrom4(c.peer(k.number).address), c.port))
	}
	var id transactionID
	binary.BigEndian.PutUint32(id[:], uint32(k.number))
	id[4] = byte(k.step)
	binary.BigEndian.PutUint32(id[8:], uint32(c.boundAt.UnixNano())) // a later bind is another request
	method := uint16(methodAllocate)
	if k.step == stepBind {
		method = methodChannelBind
	}
	b = appendHeader(b, method, id)
	if k.step == stepBind {
		b = appendAttribute(b, attrChannelNumber, []byte{byte(k.channel >> 8), byte(k.channel), 0, 0})
		b = appendXORAddress(b, attrPeerAddress, c.peer(k.number).relayed)
	} else {
		b = appendAttribute(b, attrTransport, []byte{17, 0, 0, 0})
		b = appendAttribute(b, attrLifetime, binary.BigEndian.AppendUint32(nil, uint32(lifetime.Seconds())))
	}
	if k.step == stepChallenge {
		return b
	}
	b = appendAttribute(b, attrUsername, []byte(k.username))
	b = appendAttribute(b, attrRealm, k.realm)
	b = appendAttribute(b, attrNonce, k.nonce)
	return appendIntegrity(b, k.key[:])
}

// hear returns the client whose step an answer ends; nil if it is of nobody, or comes again.
func (c *calls) hear(b []byte) (*client, error) {
	if c.raw {
		if len(b) != registrationBytes || b[0] != registration {
			return nil, nil
		}
		n := c.number([4]byte(b[4:]))
		if n < 0 {
			return nil, nil
		}
		k := c.peer(n)
		k.step = stepReady
		return k, nil
	}
	a, err := parseAnswer(b)
	if err != nil {
		return nil, nil
	}
	n := binary.BigEndian.Uint32(a.id[:])
	if int(n) >= len(c.clients) || step(a.id[4]) != c.clients[n].step {
		return nil, nil
	}
	k := c.clients[n]
	switch {
	case k.step == stepChallenge && a.code == codeUnauthorized, a.code == codeStaleNonce:
		k.realm, k.nonce = append(k.realm[:0], a.realm...), append(k.nonce[:0], a.nonce...)
		k.key = longTermKey(k.username, string(k.realm), restPassword(c.secret, k.username))
		k.step = max(k.step, stepAllocate)
	case a.code != 0:
		return nil, fmt.Errorf("turnbench: client %d of %d is refused with %d", n+1, len(c.clients), a.code)
	case k.step == stepAllocate:
		if !a.relayed.IsValid() {
			return nil, errors.New("turnbench: no relayed address in an answer")
		}
		k.relayed = a.relayed
		k.step = stepBind
	case k.step == stepBind:
		k.step = stepReady
	}
	return k, nil
}

// number is which client has an address; -1 for none.
func (c *calls) number(address [4]byte) int {
	first := c.clients[0].address
	n := int(binary.BigEndian.Uint32(address[:])) - int(binary.BigEndian.Uint32(first[:]))
	if n < 0 || n >= len(c.clients) {
		return -1
	}
	return n
}
