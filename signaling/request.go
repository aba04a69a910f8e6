package signaling

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Paths.
const (
	PathDirectory     = "/v1/directory/" // followed by an account id
	PathRegistrations = "/v1/registrations"
	PathEnvelopes     = "/v1/envelopes"
	PathMailbox       = "/v1/mailbox"
	PathQueues        = "/v1/queues/" // followed by a queue id
	PathRelayHosts    = "/v1/relay-hosts"
)

// Headers of ours.
const (
	HeaderDeliveryKey = "Taciturn-Delivery-Key"
	HeaderDevice      = "Taciturn-Device"
	HeaderSignature   = "Taciturn-Signature"
)

// Labels of signatures made for a server.
const (
	LabelRequest = "taciturn/1 request"
	LabelMailbox = "taciturn/1 mailbox"
)

// Sizes in bytes.
const (
	registrationHead = envelope.QueueIDSize + sha256.Size

	// MaxRegistrationSize bounds the body of a registration.
	MaxRegistrationSize = registrationHead + record.MaxPublishedSize
	// MaxPublicationSize bounds the body of a publication.
	MaxPublicationSize = record.MaxPublishedSize
)

// ErrFormat is returned for bytes that are none of ours; it does not echo them.
var ErrFormat = errors.New("signaling: malformed")

// Revision says how an account stands at a server; the zero value is an account that does not exist. It prints as its
// type name.
type Revision [sha256.Size]byte

func (Revision) String() string       { return "signaling.Revision" }
func (Revision) LogValue() slog.Value { return slog.StringValue("signaling.Revision") }

// Tag is the entity tag.
func (r Revision) Tag() string { return `"` + base64.RawURLEncoding.EncodeToString(r[:]) + `"` }

// ParseTag reads an entity tag. It fails with ErrFormat.
func ParseTag(tag string) (Revision, error) {
	text, opened := strings.CutPrefix(tag, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	var r Revision
	if !opened || !closed || !DecodeHeader(r[:], text) {
		return Revision{}, ErrFormat
	}
	return r, nil
}

// EncodeHeader writes bytes as a header carries them: unpadded base64url.
func EncodeHeader(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// DecodeHeader reads exactly len(dst) bytes in their one canonical form, or returns false.
func DecodeHeader(dst []byte, text string) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(len(dst)) || strings.ContainsAny(text, "\r\n") {
		return false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(dst, []byte(text))
	return err == nil && n == len(dst)
}

// CanonicalHost is how a signature names a server: its Host header in lower case, without a default port, which browsers
// leave out.
func CanonicalHost(host string) string {
	host = strings.ToLower(host)
	for _, port := range []string{":443", ":80"} {
		if rest, found := strings.CutSuffix(host, port); found && (!strings.Contains(rest, ":") || strings.HasSuffix(rest, "]")) {
			return rest
		}
	}
	return host
}

// RequestMessage is what a device signs with LabelRequest to change an account.
func RequestMessage(method, host, path string, revision Revision, body []byte) []byte {
	var b []byte
	for _, s := range []string{method, CanonicalHost(host), path} {
		b = appendLP(b, s)
	}
	b = append(b, revision[:]...)
	sum := sha256.Sum256(body)
	return append(b, sum[:]...)
}

// LoginMessage is what a device signs with LabelMailbox to open its mailbox.
func LoginMessage(host string, nonce [NonceSize]byte, account record.AccountID, device record.DeviceID) []byte {
	b := appendLP(nil, CanonicalHost(host))
	b = append(b, nonce[:]...)
	id := account.Bytes()
	b = append(b, id[:]...)
	return append(b, device[:]...)
}

func appendLP(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

// Registration is the body of a registration: what a server must know to hold a device's mailbox.
type Registration struct {
	Mailbox         envelope.QueueID
	DeliveryKeyHash [sha256.Size]byte
	Published       record.Published
}

// Append appends the encoding.
func (r Registration) Append(b []byte) []byte {
	mailbox := r.Mailbox.Bytes()
	b = append(b, mailbox[:]...)
	b = append(b, r.DeliveryKeyHash[:]...)
	return r.Published.Append(b)
}

// ParseRegistration reads what Append wrote, without checking signatures. It fails with ErrFormat.
func ParseRegistration(b []byte) (Registration, error) {
	if len(b) < registrationHead {
		return Registration{}, ErrFormat
	}
	var r Registration
	r.Mailbox = envelope.QueueIDFrom([envelope.QueueIDSize]byte(b))
	copy(r.DeliveryKeyHash[:], b[envelope.QueueIDSize:])
	var err error
	if r.Published, err = record.ParsePublished(b[registrationHead:]); err != nil || r.Mailbox.IsZero() {
		return Registration{}, ErrFormat
	}
	return r, nil
}
