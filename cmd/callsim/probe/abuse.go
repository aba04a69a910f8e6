package probe

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v4"
)

// inside are peers that a relay must not reach for a stranger, as the advisories have them (CVE-2020-26262 and those after it).
var inside = []struct {
	name, address string
}{
	{"loopback", "127.0.0.53"},
	{"unspecified", "0.0.0.0"},
	{"private-10", "10.0.0.1"},
	{"private-172", "172.16.0.1"},
	{"private-192", "192.168.0.1"},
	{"carrier-nat", "100.64.0.1"},
	{"metadata", "169.254.169.254"},
	{"multicast", "224.0.0.1"},
	{"broadcast", "255.255.255.255"},
	{"loopback6", "::1"},
	{"unspecified6", "::"},
	{"mapped-loopback", "::ffff:127.0.0.1"},
	{"mapped-metadata", "::ffff:169.254.169.254"},
	{"compatible-loopback", "::127.0.0.1"},
	{"nat64-loopback", "64:ff9b::7f00:1"},
	{"6to4-loopback", "2002:7f00:1::1"},
	{"teredo", "2001::1"},
	{"private6", "fd00::1"},
	{"link-local6", "fe80::1"},
}

// addresses are a probe for each.
func addresses() (all []probe) {
	for _, a := range inside {
		at := netip.AddrPortFrom(netip.MustParseAddr(a.address), 53)
		all = append(all, probe{
			"relay-to." + a.name, "CVE-2020-26262", []string{"403"}, []string{"400", "443"}, func(e *env) string {
				var setters []stun.Setter
				if at.Addr().Is6() {
					setters = append(setters, family(ipv6))
				}
				c, why := e.allocated(e.newUser(), setters...)
				if c == nil {
					return why
				}
				return c.permit(at)
			},
		})
	}
	return all
}

// abuse is what strangers try.
var abuse = []probe{
	{"relay-to.a-socket-here", "CVE-2020-26262", []string{"nothing arrives"}, nil, alone(reachesHere)},
	{"relay.tcp", "RFC 6062; SSRF by TCP allocations", []string{"442"}, []string{"400", "403"}, func(e *env) string {
		return login(e, e.newUser(), transport(protocolTCP))
	}},
	{"relay.connect", "RFC 6062; SSRF by TCP allocations", []string{"silence", "400"}, []string{"403", "405", "437", "447", "closed"}, alone(func(_ *env, c *client) string {
		return c.ask(stun.MethodConnect, peer(netip.MustParseAddrPort("127.0.0.53:53")))
	})},
	{"credential.expired", "RFC 8489 section 9.2; TURN REST", []string{"401"}, []string{"400"}, func(e *env) string {
		if len(e.cfg.Login.secret) == 0 {
			return skip + "needs the secret"
		}
		return login(e, e.cfg.Login.mint("probe", time.Now().Add(-24*time.Hour)), transport(protocolUDP))
	}},
	{"nonce.of-another-address", "RFC 8489 section 9.2.3", []string{"438"}, []string{"success", "401"}, func(e *env) string {
		u := e.newUser()
		first, why := e.challenged(u)
		if first == nil {
			return why
		}
		c, err := e.client(u)
		if err != nil {
			return "no connection"
		}
		c.realm, c.nonce = first.realm, first.nonce
		return c.once(stun.MethodAllocate, transport(protocolUDP))
	}},
	{"quota.allocations-of-a-user", "RFC 8656 section 21.1.6", []string{"486", "508"}, []string{"40 allocations"}, quota},
	{"malformed.messages", "CVE-2022-29189, GO-2023-1534", []string{"survives"}, nil, malformed},
	{"malformed.peer-address", "memory leak by a long TLV", []string{"none taken"}, nil, alone(peerLengths)},
}

