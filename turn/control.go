package turn

import (
	"encoding/binary"
	"net/netip"
	"time"
)

const protocolUDP = 17 // in REQUESTED-TRANSPORT

// control answers a request. It works in scratch, which the answer then occupies until it is sent.
func (w *worker) control(m *message, who tuple, scratch []byte) Drop {
	switch m.kind {
	case bindingRequest:
		return w.binding(m, who, scratch)
	case allocateRequest, refreshRequest, createPermissionRequest, channelBindRequest:
	default:
		return DropMalformed
	}
	l, code := w.authenticate(m, who)
	if code != 0 {
		return w.refuse(m, who, code, scratch)
	}
	if l.open {
		w.server.budget.earn(who.client.Addr(), w.now)
	}
	b := appendHeader(scratch[:0], m, successBits)
	if m.lacksUnderstanding() {
		code = codeUnknownAttribute
	} else {
		b, code = w.serve(b, m, who, &l)
	}
	if code != 0 {
		b = appendRefusal(scratch[:0], m, code)
	}
	// Who is here already is told too, beside the answer, and moves when it is ready: clients that do not know it skip it.
	if code == codeTryAlternate || code == 0 && w.socket.stream == nil {
		if a := w.server.alternate(who.client); a.IsValid() {
			b = appendAlternate(b, a)
		}
	}
	w.answer(w.hasher.appendIntegrity(b, l.seal, &l.key), m, who)
	return 0
}

// serve carries out a request that has been proved, and appends the attributes of a success.
func (w *worker) serve(b []byte, m *message, who tuple, l *login) ([]byte, errorCode) {
	switch m.kind {
	case allocateRequest:
		return w.allocate(b, m, who, l)
	case refreshRequest:
		return w.refresh(b, m, who, l)
	case createPermissionRequest:
		return b, w.createPermission(m, who, l)
	default:
		return b, w.channelBind(m, who, l)
	}
}

// binding answers anybody, within the budget.
func (w *worker) binding(m *message, who tuple, scratch []byte) Drop {
	if m.lacksUnderstanding() {
		return w.refuse(m, who, codeUnknownAttribute, scratch)
	}
	if !w.server.budget.allow(who.client.Addr(), len(m.b), w.now) {
		return DropSilenced
	}
	w.answer(appendAddress(appendHeader(scratch[:0], m, successBits), attrMappedAddress, who.client, m), m, who)
	return 0
}

// refuse answers who has proved nothing, within the budget.
func (w *worker) refuse(m *message, who tuple, code errorCode, scratch []byte) Drop {
	allowed := false
	if _, sealed := m.integrity(); sealed {
		allowed = w.server.budget.allowGuess(who.client.Addr(), w.now)
	} else {
		allowed = w.server.budget.allow(who.client.Addr(), len(m.b), w.now)
	}
	if !allowed {
		return DropSilenced
	}
	b := appendRefusal(scratch[:0], m, code)
	if code == codeUnauthorized || code == codeStaleNonce {
		b = appendAttribute(b, attrRealm, []byte(w.server.cfg.Realm))
		var nonce [nonceTextBytes]byte
		b = appendAttribute(b, attrNonce, w.hasher.appendNonce(nonce[:0], who, w.now))
		b = appendAttribute(b, attrAlgorithms, []byte(offeredAlgorithms))
	}
	w.answer(b, m, who)
	return 0
}

func appendRefusal(b []byte, m *message, code errorCode) []byte {
	b = appendError(appendHeader(b, m, errorBits), code)
	if code == codeUnknownAttribute {
		var list [2 * maxAttributes]byte
		b = appendAttribute(b, attrUnknown, m.appendUnknown(list[:0]))
	}
	return b
}

// answer queues b. A client that sends FINGERPRINT gets one; for others it would be bytes for nothing.
func (w *worker) answer(b []byte, m *message, who tuple) {
	putLength(b, 0)
	if m.has(attrFingerprint) {
		b = appendFingerprint(b)
	}
	w.out = append(w.out, datagram{b: b, addr: who.client})
}

