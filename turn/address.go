package turn

import (
	"encoding/binary"
	"net/netip"
)

// family is an address family as in REQUESTED-ADDRESS-FAMILY (RFC 8656 section 18.8) and in addresses.
type family uint8

const (
	family4 family = 1
	family6 family = 2
)

// families is a set of them.
type families uint8

func (f family) set() families { return 1 << f }

func (s families) has(f family) bool { return s&f.set() != 0 }

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return family4
	}
	return family6
}

// maxAddressBytes is an XOR'ed IPv6 address: zero(1) family(1) port(2) address(16), RFC 8489 section 14.2.
const maxAddressBytes = 20

// appendXORAddress writes the value of an XOR-*-ADDRESS.
func appendXORAddress(b []byte, a netip.AddrPort, id transactionID) []byte {
	b = append(b, 0, byte(familyOf(a.Addr())))
	b = binary.BigEndian.AppendUint16(b, a.Port()^(stunMagic>>16))
	start := len(b)
	if a.Addr().Is4() {
		ip := a.Addr().As4()
		b = append(b, ip[:]...)
	} else {
		ip := a.Addr().As16()
		b = append(b, ip[:]...)
	}
	xorAddress(b[start:], id)
	return b
}

// parseXORAddress reads a value whose length parse has checked. An IPv4 address inside IPv6 stays IPv6: it is not ours.
func parseXORAddress(v []byte, id transactionID) netip.AddrPort {
	port := binary.BigEndian.Uint16(v[2:]) ^ (stunMagic >> 16)
	var ip [16]byte
	n := copy(ip[:], v[4:])
	xorAddress(ip[:n], id)
	if family(v[1]) == family4 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[:4])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(ip), port)
}

func xorAddress(ip []byte, id transactionID) {
	var mask [16]byte
	binary.BigEndian.PutUint32(mask[:], stunMagic)
	copy(mask[4:], id[:])
	for i := range ip {
		ip[i] ^= mask[i]
	}
}
