package turn

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"

	"github.com/taciturn-voice/taciturn/calls/netsim"
)

var (
	relay4  = netip.MustParseAddr("192.0.2.1")
	relay6  = netip.MustParseAddr("2001:db8::1")
	alice4  = netip.MustParseAddr("198.51.100.10")
	bob4    = netip.MustParseAddr("203.0.113.20")
	eve4    = netip.MustParseAddr("203.0.113.66")
	bob6    = netip.MustParseAddr("2001:db8:b0b::2")
	relayAt = netip.AddrPortFrom(relay4, 3478)
)

// world is a relay and a network in memory, inside a bubble of virtual time.
type world struct {
	t      *testing.T
	net    *netsim.Network
	server *Server
	secret Secret
}

// inWorld runs a story. The bubble fails if Close leaves a goroutine.
func inWorld(t *testing.T, change func(*Config), story func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, net: netsim.New(netsim.Config{}), secret: testSecret(t, 's')}
		cfg := Config{
			Realm: "r", Secrets: []Secret{w.secret}, Public4: relay4, Public6: relay6,
			UnauthenticatedPerSecond: -1, Log: slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(&cfg)
		}
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.server = s
		served := make(chan error, 6)
		for _, host := range []netip.Addr{relay4, relay6} {
			c := w.listen(host, 3478)
			go func() { served <- s.ServeUDP(context.Background(), c) }()
			l, secure := w.listenStreams(host, 3478), tls.NewListener(w.listenStreams(host, 5349), certificate())
			go func() { served <- s.ServeTCP(context.Background(), l) }()
			go func() { served <- s.ServeTCP(context.Background(), secure) }()
		}
		synctest.Wait()
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			for range cap(served) {
				if err := <-served; err != nil {
					t.Errorf("serving after Close: %v", err)
				}
			}
			if s := s.Stats(); s.Allocations != 0 || s.Connections != 0 {
				t.Errorf("%d allocations, %d connections after Close", s.Allocations, s.Connections)
			}
		}()
		story(t, w)
	})
}