// allocate is RFC 8656 section 7.2.
func (w *worker) allocate(b []byte, m *message, who tuple, l *login) ([]byte, errorCode) {
	t := w.server.table
	want, refused, code := t.wanted(m)
	lifetime := m.lifetime()
	if lifetime == 0 {
		lifetime = defaultLifetime
	}
	g, code := t.allocate(allocation{
		tuple: who, via: w.socket, user: l.user, key: l.key, tag: l.tag, transaction: m.transaction(),
		families: want, refused: refused, granted: lifetime, expires: w.now + lifetime,
	}, code, l.open, w.now)
	if code == codeTryAlternate && (w.socket.stream != nil || !w.server.alternate(who.client).IsValid()) {
		code = codeCapacity
	}
	if code != 0 {
		return b, code
	}
	for _, f := range [...]family{family4, family6} {
		if g.families.has(f) {
			b = appendAddress(b, attrRelayedAddress, netip.AddrPortFrom(t.public(f), g.port), m)
		}
	}
	for _, f := range [...]family{family4, family6} {
		if g.refused.has(f) {
			b = appendAddressError(b, f, codeFamily)
		}
	}
	b = appendLifetime(b, g.lifetime)
	return appendAddress(b, attrMappedAddress, who.client, m), 0
}

// wanted reads which families an Allocate is for, and which of them there are not.
func (t *table) wanted(m *message) (want, refused families, code errorCode) {
	transport, ok := m.find(attrTransport)
	if !ok {
		return 0, 0, codeBadRequest
	}
	if transport[0] != protocolUDP {
		return 0, 0, codeTransport
	}
	want = family4.set()
	requested, alone := m.find(attrRequestedFamily)
	if alone {
		f := family(requested[0])
		if f != family4 && f != family6 {
			return 0, 0, codeFamily
		}
		want = f.set()
	}
	if additional, ok := m.find(attrAdditionalFamily); ok {
		if alone || family(additional[0]) != family6 {
			return 0, 0, codeBadRequest
		}
		want |= family6.set()
	}
	for _, f := range [...]family{family4, family6} {
		if want.has(f) && !t.public(f).IsValid() {
			want &^= f.set()
			refused |= f.set()
		}
	}
	if want == 0 {
		return 0, 0, codeFamily
	}
	return want, refused, 0
}

// refresh is RFC 8656 section 8.2.
func (w *worker) refresh(b []byte, m *message, who tuple, l *login) ([]byte, errorCode) {
	of := families(0)
	if v, ok := m.find(attrRequestedFamily); ok {
		f := family(v[0])
		if f != family4 && f != family6 {
			return b, codePeerFamily
		}
		of = f.set()
	}
	lifetime := m.lifetime()
	if code := w.server.table.refresh(who, l.user, of, lifetime, m.transaction(), w.now); code != 0 {
		return b, code
	}
	return appendLifetime(b, lifetime), 0
}

// createPermission is RFC 8656 section 10.2: all addresses or none.
func (w *worker) createPermission(m *message, who tuple, l *login) errorCode {
	t := w.server.table
	peers := families(0)
	for _, a := range m.attrs[:m.n] {
		if a.kind != attrPeerAddress {
			continue
		}
		peer := parseXORAddress(m.value(a), m.transaction())
		if peer.Addr() != t.public(familyOf(peer.Addr())) {
			return t.forbid(who, l.user, w.now)
		}
		peers |= familyOf(peer.Addr()).set()
	}
	return t.permit(who, l.user, peers, w.now)
}

// channelBind is RFC 8656 section 12.2.
func (w *worker) channelBind(m *message, who tuple, l *login) errorCode {
	t := w.server.table
	number, ok1 := m.find(attrChannelNumber)
	address, ok2 := m.find(attrPeerAddress)
	if !ok1 || !ok2 {
		return codeBadRequest
	}
	n := binary.BigEndian.Uint16(number)
	if n < firstChannel || n > lastChannel {
		return codeBadRequest
	}
	peer := parseXORAddress(address, m.transaction())
	if peer.Addr() != t.public(familyOf(peer.Addr())) {
		return t.forbid(who, l.user, w.now)
	}
	return t.bind(who, l.user, n, peer, w.now)
}

// lifetime is the one granted for what m asks for; 0 is asked for.
func (m *message) lifetime() time.Duration {
	v, ok := m.find(attrLifetime)
	if !ok {
		return defaultLifetime
	}
	asked := time.Duration(binary.BigEndian.Uint32(v)) * time.Second
	if asked == 0 {
		return 0
	}
	return min(max(asked, defaultLifetime), maxLifetime)
}

func (m *message) lacksUnderstanding() bool {
	var list [2 * maxAttributes]byte
	return len(m.appendUnknown(list[:0])) != 0
}
