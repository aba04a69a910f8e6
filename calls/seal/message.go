package seal

import (
	"crypto/subtle"

	"golang.org/x/crypto/cryptobyte"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Message is the content of one envelope after OFFER.
type Message interface {
	// Type is the first byte of the plaintext.
	Type() Type
	// add writes the body.
	add(*cryptobyte.Builder)
	// read parses the body; the caller checks that nothing is left.
	read(*cryptobyte.String) bool
}

// Ring says that the callee's device has the offer.
//
//	suite u16 ‖ u8 count ‖ echo of the caller's suites ‖ nB [32] ‖ device id [8] ‖ u16 len ‖ device list ‖ queue [16] ‖
//	u8 0 or 1 ‖ transport
type Ring struct {
	Suite     uint16
	Suites    []uint16 // echo: a list changed on the way is noticed
	Nonce     [secretSize]byte
	Device    record.DeviceID
	List      record.DeviceList
	Queue     envelope.QueueID
	Transport *Transport // nil until the human accepts, for callers who may not know that somebody is here
}

// Type is TypeRing.
func (*Ring) Type() Type { return TypeRing }

func (m *Ring) add(b *cryptobyte.Builder) {
	b.AddUint16(m.Suite)
	addSuites(b, m.Suites)
	b.AddBytes(m.Nonce[:])
	b.AddBytes(m.Device[:])
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(m.List.Append(nil)) })
	addQueue(b, m.Queue)
	addOptionalTransport(b, m.Transport)
}

func (m *Ring) read(s *cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadUint16(&m.Suite) || !readSuites(s, &m.Suites) || !s.CopyBytes(m.Nonce[:]) || !s.CopyBytes(m.Device[:]) ||
		!s.ReadUint16LengthPrefixed(&list) || !readQueue(s, &m.Queue) || !readOptionalTransport(s, &m.Transport) {
		return false
	}
	var err error
	m.List, err = record.ParseDeviceList(list)
	return err == nil
}

// Accept carries the human's consent: without its secret there is no voice key.
//
//	accept secret [32] ‖ u8 0 or 1 ‖ transport
type Accept struct {
	Transport *Transport // if RING carried none
	secret    [secretSize]byte
}

// Type is TypeAccept.
func (*Accept) Type() Type { return TypeAccept }

func (m *Accept) add(b *cryptobyte.Builder) {
	b.AddBytes(m.secret[:])
	addOptionalTransport(b, m.Transport)
}

func (m *Accept) read(s *cryptobyte.String) bool {
	return s.CopyBytes(m.secret[:]) && readOptionalTransport(s, &m.Transport)
}

// Confirm selects one device: nA [32] ‖ finA [32].
type Confirm struct {
	nonce [secretSize]byte
	fin   [hashBytes]byte
}

// Type is TypeConfirm.
func (*Confirm) Type() Type { return TypeConfirm }

func (m *Confirm) add(b *cryptobyte.Builder) {
	b.AddBytes(m.nonce[:])
	b.AddBytes(m.fin[:])
}

func (m *Confirm) read(s *cryptobyte.String) bool {
	return s.CopyBytes(m.nonce[:]) && s.CopyBytes(m.fin[:])
}

// Connected ends the handshake: finB [32].
type Connected struct{ fin [hashBytes]byte }

// Type is TypeConnected.
func (*Connected) Type() Type { return TypeConnected }

func (m *Connected) add(b *cryptobyte.Builder) { b.AddBytes(m.fin[:]) }

func (m *Connected) read(s *cryptobyte.String) bool { return s.CopyBytes(m.fin[:]) }

// Candidates adds addresses: candidates ‖ u8 1 if these were the last.
type Candidates struct {
	Candidates []Candidate
	End        bool
}

// Type is TypeCandidates.
func (*Candidates) Type() Type { return TypeCandidates }

func (m *Candidates) add(b *cryptobyte.Builder) {
	addCandidates(b, m.Candidates)
	end := uint8(0)
	if m.End {
		end = 1
	}
	b.AddUint8(end)
}

func (m *Candidates) read(s *cryptobyte.String) bool {
	var end uint8
	if !readCandidates(s, &m.Candidates) || !s.ReadUint8(&end) || end > 1 {
		return false
	}
	m.End = end == 1
	return true
}

// Restart moves a call to another path with fresh keys: epoch u32 ‖ u8 len ‖ ufrag ‖ u8 len ‖ pwd ‖ candidates ‖ ek [1216].
type Restart struct {
	Epoch        uint32
	Ufrag, Pwd   string
	Candidates   []Candidate
	EphemeralKey [record.PrekeySize]byte
}

// Type is TypeRestart.
func (*Restart) Type() Type { return TypeRestart }

