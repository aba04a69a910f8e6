package light

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/pion/stun/v4"
)

// What RFC 8656 calls attributes and numbers, in the words of its section 18.
const (
	transportUDP    = 17 // REQUESTED-TRANSPORT
	channelHeader   = 4
	firstChannel    = 0x4000
	lastChannel     = 0x4FFF
	channelPadding  = 4
	maxDatagram     = 1500
	codeStaleNonce  = 438
	codeUnauthentic = 401
)

// Times of requests to the relay. Those of refreshing are pion's, whose client full phones use.
const (
	firstRetransmit = 200 * time.Millisecond
	requestTimeout  = 5 * time.Second
	permissionEvery = 2 * time.Minute // a permission lives 5
	channelEvery    = 5 * time.Minute // a channel lives 10
	maxAttempts     = 3               // challenges in a row
)

var (
	errRelaySilent  = errors.New("light: the relay does not answer")
	errRelayRefused = errors.New("light: the relay refused")
	errRelayAnswer  = errors.New("light: the relay's answer makes no sense")
)

// socket is a datagram socket that is connected to one relay.
type socket interface {
	Read([]byte) (int, error)
	Write([]byte) (int, error)
	SetReadDeadline(time.Time) error
	Close() error
}

// turn speaks to one relay as one user. It is not safe for concurrent use.
type turn struct {
	username, password string
	realm              string
	nonce              []byte
	key                stun.MessageIntegrity
	lifetime           time.Duration // granted
	relayed            netip.AddrPort
	peer               netip.AddrPort
	channel            uint16

	// What is asked for again while the call lives, in the order of refreshes.
	due   [3]time.Time // when
	sent  [3]time.Time // unanswered since, or zero
	ids   [3][stun.TransactionIDSize]byte
	tries [3]int
}

// The refreshes of an allocation, by index.
const (
	refreshAllocation = iota
	refreshPermission
	refreshChannel
)

// stunString is a text attribute.
func stunString(t stun.AttrType, s string) stun.Setter {
	return stun.RawAttribute{Type: t, Value: []byte(s)}
}

// request makes a request with credentials, if the relay has asked for any yet.
func (t *turn) request(method stun.Method, id [stun.TransactionIDSize]byte, attributes ...stun.Setter) (*stun.Message, error) {
	setters := append([]stun.Setter{stun.NewTransactionIDSetter(id), stun.NewType(method, stun.ClassRequest)}, attributes...)
	if t.key != nil {
		setters = append(setters, stunString(stun.AttrUsername, t.username), stunString(stun.AttrRealm, t.realm),
			stun.RawAttribute{Type: stun.AttrNonce, Value: t.nonce}, t.key)
	}
	return stun.Build(append(setters, stun.Fingerprint)...)
}

// challenged learns what a 401 or 438 says; false if this was neither.
func (t *turn) challenged(m *stun.Message) bool {
	var code stun.ErrorCodeAttribute
	if code.GetFrom(m) != nil || (code.Code != codeUnauthentic && code.Code != codeStaleNonce) {
		return false
	}
	realm, err := m.Get(stun.AttrRealm)
	if err != nil {
		return false
	}
	nonce, err := m.Get(stun.AttrNonce)
	if err != nil {
		return false
	}
	t.realm, t.nonce = string(realm), append([]byte(nil), nonce...)
	t.key = stun.NewLongTermIntegrity(t.username, t.realm, t.password)
	return true
}

// exchange asks until there is an answer that is no challenge.
func (t *turn) exchange(s socket, method stun.Method, attributes ...stun.Setter) (*stun.Message, error) {
	for range maxAttempts {
		m, err := t.request(method, stun.NewTransactionID(), attributes...)
		if err != nil {
			return nil, err
		}
		answer, err := roundTrip(s, m)
		if err != nil {
			return nil, err
		}
		if answer.Type.Class == stun.ClassSuccessResponse {
			return answer, nil
		}
		if !t.challenged(answer) {
			return nil, errRelayRefused
		}
	}
	return nil, errRelayRefused
}

