package seal

import (
	"log/slog"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// CallID names one call to its two sides only.
type CallID [16]byte

func (CallID) String() string       { return "seal.CallID" }
func (CallID) GoString() string     { return "seal.CallID" }
func (CallID) LogValue() slog.Value { return slog.StringValue("seal.CallID") }

// Relay is where both sides meet, with the callee's half of the credentials. It prints as its type name.
type Relay struct {
	URLs               []string // RFC 7065; at most MaxRelayURLs
	Username, Password string
}

func (Relay) String() string       { return "seal.Relay" }
func (Relay) GoString() string     { return "seal.Relay" }
func (Relay) LogValue() slog.Value { return slog.StringValue("seal.Relay") }

// MaxRelayURLs bounds Relay.URLs: UDP, TCP and TLS, and one to spare.
const MaxRelayURLs = 4

// MediaProfile is the shape of the voice packets of a call.
type MediaProfile struct {
	FrameMillis uint8  // 20
	Bitrate     uint32 // bits per second, constant
	BucketBytes uint16 // 96, 128 or 160: plaintext bytes of a voice frame
}

// DefaultMedia is hard-CBR Opus at 32 kbit/s in 20 ms frames.
var DefaultMedia = MediaProfile{FrameMillis: 20, Bitrate: 32000, BucketBytes: 96}

func (m MediaProfile) valid() bool {
	return m.FrameMillis == 20 && m.Bitrate >= 6000 && m.Bitrate <= 64000 && slices.Contains([]uint16{96, 128, 160}, m.BucketBytes)
}

// Offer opens a call. It prints as its type name.
//
//	u8 count ‖ suites u16 … ‖ call id [16] ‖ device id [8] ‖ u16 len ‖ device list ‖ ekA [1216] ‖ commitment [32] ‖
//	transport ‖ u8 len ‖ reply server ‖ reply queue [16] ‖ reply key id [8] ‖ time u64 (unix milliseconds) ‖
//	u8 count ‖ (u8 len ‖ relay URL) … ‖ u8 len ‖ username ‖ u8 len ‖ password ‖ frame ms u8 ‖ bitrate u32 ‖ bucket u16
type Offer struct {
	Suites       []uint16 // most wanted first
	CallID       CallID
	Account      record.AccountKey // of the caller; travels as part of List
	Device       record.DeviceID
	List         record.DeviceList
	EphemeralKey [record.PrekeySize]byte
	Commitment   [hashBytes]byte
	Transport    Transport
	ReplyServer  string // base URL of the caller's server, which holds the reply queue
	ReplyQueue   envelope.QueueID
	ReplyKeyID   envelope.KeyID
	Time         time.Time
	Relay        Relay
	Media        MediaProfile
}

func (Offer) String() string       { return "seal.Offer" }
func (Offer) GoString() string     { return "seal.Offer" }
func (Offer) LogValue() slog.Value { return slog.StringValue("seal.Offer") }

// BestSuite is the highest suite that the caller can use.
func (o *Offer) BestSuite() uint16 { return slices.Max(append(slices.Clone(o.Suites), 0)) }

const maxSuites = 8

// append writes the type byte and the body.
func (o *Offer) append() ([]byte, error) {
	b := cryptobyte.NewBuilder([]byte{byte(TypeOffer)})
	addSuites(b, o.Suites)
	b.AddBytes(o.CallID[:])
	b.AddBytes(o.Device[:])
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(o.List.Append(nil)) })
	b.AddBytes(o.EphemeralKey[:])
	b.AddBytes(o.Commitment[:])
	o.Transport.add(b)
	addText(b, o.ReplyServer)
	addQueue(b, o.ReplyQueue)
	b.AddBytes(o.ReplyKeyID[:])
	b.AddUint64(uint64(o.Time.UnixMilli()))
	b.AddUint8(uint8(len(o.Relay.URLs)))
	for _, u := range o.Relay.URLs {
		addText(b, u)
	}
	addText(b, o.Relay.Username)
	addText(b, o.Relay.Password)
	b.AddUint8(o.Media.FrameMillis)
	b.AddUint32(o.Media.Bitrate)
	b.AddUint16(o.Media.BucketBytes)
	out, err := b.Bytes()
	if err != nil {
		return nil, ErrTooLarge
	}
	return out, nil
}

// parseOffer reads what append wrote, without the type byte.
func parseOffer(body []byte) (*Offer, error) {
	var (
		o      Offer
		s      = cryptobyte.String(body)
		list   cryptobyte.String
		millis uint64
		urls   uint8
	)
	ok := readSuites(&s, &o.Suites) && s.CopyBytes(o.CallID[:]) && s.CopyBytes(o.Device[:]) &&
		s.ReadUint16LengthPrefixed(&list) && s.CopyBytes(o.EphemeralKey[:]) && s.CopyBytes(o.Commitment[:]) &&
		o.Transport.read(&s) && readText(&s, &o.ReplyServer) && readQueue(&s, &o.ReplyQueue) &&
		s.CopyBytes(o.ReplyKeyID[:]) && s.ReadUint64(&millis) && millis < 1<<48 && s.ReadUint8(&urls) && urls >= 1 && urls <= MaxRelayURLs
	if !ok {
		return nil, ErrEnvelope
	}
	o.Time = time.UnixMilli(int64(millis)).UTC()
	o.Relay.URLs = make([]string, urls)
	for i := range o.Relay.URLs {
		ok = ok && readText(&s, &o.Relay.URLs[i])
	}
	ok = ok && readText(&s, &o.Relay.Username) && readText(&s, &o.Relay.Password) &&
		s.ReadUint8(&o.Media.FrameMillis) && s.ReadUint32(&o.Media.Bitrate) && s.ReadUint16(&o.Media.BucketBytes)
	if !ok || !s.Empty() || !o.Media.valid() {
		return nil, ErrEnvelope
	}
	var err error
	if o.List, err = record.ParseDeviceList(list); err != nil {
		return nil, ErrEnvelope
	}
	o.Account = o.List.Account
	return &o, nil
}

func addSuites(b *cryptobyte.Builder, suites []uint16) {
	b.AddUint8(uint8(len(suites)))
	for _, s := range suites {
		b.AddUint16(s)
	}
}

// readSuites refuses an empty list, a long one and duplicates.
func readSuites(s *cryptobyte.String, out *[]uint16) bool {
	var count uint8
	if !s.ReadUint8(&count) || count == 0 || count > maxSuites {
		return false
	}
	for range count {
		var suite uint16
		if !s.ReadUint16(&suite) || suite == 0 || slices.Contains(*out, suite) {
			return false
		}
		*out = append(*out, suite)
	}
	return true
}

func addQueue(b *cryptobyte.Builder, q envelope.QueueID) {
	raw := q.Bytes()
	b.AddBytes(raw[:])
}

func readQueue(s *cryptobyte.String, q *envelope.QueueID) bool {
	var raw [envelope.QueueIDSize]byte
	if !s.CopyBytes(raw[:]) {
		return false
	}
	*q = envelope.QueueIDFrom(raw)
	return !q.IsZero()
}
