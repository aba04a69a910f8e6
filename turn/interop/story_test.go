package interop

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// patience is for answers that must come. What must not come is told by a Binding request behind it that is answered first.
const patience = 10 * time.Second

// teller tells one server a story and writes down what it says.
type teller struct {
	t      *testing.T
	server netip.AddrPort
	lines  []string
}

// client is one socket.
type client struct {
	*teller
	conn    *net.UDPConn
	login   login
	realm   stun.Realm
	nonce   stun.Nonce
	relayed netip.AddrPort
}

// line writes down what happened.
func (w *teller) line(what, outcome string) { w.lines = append(w.lines, what+": "+outcome) }

func (w *teller) client(who login) *client {
	w.t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(w.server))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	return &client{teller: w, conn: conn, login: who}
}

// setter adds an attribute as it is.
type setter struct {
	kind  stun.AttrType
	value []byte
}

func (s setter) AddTo(m *stun.Message) error {
	m.Add(s.kind, s.value)
	return nil
}

var udp = setter{stun.AttrRequestedTransport, []byte{17, 0, 0, 0}}

func number(n uint16) setter {
	return setter{stun.AttrChannelNumber, append(binary.BigEndian.AppendUint16(nil, n), 0, 0)}
}

func lasting(seconds uint32) setter {
	return setter{stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, seconds)}
}

// peer is an address, as XOR-PEER-ADDRESS.
type peer netip.AddrPort

func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

// build seals a request with what the client has; a client without a nonce asks without credentials.
func (c *client) build(method stun.Method, setters ...stun.Setter) *stun.Message {
	c.t.Helper()
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	if c.nonce != nil {
		all = append(all, stun.NewUsername(c.login.username), c.realm, c.nonce,
			stun.NewLongTermIntegrity(c.login.username, c.realm.String(), c.login.password))
	}
	m, err := stun.Build(all...)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// exchange sends a request, and a Binding request behind it; nil is silence.
func (c *client) exchange(m *stun.Message) *stun.Message {
	c.t.Helper()
	fence := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	for _, b := range [][]byte{m.Raw, fence.Raw} {
		if _, err := c.conn.Write(b); err != nil {
			c.t.Fatal(err)
		}
	}
	var answer *stun.Message
	for {
		r := &stun.Message{Raw: c.read()}
		if r.Decode() != nil {
			continue // data
		}
		switch r.TransactionID {
		case m.TransactionID:
			answer = r
		case fence.TransactionID:
			return answer
		}
	}
}

func (c *client) read() []byte {
	c.t.Helper()
	b := make([]byte, 2048)
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	n, err := c.conn.Read(b)
	if err != nil {
		c.t.Fatalf("after %q: %v", c.lines, err)
	}
	return b[:n]
}

// ask makes a request and writes down the answer.
func (c *client) ask(what string, method stun.Method, setters ...stun.Setter) *stun.Message {
	c.t.Helper()
	m := c.exchange(c.build(method, setters...))
	c.line(what, outcome(m))
	return m
}

// outcome is what a client acts on.
func outcome(m *stun.Message) string {
	var code stun.ErrorCodeAttribute
	switch {
	case m == nil:
		return "silence"
	case m.Type.Class == stun.ClassErrorResponse && code.GetFrom(m) != nil:
		return "an error without a code"
	case m.Type.Class == stun.ClassErrorResponse:
		return fmt.Sprint(int(code.Code))
	}
	if v, err := m.Get(stun.AttrLifetime); err == nil && len(v) == 4 {
		return fmt.Sprintf("success for %d s", binary.BigEndian.Uint32(v))
	}
	return "success"
}

// challenged is a client that has heard the server's realm and nonce.
func (w *teller) challenged(who login) *client {
	w.t.Helper()
	c := w.client(who)
	m := c.exchange(c.build(stun.MethodAllocate, udp))
	if m == nil || c.realm.GetFrom(m) != nil || c.nonce.GetFrom(m) != nil {
		w.t.Fatalf("no challenge: %v", m)
	}
	return c
}

// allocated is a client with an allocation.
func (w *teller) allocated(who login) *client {
	w.t.Helper()
	c := w.challenged(who)
	m := c.exchange(c.build(stun.MethodAllocate, udp))
	var at stun.XORMappedAddress
	if m == nil || at.GetFromAs(m, stun.AttrXORRelayedAddress) != nil {
		w.t.Fatalf("no allocation: %s", outcome(m))
	}
	ip, _ := netip.AddrFromSlice(at.IP)
	c.relayed = netip.AddrPortFrom(ip.Unmap(), uint16(at.Port))
	return c
}

// call is two clients with allocations of one login.
func (w *teller) call() (alice, bob *client) {
	w.t.Helper()
	who := newLogin("call")
	return w.allocated(who), w.allocated(who)
}

// must makes a request that both servers grant.
func (c *client) must(method stun.Method, setters ...stun.Setter) {
	c.t.Helper()
	if m := c.exchange(c.build(method, setters...)); m == nil || m.Type.Class != stun.ClassSuccessResponse {
		c.t.Fatalf("%v: %s", method, outcome(m))
	}
}

// indicate sends data in a Send indication.
func (c *client) indicate(to netip.AddrPort, data string) {
	c.t.Helper()
	m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(to), setter{stun.AttrData, []byte(data)})
	c.write(m.Raw)
}

func (c *client) channel(n uint16, data string) {
	c.t.Helper()
	b := binary.BigEndian.AppendUint16(nil, n)
	c.write(append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...))
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// hear writes down how the next data comes.
func (c *client) hear(what string, from *client) {
	c.t.Helper()
	b := c.read()
	m := &stun.Message{Raw: b}
	var at stun.XORMappedAddress
	switch {
	case len(b) >= 4 && b[0]>>6 == 1:
		c.line(what, fmt.Sprintf("%q on channel %#x", b[4:4+binary.BigEndian.Uint16(b[2:])], binary.BigEndian.Uint16(b)))
	case m.Decode() == nil && at.GetFromAs(m, stun.AttrXORPeerAddress) == nil && m.Type.Class == stun.ClassIndication:
		data, _ := m.Get(stun.AttrData)
		who := "somebody"
		if ip, _ := netip.AddrFromSlice(at.IP); netip.AddrPortFrom(ip.Unmap(), uint16(at.Port)) == from.relayed {
			who = "the peer"
		}
		c.line(what, fmt.Sprintf("%q from %s", data, who))
	default:
		c.line(what, "something else")
	}
}
