package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// The one payload that travels.
var payload = []byte("callsim probe: a datagram")

// conformance is what RFC 8489 and RFC 8656 say.
var conformance = []probe{
	{"binding", "RFC 8489 section 3", []string{"success"}, []string{"silence"}, func(e *env) string {
		return nobody(e, stun.MethodBinding)
	}},
	{"allocate.no-credentials", "RFC 8489 section 9.2.4", []string{"401"}, nil, func(e *env) string {
		return nobody(e, stun.MethodAllocate, transport(protocolUDP))
	}},
	{"allocate", "RFC 8656 section 7.2", []string{"success"}, nil, func(e *env) string {
		return login(e, e.newUser(), transport(protocolUDP))
	}},
	{"allocate.wrong-password", "RFC 8489 section 9.2.4", []string{"401"}, []string{"400"}, func(e *env) string {
		u := e.newUser()
		u.password += "?"
		return login(e, u, transport(protocolUDP))
	}},
	{"allocate.wrong-realm", "RFC 8489 section 9.2.4", []string{"401"}, []string{"400", "437", "438", "441", "success"}, func(e *env) string {
		c, why := e.challenged(e.newUser())
		if c == nil {
			return why
		}
		c.realm += ".example"
		return c.once(stun.MethodAllocate, transport(protocolUDP))
	}},
	{"allocate.wrong-nonce", "RFC 8489 section 9.2.4", []string{"438"}, nil, func(e *env) string {
		c, why := e.challenged(e.newUser())
		if c == nil {
			return why
		}
		c.nonce = "obMatJos2AAAA0123456789abcdef"
		return c.once(stun.MethodAllocate, transport(protocolUDP))
	}},
	{"allocate.twice", "RFC 8656 section 7.2", []string{"437"}, nil, alone(func(_ *env, c *client) string {
		return c.ask(stun.MethodAllocate, transport(protocolUDP))
	})},
	{"allocate.no-transport", "RFC 8656 section 7.2", []string{"400"}, nil, func(e *env) string { return login(e, e.newUser()) }},
	{"allocate.unknown-attribute", "RFC 8489 section 6.3.1", []string{"420"}, nil, func(e *env) string {
		return login(e, e.newUser(), transport(protocolUDP), raw(0x7ABC, 1, 2, 3, 4))
	}},
	{"allocate.unknown-family", "RFC 8656 section 7.2", []string{"440"}, []string{"400"}, func(e *env) string {
		return login(e, e.newUser(), transport(protocolUDP), family(3))
	}},
	{"allocate.ipv6", "RFC 8656 section 7.2", []string{"success", "440"}, []string{"508"}, func(e *env) string {
		return login(e, e.newUser(), transport(protocolUDP), family(ipv6))
	}},
	{"allocate.lifetime-of-a-year", "RFC 8656 section 7.2", []string{"an hour at most"}, nil, func(e *env) string {
		c, why := e.allocated(e.newUser(), lifetime(365*24*3600))
		if c == nil {
			return why
		}
		if c.lifetime > 3600 {
			return fmt.Sprintf("%d s", c.lifetime)
		}
		return "an hour at most"
	}},
	{"allocate.again", "RFC 8489 section 6.3.1", []string{"the same answer"}, []string{"another answer with the same address"}, again},
	{"refresh", "RFC 8656 section 8.2", []string{"success"}, nil, alone(func(_ *env, c *client) string { return c.ask(stun.MethodRefresh) })},
	{"refresh.other-user", "RFC 8656 section 5", []string{"441"}, []string{"silence"}, func(e *env) string {
		if len(e.cfg.Login.secret) == 0 {
			return skip + "needs a second user: give the secret"
		}
		c, why := e.allocated(e.newUser())
		if c == nil {
			return why
		}
		owner := c.user
		c.user = e.newUser()
		got := c.ask(stun.MethodRefresh)
		c.user = owner // who ends it
		return got
	}},
	{"refresh.end", "RFC 8656 section 8.2", []string{"success, then 437"}, []string{"success, then silence"}, alone(func(e *env, c *client) string {
		first := c.ask(stun.MethodRefresh, lifetime(0))
		time.Sleep(e.cfg.Wait) // a server may take what comes at once for a retransmission
		second := c.ask(stun.MethodRefresh)
		c.allocated = second == "success"
		return first + ", then " + second
	})},
	{"refresh.no-allocation", "RFC 8656 section 8.2", []string{"437"}, []string{"silence"}, func(e *env) string {
		c, why := e.challenged(e.newUser())
		if c == nil {
			return why
		}
		return c.ask(stun.MethodRefresh)
	}},
	{"permission", "RFC 8656 section 10.2", []string{"success"}, []string{"403"}, two(func(a, b *client) string { return a.permit(b.relayed) })},
	{"permission.for-nobody", "RFC 8656 section 10.2", []string{"400"}, nil, alone(func(_ *env, c *client) string {
		return c.ask(stun.MethodCreatePermission)
	})},
	{"permission.other-family", "RFC 8656 section 10.2", []string{"443", "403"}, nil, alone(func(_ *env, c *client) string {
		other := netip.MustParseAddr("2001:db8::1")
		if c.relayed.Addr().Is6() {
			other = netip.MustParseAddr("192.0.2.1")
		}
		return c.permit(netip.AddrPortFrom(other, 9))
	})},
	{"channel", "RFC 8656 section 12.2", []string{"success, success"}, []string{"403, 403"}, two(func(a, b *client) string {
		return a.bind(0x4000, b.relayed) + ", " + a.bind(0x4000, b.relayed)
	})},
	{"channel.other-peer", "RFC 8656 section 12.2", []string{"400"}, nil, func(e *env) string {
		return rebind(e, func(a *client, second netip.AddrPort) string { return a.bind(0x4000, second) })
	}},
	{"channel.other-number", "RFC 8656 section 12.2", []string{"400"}, nil, func(e *env) string {
		return rebind(e, func(a *client, _ netip.AddrPort) string { return a.bind(0x4001, a.env.clients[1].relayed) })
	}},
	{"channel.number-0x3fff", "RFC 8656 section 12", []string{"400"}, nil, two(func(a, b *client) string { return a.bind(0x3FFF, b.relayed) })},
	{"channel.number-0x5000", "RFC 8656 section 12", []string{"400"}, []string{"success", "403"}, two(func(a, b *client) string { return a.bind(0x5000, b.relayed) })},
	{"data.indications", "RFC 8656 section 11", []string{"arrives"}, []string{"403"}, two(indications)},
	{"data.channel", "RFC 8656 section 12.4", []string{"arrives"}, []string{"403"}, two(channels)},
	{"data.no-permission", "RFC 8656 section 9", []string{"nothing arrives"}, nil, two(func(a, b *client) string {
		if got := a.permit(b.relayed); got != "success" {
			return skip + "CreatePermission: " + got
		}
		return a.send(b)
	})},
}

