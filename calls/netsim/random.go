package netsim

import (
	"encoding/binary"
	"net/netip"
)

// Randomness is a function of the seed, the link, the flow, the number of the datagram in its flow, and what is decided: no
// draw takes a number away from another, and so the order in which goroutines run changes nothing.

// draw is what is decided.
type draw uint64

const (
	drawState draw = iota + 1
	drawLoss
	drawJitter
	drawJitter2
	drawReorder
	drawRepeat
	drawDuplicate
	drawBulk
	drawGap
	drawLength
	drawLength2
	drawOffset
	drawScatter
)

// mix is SplitMix64 over its arguments.
func mix(words ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, w := range words {
		h ^= w
		h += 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// unit is a number from 0 to 1, without 1.
func unit(key, index uint64, d draw) float64 {
	return float64(mix(key, index, uint64(d))>>11) / (1 << 53)
}

func hashAddr(a netip.Addr) uint64 {
	b := a.As16()
	return mix(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
}

func hashAddrPort(a netip.AddrPort) uint64 { return mix(hashAddr(a.Addr()), uint64(a.Port())) }

// kindOf tells apart what a socket sends from different goroutines, as RFC 7983 does: STUN by its type, DTLS, RTP and RTCP,
// each of them in each TURN channel, and within Send and Data indications. So a keepalive does not shift the fate of the voice
// beside it.
func kindOf(p []byte) uint64 {
	inner := Relayed(p)
	if inner == nil {
		return plainKind(p)
	}
	return uint64(binary.BigEndian.Uint16(p))<<32 | plainKind(inner)
}

// Relayed is what a datagram between a client and a relay carries for or from a peer: ChannelData, or a Send or Data
// indication (RFC 8656 sections 11 and 12). Nil: nothing.
func Relayed(p []byte) []byte {
	const (
		channelHeader, stunHeader = 4, 20
		send, data, attribute     = 0x0016, 0x0017, 0x0013
	)
	if len(p) < channelHeader {
		return nil
	}
	if first := p[0]; first >= 64 && first < 80 {
		return p[channelHeader:]
	}
	if kind := binary.BigEndian.Uint16(p); (kind != send && kind != data) || len(p) < stunHeader {
		return nil
	}
	for rest := p[stunHeader:]; len(rest) >= 4; {
		kind, n := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if 4+n > len(rest) {
			return nil
		}
		if kind == attribute {
			return rest[4 : 4+n]
		}
		rest = rest[min(len(rest), 4+(n+3)/4*4):]
	}
	return nil
}

func plainKind(p []byte) uint64 {
	if len(p) < 2 {
		return 0
	}
	switch first, second := p[0], p[1]; {
	case first < 4:
		return 1<<16 | uint64(binary.BigEndian.Uint16(p))
	case first >= 20 && first < 64:
		return kindDTLS
	case first >= 128 && first < 192 && second >= 192 && second < 224: // RFC 5761 section 4
		return 3 << 16
	case first >= 128 && first < 192:
		return 4 << 16
	}
	return 0
}

const kindDTLS = 2 << 16

// flowKey names a flow on a link.
func flowKey(from, to netip.AddrPort, p []byte) uint64 {
	return mix(hashAddrPort(from), hashAddrPort(to), kindOf(p))
}