func testSecret(t testing.TB, fill byte) Secret {
	t.Helper()
	text := make([]byte, 40)
	for i := range text {
		text[i] = fill
	}
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) listen(host netip.Addr, port uint16) net.PacketConn {
	w.t.Helper()
	c, err := w.net.Host(host).ListenPacket("udp", netip.AddrPortFrom(host, port).String())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// pair mints the credentials of a call.
func (w *world) pair() Pair {
	w.t.Helper()
	p, err := Mint(w.secret, time.Now(), time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// stock makes a credential as coturn's REST convention has it.
func stock(secret Secret, username string) Credential {
	p := secret.password([]byte(username))
	return Credential{username, string(p[:])}
}

// client speaks TURN by hand, through a codec that is not ours, so that a test can say anything.
type client struct {
	t       testing.TB
	conn    net.PacketConn
	relay   net.Addr
	cred    Credential
	realm   string
	nonce   string
	sha256  bool           // seals with it
	strong  bool           // makes the key with it
	offered string         // PASSWORD-ALGORITHMS as strong has it, or another
	relayed netip.AddrPort // as told by the last Allocate
}

// client opens a socket on a host; it is closed with the test.
func (w *world) client(host netip.Addr, cred Credential) *client {
	w.t.Helper()
	server := relayAt
	if host.Is6() {
		server = netip.AddrPortFrom(relay6, 3478)
	}
	c := &client{t: w.t, conn: w.listen(host, 0), relay: net.UDPAddrFromAddrPort(server), cred: cred}
	w.t.Cleanup(func() { _ = c.conn.Close() })
	return c
}

// call makes two clients with live allocations that have permitted each other.
func (w *world) call() (alice, bob *client) {
	w.t.Helper()
	p := w.pair()
	alice, bob = w.client(alice4, p.A), w.client(bob4, p.B)
	for _, c := range []*client{alice, bob} {
		c.wantAllocated()
		c.want(0, stun.MethodCreatePermission, peer(netip.AddrPortFrom(relay4, 9)))
	}
	return alice, bob
}

// build makes a request, with the login if there is a nonce.
func (c *client) build(method stun.Method, setters ...stun.Setter) *stun.Message {
	c.t.Helper()
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	if c.nonce != "" {
		all = append(all, stun.NewUsername(c.cred.Username), stun.NewRealm(c.realm), stun.NewNonce(c.nonce))
		if c.strong {
			all = append(all, raw(attrAlgorithm, []byte{0, 2, 0, 0}), raw(attrAlgorithms, []byte(c.offered)))
		}
		if c.sha256 {
			all = append(all, sealSHA256(c.key()))
		} else {
			all = append(all, c.key())
		}
		all = append(all, stun.Fingerprint)
	}
	m, err := stun.Build(all...)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *client) key() stun.MessageIntegrity {
	if c.strong {
		sum := sha256.Sum256([]byte(c.cred.Username + ":" + c.realm + ":" + c.cred.Password))
		return sum[:]
	}
	return stun.NewLongTermIntegrity(c.cred.Username, c.realm, c.cred.Password)
}

// exchange sends bytes and returns the answer, or nil after a second of silence.
func (c *client) exchange(b []byte) *stun.Message {
	c.t.Helper()
	c.write(b)
	for {
		answer := c.read()
		if answer == nil {
			return nil
		}
		if !stun.IsMessage(answer) {
			continue
		}
		m := &stun.Message{Raw: answer}
		if err := m.Decode(); err != nil {
			c.t.Fatalf("another codec on our answer: %v", err)
		}
		if string(m.TransactionID[:]) != string(b[8:20]) {
			continue
		}
		if m.Contains(stun.AttrFingerprint) {
			if err := stun.Fingerprint.Check(m); err != nil {
				c.t.Fatal(err)
			}
		}
		return m
	}
}

// do runs a request to its end: it takes the challenge first, and checks the seal of the answer.
func (c *client) do(method stun.Method, setters ...stun.Setter) *stun.Message {
	c.t.Helper()
	for range 3 {
		m := c.exchange(c.build(method, setters...).Raw)
		if m == nil {
			c.t.Fatalf("%v: silence", method)
		}
		code := codeOf(m)
		if nonce, err := m.Get(stun.AttrNonce); err == nil && (code == codeStaleNonce || code == codeUnauthorized && c.nonce == "") {
			realm, _ := m.Get(stun.AttrRealm)
			c.nonce, c.realm = string(nonce), string(realm)
			continue
		}
		if c.nonce != "" && code != codeUnauthorized && code != codeBadRequest && method != stun.MethodBinding {
			c.checkSeal(m)
		}
		return m
	}
	c.t.Fatalf("%v: challenged again and again", method)
	return nil
}

func (c *client) checkSeal(m *stun.Message) {
	c.t.Helper()
	if c.sha256 {
		checkSHA256(c.t, m, c.key())
	} else if err := c.key().Check(m); err != nil {
		c.t.Fatalf("integrity of the answer: %v", err)
	}
}

// want runs a request and wants a code, or 0 for success.
func (c *client) want(code errorCode, method stun.Method, setters ...stun.Setter) *stun.Message {
	c.t.Helper()
	m := c.do(method, setters...)
	if got := codeOf(m); got != code {
		c.t.Fatalf("%v: answer %d, want %d", method, got, code)
	}
	return m
}

func (c *client) wantAllocated(setters ...stun.Setter) *stun.Message {
	c.t.Helper()
	m := c.want(0, stun.MethodAllocate, append([]stun.Setter{udp}, setters...)...)
	c.relayed = addressIn(c.t, m, stun.AttrXORRelayedAddress)
	return m
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.conn.WriteTo(b, c.relay); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next packet, or nil after a second.
func (c *client) read() []byte { c.t.Helper(); return c.readWithin(time.Second) }

func (c *client) readWithin(d time.Duration) []byte {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, 2048)
	n, _, err := c.conn.ReadFrom(b)
	if err != nil {
		return nil
	}
	return b[:n]
}

// send sends data in a Send indication.
func (c *client) send(to netip.AddrPort, data string) {
	c.t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(to), raw(stun.AttrData, []byte(data)))
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(m.Raw)
}

func (c *client) sendChannel(number uint16, data string) {
	c.t.Helper()
	c.write(channelData(number, data))
}

func channelData(number uint16, data string) []byte {
	b := binary.BigEndian.AppendUint16(nil, number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// wantData wants data in a Data indication from an address.
func (c *client) wantData(from netip.AddrPort, data string) {
	c.t.Helper()
	b := c.read()
	if b == nil {
		c.t.Fatalf("no packet, want %q", data)
	}
	m := &stun.Message{Raw: b}
	if err := m.Decode(); err != nil {
		c.t.Fatalf("not STUN: %x", b)
	}
	got, err := m.Get(stun.AttrData)
	if err != nil || m.Type.Method != stun.MethodData || m.Type.Class != stun.ClassIndication || string(got) != data {
		c.t.Fatalf("got %v with %q, want Data with %q", m.Type, got, data)
	}
	if at := addressIn(c.t, m, stun.AttrXORPeerAddress); at != from {
		c.t.Fatalf("data from %v, want %v", at, from)
	}
}

func (c *client) wantChannel(number uint16, data string) {
	c.t.Helper()
	if got := c.read(); string(got) != string(channelData(number, data)) {
		c.t.Fatalf("got %q, want %q on channel %#x", got, data, number)
	}
}

func (c *client) wantSilence(why string) {
	c.t.Helper()
	if b := c.read(); b != nil {
		c.t.Fatalf("%s: got %x", why, b)
	}
}

func codeOf(m *stun.Message) errorCode {
	var e stun.ErrorCodeAttribute
	if e.GetFrom(m) != nil {
		return 0
	}
	return errorCode(e.Code)
}

func addressIn(t testing.TB, m *stun.Message, kind stun.AttrType) netip.AddrPort {
	t.Helper()
	var a stun.XORMappedAddress
	if err := a.GetFromAs(m, kind); err != nil {
		t.Fatalf("%v: %v", kind, err)
	}
	ip, _ := netip.AddrFromSlice(a.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))
}

func lifetimeIn(t testing.TB, m *stun.Message) time.Duration {
	t.Helper()
	v, err := m.Get(stun.AttrLifetime)
	if err != nil || len(v) != 4 {
		t.Fatalf("LIFETIME: %x, %v", v, err)
	}
	return time.Duration(binary.BigEndian.Uint32(v)) * time.Second
}

func raw(kind stun.AttrType, v []byte) stun.Setter { return stun.RawAttribute{Type: kind, Value: v} }

var udp = raw(stun.AttrRequestedTransport, []byte{protocolUDP, 0, 0, 0})

func lifetime(d time.Duration) stun.Setter {
	return raw(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, uint32(d/time.Second)))
}

func number(n uint16) stun.Setter {
	return raw(stun.AttrChannelNumber, []byte{byte(n >> 8), byte(n), 0, 0})
}

func requested(f family) stun.Setter {
	return raw(stun.AttrRequestedAddressFamily, []byte{byte(f), 0, 0, 0})
}

func additional(f family) stun.Setter { return raw(attrAdditionalFamily, []byte{byte(f), 0, 0, 0}) }

// peer is XOR-PEER-ADDRESS; an IPv4 address inside IPv6 stays as it is.
type peer netip.AddrPort

func (p peer) AddTo(m *stun.Message) error {
	m.Add(stun.AttrXORPeerAddress, appendXORAddress(nil, netip.AddrPort(p), transactionID(m.TransactionID)))
	return nil
}