// reachesHere is no question of codes: a datagram must not come to a socket on loopback.
func reachesHere(e *env, c *client) string {
	host, _, err := net.SplitHostPort(e.cfg.Target)
	if at, bad := netip.ParseAddr(host); err != nil || bad != nil || !at.IsLoopback() {
		return skip + "the target is not on this machine"
	}
	l, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return skip + "no socket"
	}
	defer l.Close()
	at := l.LocalAddr().(*net.UDPAddr).AddrPort()
	c.permit(at)
	m := c.build(stun.MethodSend, stun.ClassIndication, peer(at), stun.RawAttribute{Type: stun.AttrData, Value: payload})
	if c.write(m.Raw) != nil {
		return "closed"
	}
	_ = l.SetReadDeadline(time.Now().Add(e.cfg.Wait))
	if _, _, err := l.ReadFrom(make([]byte, 100)); err == nil {
		return "a datagram arrives"
	}
	return "nothing arrives"
}

const quotaTries = 40

func quota(e *env) string {
	u := e.newUser()
	for i := range quotaTries {
		c, why := e.challenged(u)
		if c == nil {
			return why
		}
		got := c.ask(stun.MethodAllocate, transport(protocolUDP))
		if got != "success" {
			if i == 0 {
				return skip + "Allocate: " + got
			}
			return got
		}
	}
	return fmt.Sprintf("%d allocations", quotaTries)
}

const mutations = 300

// malformed sends what is no message, and then asks whether the server lives. On a stream each has a connection of its own.
func malformed(e *env) string {
	base := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP),
		stun.NewUsername("1:probe"), stun.NewRealm(e.realm), stun.NewNonce("nonce"), stun.NewLongTermIntegrity("1:probe", e.realm, "")).Raw
	var all [][]byte
	for n := range stunHeader + 1 {
		all = append(all, base[:n])
	}
	for _, length := range []int{1, 3, len(base), 0x7FFF, 0xFFFF} { // of the message, then of its first attribute
		m := slices.Clone(base)
		binary.BigEndian.PutUint16(m[2:], uint16(length))
		a := slices.Clone(base)
		binary.BigEndian.PutUint16(a[stunHeader+2:], uint16(length))
		all = append(all, m, a)
	}
	r := rand.New(rand.NewPCG(1, 2)) // the same each time
	n := mutations
	if e.cfg.Transport != UDP {
		n /= 10
	}
	for range n {
		m := slices.Clone(base)
		for range 1 + r.IntN(4) {
			m[r.IntN(len(m))] = byte(r.Uint32())
		}
		all = append(all, m[:1+r.IntN(len(m))])
	}
	for _, m := range all {
		l, err := e.dial(e.cfg.Transport)
		if err != nil {
			return "gone: no connection"
		}
		_ = l.write(m)
		_ = l.conn.Close()
	}
	return e.alive("survives")
}

// peerLengths are XOR-PEER-ADDRESS of 0 to 40 bytes, of which only those of an address may be taken.
func peerLengths(e *env, c *client) string {
	asked := make(map[[stun.TransactionIDSize]byte]bool)
	for n := range 41 {
		if n == 8 || n == 20 {
			continue
		}
		v := make([]byte, n)
		if n > 1 {
			v[1] = ipv4
		}
		if n > 20 {
			v[1] = ipv6
		}
		m := c.build(stun.MethodCreatePermission, stun.ClassRequest, raw(stun.AttrXORPeerAddress, v...))
		asked[m.TransactionID] = true
		if c.write(m.Raw) != nil {
			return "closed"
		}
	}
	taken := 0
	for deadline := time.Now().Add(2 * e.cfg.Wait); ; {
		b, err := c.read(deadline)
		if err != nil {
			break
		}
		m := &stun.Message{Raw: b}
		if !stun.IsMessage(b) || m.Decode() != nil || m.Type.Class != stun.ClassSuccessResponse {
			continue
		}
		if asked[m.TransactionID] {
			asked[m.TransactionID] = false // some answer twice
			taken++
		}
	}
	if taken > 0 {
		return fmt.Sprintf("%d of %d lengths taken", taken, len(asked))
	}
	return e.alive("none taken")
}