// nobody asks without credentials.
func nobody(e *env, method stun.Method, setters ...stun.Setter) string {
	c, err := e.client(user{})
	if err != nil {
		return "no connection"
	}
	return c.once(method, setters...)
}

// login asks for an allocation as u.
func login(e *env, u user, setters ...stun.Setter) string {
	c, why := e.challenged(u)
	if c == nil {
		return why
	}
	return c.ask(stun.MethodAllocate, setters...)
}

// two runs a probe that needs two allocations of one user.
func two(story func(a, b *client) string) func(*env) string {
	return func(e *env) string {
		all, why := e.several(2)
		if all == nil {
			return why
		}
		return story(all[0], all[1])
	}
}

// rebind has channel 0x4000 bound to the second of three, and asks for what must not be.
func rebind(e *env, then func(a *client, third netip.AddrPort) string) string {
	all, why := e.several(3)
	if all == nil {
		return why
	}
	if got := all[0].bind(0x4000, all[1].relayed); got != "success" {
		return skip + "ChannelBind: " + got
	}
	return then(all[0], all[2].relayed)
}

// again sends the bytes of an Allocate twice.
func again(e *env) string {
	c, why := e.challenged(e.newUser())
	if c == nil {
		return why
	}
	request := c.build(stun.MethodAllocate, stun.ClassRequest, transport(protocolUDP))
	var answers [2][]byte
	var relayed [2]netip.AddrPort
	for i := range answers {
		m, why := c.exchange(request)
		if m == nil {
			return why
		}
		if got := c.outcome(m); got != "success" {
			return got
		}
		answers[i], relayed[i] = c.last, c.relayed
	}
	switch {
	case bytes.Equal(answers[0], answers[1]):
		return "the same answer"
	case relayed[0] == relayed[1]:
		return "another answer with the same address"
	}
	return "another address"
}

// send sends the payload as a Send indication and says whether b gets it.
func (c *client) send(b *client) string {
	m := c.build(stun.MethodSend, stun.ClassIndication, peer(b.relayed), stun.RawAttribute{Type: stun.AttrData, Value: payload})
	if c.write(m.Raw) != nil {
		return "closed"
	}
	return b.hears(payload)
}

// hears waits for a message that holds the bytes.
func (c *client) hears(want []byte) string {
	deadline := time.Now().Add(2 * c.env.cfg.Wait)
	for {
		b, err := c.read(deadline)
		if err != nil {
			return "nothing arrives"
		}
		if bytes.Contains(b, want) {
			return "arrives"
		}
	}
}

func indications(a, b *client) string {
	for _, got := range []string{a.permit(b.relayed), b.permit(a.relayed)} {
		if got != "success" {
			return got
		}
	}
	return a.send(b)
}

func channels(a, b *client) string {
	for _, got := range []string{a.bind(0x4000, b.relayed), b.bind(0x4000, a.relayed)} {
		if got != "success" {
			return got
		}
	}
	frame := channelData(0x4000, payload)
	if a.write(frame) != nil {
		return "closed"
	}
	return b.hears(frame[:channelHeader+len(payload)])
}

// channelData is RFC 8656 section 12.4, padded as streams need it.
func channelData(number uint16, data []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	b = append(b, data...)
	return append(b, make([]byte, -len(b)&3)...)
}
