package main

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
)

// needleBytes is how much of a secret must show up for it to count as seen: short enough to find a slice of an Opus frame,
// long enough that ciphertext does not hold it by chance (2^-64 per place).
const needleBytes = 8

// needleDistinct is how many different bytes a needle must have.
const needleDistinct = 6

// observer is what relay and server could see, written down. It looks at bytes on sockets and in requests, never into
// the phones.
type observer struct {
	seed maphash.Seed

	voicePackets atomic.Uint64
	plaintext    atomic.Uint64
	envelopes    atomic.Uint64

	// Guarded by mu.
	mu      sync.Mutex
	needles map[uint64][]byte
	flows   map[flow]map[int]struct{}
	bodies  map[int]struct{}
}

// flow is one direction between one phone and the relay.
type flow struct {
	client  netip.AddrPort
	toRelay bool
}

func newObserver() *observer {
	return &observer{
		seed:    maphash.MakeSeed(),
		needles: make(map[uint64][]byte),
		flows:   make(map[flow]map[int]struct{}),
		bodies:  make(map[int]struct{}),
	}
}

// secret adds every piece of b that must not be seen. Pieces of few different bytes, which Opus silence has, would be found
// in any padding and in the counters of DTLS, so they are left out.
func (o *observer) secret(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := 0; i+needleBytes <= len(b); i++ {
		piece := b[i : i+needleBytes]
		if distinct(piece) < needleDistinct {
			continue
		}
		o.needles[maphash.Bytes(o.seed, piece)] = bytes.Clone(piece)
	}
}

func distinct(b []byte) (n int) {
	var seen [256]bool
	for _, x := range b {
		if !seen[x] {
			seen[x] = true
			n++
		}
	}
	return n
}

// holdsSecretLocked looks for any needle at any place of b.
func (o *observer) holdsSecretLocked(b []byte) bool {
	for i := 0; i+needleBytes <= len(b); i++ {
		piece := b[i : i+needleBytes]
		if needle, ok := o.needles[maphash.Bytes(o.seed, piece)]; ok && bytes.Equal(needle, piece) {
			return true
		}
	}
	return false
}

// packet looks at one datagram between a phone and the relay.
func (o *observer) packet(client netip.AddrPort, toRelay bool, b []byte) {
	voice := isVoice(b)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.holdsSecretLocked(b) {
		o.plaintext.Add(1)
	}
	if !voice {
		return
	}
	o.voicePackets.Add(1)
	f := flow{client, toRelay}
	if o.flows[f] == nil {
		o.flows[f] = make(map[int]struct{})
	}
	o.flows[f][len(b)] = struct{}{}
}

const (
	channelHeader  = 4
	firstChannel   = 0x4000 // RFC 8656 section 12
	lastChannel    = 0x4FFF
	stunHeader     = 20
	stunSend       = 0x0016 // Send indication
	stunData       = 0x0017 // Data indication
	stunAttrData   = 0x0013
	rtpFirstByte   = 128 // RFC 7983: 128 to 191 is RTP or RTCP
	rtpLastByte    = 191
	rtcpFirstType  = 192 // RFC 5761 section 4
	rtcpLastType   = 223
	minimumRTP     = 12
	attributeAlign = 4
)

// isVoice says whether b is an RTP packet inside ChannelData or a Send or Data indication.
func isVoice(b []byte) bool {
	if len(b) < channelHeader {
		return false
	}
	var payload []byte
	switch first := binary.BigEndian.Uint16(b); {
	case first >= firstChannel && first <= lastChannel:
		n := int(binary.BigEndian.Uint16(b[2:]))
		if channelHeader+n > len(b) {
			return false
		}
		payload = b[channelHeader : channelHeader+n]
	case (first == stunSend || first == stunData) && len(b) >= stunHeader:
		for rest := b[stunHeader:]; len(rest) >= 4; {
			kind, n := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
			if 4+n > len(rest) {
				return false
			}
			if kind == stunAttrData {
				payload = rest[4 : 4+n]
			}
			rest = rest[min(len(rest), 4+(n+attributeAlign-1)/attributeAlign*attributeAlign):]
		}
	}
	if len(payload) < minimumRTP || payload[0] < rtpFirstByte || payload[0] > rtpLastByte {
		return false
	}
	return payload[1] < rtcpFirstType || payload[1] > rtcpLastType
}

// watchRelay wraps the relay's socket.
func (o *observer) watchRelay(c net.PacketConn) net.PacketConn { return &watched{c, o, true} }

// watchPhone wraps a phone's socket.
func (o *observer) watchPhone(c net.PacketConn) net.PacketConn { return &watched{c, o, false} }

// watched is a socket whose datagrams are looked at.
type watched struct {
	net.PacketConn
	observer *observer
	relay    bool // the relay's socket: what is read goes to the relay
}

func (w *watched) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := w.PacketConn.ReadFrom(b)
	if err == nil {
		w.look(from, w.relay, b[:n])
	}
	return n, from, err
}

func (w *watched) WriteTo(b []byte, to net.Addr) (int, error) {
	w.look(to, !w.relay, b)
	return w.PacketConn.WriteTo(b, to)
}

// look names the flow by the phone's own port, whichever side's socket this is.
func (w *watched) look(other net.Addr, toRelay bool, b []byte) {
	addr := other
	if !w.relay {
		addr = w.LocalAddr()
	}
	if u, ok := addr.(*net.UDPAddr); ok {
		w.observer.packet(u.AddrPort(), toRelay, b)
	}
}

// watchHTTP wraps the server's handler and looks at the envelopes that are submitted.
func (o *observer) watchHTTP(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/envelopes" {
			body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
			if err != nil {
				http.Error(w, "unreadable", http.StatusBadRequest)
				return
			}
			o.envelope(body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		h.ServeHTTP(w, r)
	})
}

func (o *observer) envelope(body []byte) {
	o.envelopes.Add(1)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bodies[len(body)] = struct{}{}
	if o.holdsSecretLocked(body) {
		o.plaintext.Add(1)
	}
}

// privacy sums up what was seen.
func (o *observer) privacy(where string) Privacy {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := Privacy{
		Observer:      where,
		VoicePackets:  o.voicePackets.Load(),
		PlaintextSeen: o.plaintext.Load(),
		Envelopes:     o.envelopes.Load(),
		EnvelopeSizes: []int{},
		PacketSizes:   []int{},
	}
	all := make(map[int]struct{})
	for _, sizes := range o.flows {
		p.DistinctPacketSizes = max(p.DistinctPacketSizes, len(sizes))
		for size := range sizes {
			all[size] = struct{}{}
		}
	}
	for size := range all {
		p.PacketSizes = append(p.PacketSizes, size)
	}
	for size := range o.bodies {
		p.EnvelopeSizes = append(p.EnvelopeSizes, size)
	}
	slices.Sort(p.PacketSizes)
	slices.Sort(p.EnvelopeSizes)
	return p
}