// roundTrip repeats m until its answer arrives (RFC 8489 section 6.2.1).
func roundTrip(s socket, m *stun.Message) (*stun.Message, error) {
	buf := make([]byte, maxDatagram)
	end := time.Now().Add(requestTimeout)
	for wait := firstRetransmit; ; wait *= 2 {
		if _, err := s.Write(m.Raw); err != nil {
			return nil, errRelaySilent
		}
		until := time.Now().Add(wait)
		for {
			if err := s.SetReadDeadline(until); err != nil {
				return nil, errRelaySilent
			}
			n, err := s.Read(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err) {
				break
			}
			if errors.Is(err, net.ErrClosed) {
				return nil, errRelaySilent
			}
			if err != nil { // a refused port: the relay may be about to come back
				time.Sleep(min(wait, time.Until(until)))
				break
			}
			answer := &stun.Message{Raw: append([]byte(nil), buf[:n]...)}
			if answer.Decode() == nil && answer.TransactionID == m.TransactionID {
				return answer, s.SetReadDeadline(time.Time{})
			}
		}
		if !time.Now().Before(end) {
			return nil, errRelaySilent
		}
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// allocate asks for a relayed address.
func (t *turn) allocate(s socket) error {
	answer, err := t.exchange(s, stun.MethodAllocate, stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{transportUDP, 0, 0, 0}})
	if err != nil {
		return err
	}
	var relayed stun.XORMappedAddress
	if relayed.GetFromAs(answer, stun.AttrXORRelayedAddress) != nil {
		return errRelayAnswer
	}
	ip, ok := netip.AddrFromSlice(relayed.IP)
	if !ok {
		return errRelayAnswer
	}
	t.relayed = netip.AddrPortFrom(ip.Unmap(), uint16(relayed.Port))
	t.lifetime = lifetimeOf(answer)
	return nil
}

func lifetimeOf(m *stun.Message) time.Duration {
	v, err := m.Get(stun.AttrLifetime)
	if err != nil || len(v) != 4 {
		return 10 * time.Minute
	}
	return time.Duration(binary.BigEndian.Uint32(v)) * time.Second
}

// bind lets peer in and gives it a channel; both live until the allocation ends, with refreshes.
func (t *turn) bind(s socket, peer netip.AddrPort, now time.Time) error {
	t.peer, t.channel = peer, firstChannel
	if _, err := t.exchange(s, stun.MethodCreatePermission, t.peerAddress()); err != nil {
		return err
	}
	if _, err := t.exchange(s, stun.MethodChannelBind, t.channelNumber(), t.peerAddress()); err != nil {
		return err
	}
	t.due = [3]time.Time{now.Add(t.lifetime / 2), now.Add(permissionEvery), now.Add(channelEvery)}
	return nil
}

func (t *turn) peerAddress() stun.Setter {
	return xorPeer{stun.XORMappedAddress{IP: t.peer.Addr().AsSlice(), Port: int(t.peer.Port())}}
}

func (t *turn) channelNumber() stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{byte(t.channel >> 8), byte(t.channel), 0, 0}}
}

// xorPeer is XOR-PEER-ADDRESS (RFC 8656 section 18.3).
type xorPeer struct{ stun.XORMappedAddress }

func (x xorPeer) AddTo(m *stun.Message) error { return x.AddToAs(m, stun.AttrXORPeerAddress) }

// refresh is what has to be said to the relay now: what is due, and what was not answered.
func (t *turn) refresh(now time.Time, send func([]byte)) {
	for i := range t.due {
		if t.due[i].IsZero() || now.Before(t.due[i]) {
			continue
		}
		if t.sent[i].IsZero() {
			t.ids[i] = stun.NewTransactionID()
		}
		t.sent[i], t.due[i] = now, now.Add(time.Second) // again, unless answered
		t.tries[i]++
		if m, err := t.refreshRequest(i); err == nil {
			send(m.Raw)
		}
	}
}

func (t *turn) refreshRequest(i int) (*stun.Message, error) {
	switch i {
	case refreshAllocation:
		return t.request(stun.MethodRefresh, t.ids[i])
	case refreshPermission:
		return t.request(stun.MethodCreatePermission, t.ids[i], t.peerAddress())
	default:
		return t.request(stun.MethodChannelBind, t.ids[i], t.channelNumber(), t.peerAddress())
	}
}

// answered takes the relay's answer to a refresh.
func (t *turn) answered(m *stun.Message, now time.Time) {
	for i := range t.ids {
		if t.sent[i].IsZero() || t.ids[i] != m.TransactionID {
			continue
		}
		t.sent[i], t.tries[i] = time.Time{}, 0
		switch every := [3]time.Duration{t.lifetime / 2, permissionEvery, channelEvery}[i]; {
		case m.Type.Class == stun.ClassSuccessResponse:
			t.due[i] = now.Add(every)
		case t.challenged(m):
			t.due[i] = now
		default:
			t.due[i] = now.Add(time.Second)
		}
	}
}

// release is the request that ends the allocation.
func (t *turn) release() ([]byte, error) {
	m, err := t.request(stun.MethodRefresh, stun.NewTransactionID(), stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0, 0, 0, 0}})
	if err != nil {
		return nil, err
	}
	return m.Raw, nil
}
