package signaling

import (
	"encoding/binary"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
	"golang.org/x/crypto/cryptobyte"
)

// frameType is the first byte of a frame.
type frameType uint8

const (
	frameChallenge    frameType = 1
	frameReady        frameType = 2
	frameRefused      frameType = 3
	frameDeliver      frameType = 4
	framePong         frameType = 5
	frameRelay        frameType = 6
	frameLogin        frameType = 16
	frameOpen         frameType = 17
	frameAck          frameType = 18
	framePing         frameType = 19
	frameRelayRequest frameType = 20
	frameLeave        frameType = 21
)

// Sizes of frames in bytes.
const (
	NonceSize = 32

	deliverSize = 1 + 8 + 4 + envelope.Size
	accountText = 23 // four groups of five letters and three hyphens
	loginSize   = 1 + accountText + record.DeviceIDSize + record.SignatureSize

	// MaxServerFrame and MaxPhoneFrame bound what each side sends.
	MaxServerFrame = deliverSize
	MaxPhoneFrame  = loginSize
)

// Keeping a connection alive, and noticing that it is dead.
const (
	PingInterval  = 20 * time.Second
	PhoneSilence  = 30 * time.Second // a pong is due within the difference
	ServerSilence = 60 * time.Second // two pings lost, and one late
	WriteTimeout  = 10 * time.Second // a peer that takes no byte for so long is gone
	LoginTimeout  = 10 * time.Second
)

// Reason is why a server closes a connection that it has just accepted.
type Reason uint8

// Reasons.
const (
	ReasonNotFound    Reason = 1 + iota // no such account, or the device has no mailbox here: register
	ReasonRefused                       // the signature or the secret is wrong
	ReasonUnavailable                   // the server has no room, or cannot read its store
)

func (r Reason) err() error {
	switch r {
	case ReasonNotFound:
		return ErrNotFound
	case ReasonRefused:
		return ErrRefused
	}
	return ErrUnavailable
}

// Frame is one message of a WebSocket: one of the types below.
type Frame interface {
	// Append appends the encoding.
	Append(b []byte) []byte
}

// Frames from server to phone.
type (
	Challenge struct{ Nonce [NonceSize]byte }
	Ready     struct{}
	Refused   struct{ Reason Reason }
	Deliver   struct {
		Sequence uint64
		Age      time.Duration // since the server accepted it; in milliseconds on the wire
		Envelope *envelope.Envelope
	}
	Pong  struct{}
	Relay struct {
		Request uint32
		Pair    *RelayPair // nil when none can be had
	}
)

// Frames from phone to server.
type (
	Login struct {
		Account   record.AccountID
		Device    record.DeviceID
		Signature [record.SignatureSize]byte
	}
	Open         struct{ Secret ReadSecret }
	Ack          struct{ Sequence uint64 }
	Ping         struct{}
	RelayRequest struct{ Request uint32 }
	Leave        struct{}
)

func (f Challenge) Append(b []byte) []byte {
	return append(append(b, byte(frameChallenge)), f.Nonce[:]...)
}
func (Ready) Append(b []byte) []byte     { return append(b, byte(frameReady)) }
func (f Refused) Append(b []byte) []byte { return append(b, byte(frameRefused), byte(f.Reason)) }
func (Pong) Append(b []byte) []byte      { return append(b, byte(framePong)) }
func (Ping) Append(b []byte) []byte      { return append(b, byte(framePing)) }
func (Leave) Append(b []byte) []byte     { return append(b, byte(frameLeave)) }

func (f Deliver) Append(b []byte) []byte {
	b = append(b, byte(frameDeliver))
	b = binary.BigEndian.AppendUint64(b, f.Sequence)
	b = binary.BigEndian.AppendUint32(b, uint32(f.Age.Milliseconds()))
	return append(b, f.Envelope[:]...)
}

func (f Relay) Append(b []byte) []byte {
	b = append(b, byte(frameRelay))
	b = binary.BigEndian.AppendUint32(b, f.Request)
	if f.Pair != nil {
		b = f.Pair.append(b)
	}
	return b
}

func (f Login) Append(b []byte) []byte {
	b = append(b, byte(frameLogin))
	id, _ := f.Account.MarshalText() // never fails
	b = append(b, id...)
	b = append(b, f.Device[:]...)
	return append(b, f.Signature[:]...)
}

func (f Open) Append(b []byte) []byte { return append(append(b, byte(frameOpen)), f.Secret.b[:]...) }
func (f Ack) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint64(append(b, byte(frameAck)), f.Sequence)
}
func (f RelayRequest) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(frameRelayRequest)), f.Request)
}

// ParseFrame reads one frame; what follows it is an error. It fails with ErrFormat.
func ParseFrame(b []byte) (Frame, error) {
	s := cryptobyte.String(b)
	var t uint8
	if !s.ReadUint8(&t) {
		return nil, ErrFormat
	}
	f, ok := readFrame(frameType(t), &s)
	if !ok || !s.Empty() {
		return nil, ErrFormat
	}
	return f, nil
}

func readFrame(t frameType, s *cryptobyte.String) (Frame, bool) {
	switch t {
	case frameChallenge:
		var f Challenge
		ok := s.CopyBytes(f.Nonce[:])
		return f, ok
	case frameReady:
		return Ready{}, true
	case frameRefused:
		var f Refused
		ok := s.ReadUint8((*uint8)(&f.Reason)) && f.Reason >= ReasonNotFound && f.Reason <= ReasonUnavailable
		return f, ok
	case frameDeliver:
		return readDeliver(s)
	case framePong:
		return Pong{}, true
	case frameRelay:
		return readRelay(s)
	case frameLogin:
		return readLogin(s)
	case frameOpen:
		var f Open
		ok := s.CopyBytes(f.Secret.b[:])
		return f, ok
	case frameAck:
		var f Ack
		ok := s.ReadUint64(&f.Sequence)
		return f, ok
	case framePing:
		return Ping{}, true
	case frameRelayRequest:
		var f RelayRequest
		ok := s.ReadUint32(&f.Request)
		return f, ok
	case frameLeave:
		return Leave{}, true
	}
	return nil, false
}

func readDeliver(s *cryptobyte.String) (Frame, bool) {
	f := Deliver{Envelope: new(envelope.Envelope)}
	var millis uint32
	ok := s.ReadUint64(&f.Sequence) && s.ReadUint32(&millis) && s.CopyBytes(f.Envelope[:])
	f.Age = time.Duration(millis) * time.Millisecond
	return f, ok
}

func readRelay(s *cryptobyte.String) (Frame, bool) {
	var f Relay
	if !s.ReadUint32(&f.Request) {
		return nil, false
	}
	if s.Empty() {
		return f, true
	}
	f.Pair = new(RelayPair)
	return f, f.Pair.read(s)
}

func readLogin(s *cryptobyte.String) (Frame, bool) {
	var f Login
	var id [accountText]byte
	if !s.CopyBytes(id[:]) || !s.CopyBytes(f.Device[:]) || !s.CopyBytes(f.Signature[:]) {
		return nil, false
	}
	var err error
	f.Account, err = record.ParseAccountID(string(id[:]))
	return f, err == nil
}