func (m *Restart) add(b *cryptobyte.Builder) {
	b.AddUint32(m.Epoch)
	addText(b, m.Ufrag)
	addText(b, m.Pwd)
	addCandidates(b, m.Candidates)
	b.AddBytes(m.EphemeralKey[:])
}

func (m *Restart) read(s *cryptobyte.String) bool {
	return s.ReadUint32(&m.Epoch) && readText(s, &m.Ufrag) && readText(s, &m.Pwd) && readCandidates(s, &m.Candidates) && s.CopyBytes(m.EphemeralKey[:])
}

// RestartAck answers Restart: epoch u32 ‖ u8 len ‖ ufrag ‖ u8 len ‖ pwd ‖ candidates ‖ KEM ciphertext [1120].
type RestartAck struct {
	Epoch      uint32
	Ufrag, Pwd string
	Candidates []Candidate
	Ciphertext [envelope.EncSize]byte
}

// Type is TypeRestartAck.
func (*RestartAck) Type() Type { return TypeRestartAck }

func (m *RestartAck) add(b *cryptobyte.Builder) {
	b.AddUint32(m.Epoch)
	addText(b, m.Ufrag)
	addText(b, m.Pwd)
	addCandidates(b, m.Candidates)
	b.AddBytes(m.Ciphertext[:])
}

func (m *RestartAck) read(s *cryptobyte.String) bool {
	return s.ReadUint32(&m.Epoch) && readText(s, &m.Ufrag) && readText(s, &m.Pwd) && readCandidates(s, &m.Candidates) && s.CopyBytes(m.Ciphertext[:])
}

// Reject refuses a call: reason u8.
type Reject struct{ Reason RejectReason }

// Type is TypeReject.
func (*Reject) Type() Type { return TypeReject }

func (m *Reject) add(b *cryptobyte.Builder) { b.AddUint8(uint8(m.Reason)) }

func (m *Reject) read(s *cryptobyte.String) bool {
	return s.ReadUint8((*uint8)(&m.Reason)) && m.Reason >= RejectBusy && m.Reason <= RejectUnsupported
}

// Elsewhere tells the callee's other devices to stop ringing: u8 1 answered, 2 declined.
type Elsewhere struct{ Declined bool }

// Type is TypeElsewhere.
func (*Elsewhere) Type() Type { return TypeElsewhere }

func (m *Elsewhere) add(b *cryptobyte.Builder) {
	how := uint8(1)
	if m.Declined {
		how = 2
	}
	b.AddUint8(how)
}

func (m *Elsewhere) read(s *cryptobyte.String) bool {
	var how uint8
	if !s.ReadUint8(&how) || how < 1 || how > 2 {
		return false
	}
	m.Declined = how == 2
	return true
}

// Hangup ends a call: reason u8.
type Hangup struct{ Reason HangupReason }

// Type is TypeHangup.
func (*Hangup) Type() Type { return TypeHangup }

func (m *Hangup) add(b *cryptobyte.Builder) { b.AddUint8(uint8(m.Reason)) }

func (m *Hangup) read(s *cryptobyte.String) bool {
	return s.ReadUint8((*uint8)(&m.Reason)) && m.Reason >= HangupNormal && m.Reason <= HangupError
}

// Nop is cover and keep-alive: nothing.
type Nop struct{}

// Type is TypeNop.
func (*Nop) Type() Type { return TypeNop }

func (*Nop) add(*cryptobyte.Builder) {}

func (*Nop) read(*cryptobyte.String) bool { return true }

// encode writes type ‖ body.
func encode(m Message) ([]byte, error) {
	b := cryptobyte.NewBuilder([]byte{byte(m.Type())})
	m.add(b)
	out, err := b.Bytes()
	if err != nil {
		return nil, ErrTooLarge
	}
	return out, nil
}

// decode reads what encode wrote. OFFER is not a Message: see parseOffer.
func decode(plaintext []byte) (Message, error) {
	if len(plaintext) == 0 {
		return nil, ErrEnvelope
	}
	var m Message
	switch Type(plaintext[0]) {
	case TypeRing:
		m = new(Ring)
	case TypeAccept:
		m = new(Accept)
	case TypeConfirm:
		m = new(Confirm)
	case TypeConnected:
		m = new(Connected)
	case TypeCandidates:
		m = new(Candidates)
	case TypeRestart:
		m = new(Restart)
	case TypeRestartAck:
		m = new(RestartAck)
	case TypeReject:
		m = new(Reject)
	case TypeElsewhere:
		m = new(Elsewhere)
	case TypeHangup:
		m = new(Hangup)
	case TypeNop:
		m = new(Nop)
	default:
		return nil, ErrEnvelope
	}
	s := cryptobyte.String(plaintext[1:])
	if !m.read(&s) || !s.Empty() {
		return nil, ErrEnvelope
	}
	return m, nil
}

// same compares secrets and proofs in constant time.
func same(a, b [hashBytes]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
