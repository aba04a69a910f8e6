package seal

import (
	"log/slog"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Late is what a caller says to a device that has not sent RING: that the call is over or was answered elsewhere. It
// travels in the OFFER class and prints as its type name.
//
//	type u8 ‖ body ‖ call id [16] ‖ device id [8] ‖ u16 len ‖ device list ‖ time u64 (unix milliseconds)
type Late struct {
	CallID  CallID
	Account record.AccountKey // of the caller; travels as part of List
	Device  record.DeviceID
	List    record.DeviceList
	Time    time.Time
	Message Message // *Elsewhere or *Hangup
}

func (*Late) String() string       { return "seal.Late" }
func (*Late) GoString() string     { return "seal.Late" }
func (*Late) LogValue() slog.Value { return slog.StringValue("seal.Late") }
func (*Late) incoming()            {}

// About says whether this is about the call that callee was offered, by the very device that offered it.
func (l *Late) About(callee *Callee) bool {
	o := callee.Offer()
	return l.CallID == o.CallID && l.Account == o.Account && l.Device == o.Device
}

func (l *Late) append() ([]byte, error) {
	if t := l.Message.Type(); t != TypeElsewhere && t != TypeHangup {
		return nil, ErrState
	}
	start, err := encode(l.Message)
	if err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(start)
	b.AddBytes(l.CallID[:])
	b.AddBytes(l.Device[:])
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(l.List.Append(nil)) })
	b.AddUint64(uint64(l.Time.UnixMilli()))
	return b.Bytes()
}

func parseLate(plaintext []byte) (*Late, error) {
	var (
		s      = cryptobyte.String(plaintext)
		kind   uint8
		list   cryptobyte.String
		millis uint64
		l      Late
	)
	if !s.ReadUint8(&kind) {
		return nil, ErrEnvelope
	}
	switch Type(kind) {
	case TypeElsewhere:
		l.Message = new(Elsewhere)
	case TypeHangup:
		l.Message = new(Hangup)
	default:
		return nil, ErrEnvelope
	}
	if !l.Message.read(&s) || !s.CopyBytes(l.CallID[:]) || !s.CopyBytes(l.Device[:]) || !s.ReadUint16LengthPrefixed(&list) ||
		!s.ReadUint64(&millis) || millis >= 1<<48 || !s.Empty() {
		return nil, ErrEnvelope
	}
	var err error
	if l.List, err = record.ParseDeviceList(list); err != nil {
		return nil, ErrEnvelope
	}
	l.Account, l.Time = l.List.Account, time.UnixMilli(int64(millis)).UTC()
	return &l, nil
}
