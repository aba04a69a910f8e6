package probe

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"time"

	"github.com/pion/stun/v4"
)

// client is one user on one 5-tuple.
type client struct {
	*link
	env          *env
	user         user
	realm, nonce string
	allocated    bool
	relayed      netip.AddrPort
	lifetime     uint32 // seconds
	last         []byte // answer
}

// client connects; the run closes it.
func (e *env) client(u user) (*client, error) {
	l, err := e.dial(e.cfg.Transport)
	if err != nil {
		return nil, err
	}
	c := &client{link: l, env: e, user: u}
	e.clients = append(e.clients, c)
	return c, nil
}

// build makes a message, sealed if the server has given a nonce.
func (c *client) build(method stun.Method, class stun.MessageClass, setters ...stun.Setter) *stun.Message {
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, class)}, setters...)
	if c.nonce != "" && class == stun.ClassRequest {
		all = append(all, stun.NewUsername(c.user.name), stun.NewRealm(c.realm), stun.NewNonce(c.nonce), c.key())
	}
	return stun.MustBuild(all...)
}

func (c *client) key() stun.MessageIntegrity {
	return stun.NewLongTermIntegrity(c.user.name, c.realm, c.user.password)
}

// exchange sends a request, again over UDP if nothing comes, and returns the answer or a word why there is none.
func (c *client) exchange(request *stun.Message) (*stun.Message, string) {
	tries, patience := udpTries, c.env.cfg.Wait
	if c.stream { // nothing is lost, and the same time is left
		tries, patience = 1, udpTries*patience
	}
	why := "silence"
	for range tries {
		if c.write(request.Raw) != nil {
			return nil, "closed"
		}
		deadline := time.Now().Add(patience)
		for {
			b, err := c.read(deadline)
			if err != nil {
				why = broken(err)
				break
			}
			m := &stun.Message{Raw: b}
			if !stun.IsMessage(b) || m.Decode() != nil || m.TransactionID != request.TransactionID {
				continue
			}
			c.last = b
			return m, ""
		}
		if why == "closed" {
			break
		}
	}
	return nil, why
}

// ask says in a word what came of a request.
func (c *client) ask(method stun.Method, setters ...stun.Setter) string {
	got := c.once(method, setters...)
	if got == "438" && c.nonce != "" { // once(…) has taken the fresh nonce
		got = c.once(method, setters...)
	}
	return got
}

func (c *client) once(method stun.Method, setters ...stun.Setter) string {
	sealed := c.nonce != ""
	m, why := c.exchange(c.build(method, stun.ClassRequest, setters...))
	if m == nil {
		return why
	}
	got := c.outcome(m)
	if got == "success" && sealed && m.Check(c.key()) != nil {
		return "success without a seal"
	}
	return got
}

// outcome reads an answer, and remembers what it says of the login and the allocation.
func (c *client) outcome(m *stun.Message) string {
	if m.Type.Class == stun.ClassErrorResponse {
		var code stun.ErrorCodeAttribute
		if code.GetFrom(m) != nil {
			return "an error without a code"
		}
		if code.Code == stun.CodeUnauthorized || code.Code == stun.CodeStaleNonce {
			var realm stun.Realm
			var nonce stun.Nonce
			if realm.GetFrom(m) == nil && nonce.GetFrom(m) == nil {
				c.realm, c.nonce = string(realm), string(nonce)
			}
		}
		return strconv.Itoa(int(code.Code))
	}
	if m.Type.Class != stun.ClassSuccessResponse {
		return "nonsense"
	}
	if v, err := m.Get(stun.AttrLifetime); err == nil && len(v) == 4 {
		c.lifetime = binary.BigEndian.Uint32(v)
	}
	switch m.Type.Method {
	case stun.MethodAllocate:
		c.allocated = true
		var a stun.XORMappedAddress
		if a.GetFromAs(m, stun.AttrXORRelayedAddress) != nil {
			return "success without an address"
		}
		ip, _ := netip.AddrFromSlice(a.IP)
		c.relayed = netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))
	case stun.MethodBinding:
		var a stun.XORMappedAddress
		if a.GetFrom(m) != nil {
			return "success without an address"
		}
	}
	return "success"
}

// bye ends the allocation, without waiting for an answer, and closes.
func (c *client) bye() {
	if c.allocated {
		_ = c.write(c.build(stun.MethodRefresh, stun.ClassRequest, lifetime(0)).Raw)
	}
	_ = c.conn.Close()
}

func raw(t stun.AttrType, value ...byte) stun.Setter { return stun.RawAttribute{Type: t, Value: value} }

func lifetime(seconds uint32) stun.Setter {
	return raw(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, seconds)...)
}

func channel(number uint16) stun.Setter {
	return raw(stun.AttrChannelNumber, byte(number>>8), byte(number), 0, 0)
}

func family(f byte) stun.Setter { return raw(stun.AttrRequestedAddressFamily, f, 0, 0, 0) }

// transport is REQUESTED-TRANSPORT, of a protocol number.
func transport(protocol byte) stun.Setter { return raw(stun.AttrRequestedTransport, protocol, 0, 0, 0) }

// peer is XOR-PEER-ADDRESS as it is, also of an IPv4 address that is written as IPv6.
type peer netip.AddrPort

func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	v := binary.BigEndian.AppendUint16([]byte{0, ipv4}, a.Port()^0x2112)
	if a.Addr().Is6() {
		v[1] = ipv6
	}
	mask := append([]byte{0x21, 0x12, 0xA4, 0x42}, m.TransactionID[:]...)
	for i, b := range a.Addr().AsSlice() {
		v = append(v, b^mask[i])
	}
	m.Add(stun.AttrXORPeerAddress, v)
	return nil
}

// The families and protocols of RFC 8656.
const (
	ipv4, ipv6  = 1, 2
	protocolTCP = 6
	protocolUDP = 17
)
