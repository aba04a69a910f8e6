package signaling

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Limits of a relay pair on the wire.
const (
	maxRelayNames   = 8   // URLs, and hosts
	maxRelayText    = 255 // bytes of one text: its length is a u8
	maxHostsBytes   = 8 << 10
	maxExpiresUnix  = 253402300799 // the last second of the year 9999
	relayTextsCount = 4
)

// RelayPair is what one call needs to use the relay: both halves, of which the caller sends one to the callee.
type RelayPair struct {
	URLs    []string // RFC 7065
	Hosts   []string // of the URLs: what a phone may be made to talk to
	Expires time.Time
	Caller  RelayLogin
	Callee  RelayLogin
}

// RelayLogin is one nameless, time-limited credential. It prints as its type name.
type RelayLogin struct{ Username, Password string }

func (RelayLogin) String() string       { return "signaling.RelayLogin" }
func (RelayLogin) GoString() string     { return "signaling.RelayLogin" }
func (RelayLogin) LogValue() slog.Value { return slog.StringValue("signaling.RelayLogin") }

// Valid says whether p can be written.
func (p *RelayPair) Valid() bool {
	texts := append(append([]string{}, p.URLs...), p.Hosts...)
	texts = append(texts, p.Caller.Username, p.Caller.Password, p.Callee.Username, p.Callee.Password)
	for _, t := range texts {
		if len(t) > maxRelayText {
			return false
		}
	}
	return len(p.URLs) <= maxRelayNames && len(p.Hosts) <= maxRelayNames && p.Expires.Unix() >= 0 && p.Expires.Unix() <= maxExpiresUnix && len(p.append(nil)) < MaxServerFrame-5
}

func (p *RelayPair) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(p.Expires.Unix()))
	for _, names := range [][]string{p.URLs, p.Hosts} {
		b = append(b, byte(len(names)))
		for _, name := range names {
			b = appendLP8(b, name)
		}
	}
	for _, text := range [relayTextsCount]string{p.Caller.Username, p.Caller.Password, p.Callee.Username, p.Callee.Password} {
		b = appendLP8(b, text)
	}
	return b
}

func appendLP8(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

func (p *RelayPair) read(s *cryptobyte.String) bool {
	var expires uint64
	if !s.ReadUint64(&expires) || expires > maxExpiresUnix {
		return false
	}
	p.Expires = time.Unix(int64(expires), 0)
	for _, names := range []*[]string{&p.URLs, &p.Hosts} {
		var count uint8
		if !s.ReadUint8(&count) || count > maxRelayNames {
			return false
		}
		*names = make([]string, count)
		for i := range *names {
			if !readLP8(s, &(*names)[i]) {
				return false
			}
		}
	}
	for _, text := range [relayTextsCount]*string{&p.Caller.Username, &p.Caller.Password, &p.Callee.Username, &p.Callee.Password} {
		if !readLP8(s, text) {
			return false
		}
	}
	return true
}

func readLP8(s *cryptobyte.String, text *string) bool {
	var b cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&b) {
		return false
	}
	*text = string(b)
	return true
}

// RelayHosts is the body of GET /v1/relay-hosts.
type RelayHosts struct {
	Hosts []string `json:"hosts"`
}

// RelayHosts asks which relays the server lists: a phone uses no other one that a peer may name.
func (c *Client) RelayHosts(ctx context.Context) ([]string, error) {
	answer, err := c.do(ctx, request{method: http.MethodGet, path: PathRelayHosts, limit: maxHostsBytes})
	if err == nil {
		err = statusError(answer.status)
	}
	if err != nil {
		return nil, err
	}
	var list RelayHosts
	if json.Unmarshal(answer.body, &list) != nil {
		return nil, ErrUnavailable // not a server of ours
	}
	return list.Hosts, nil
}
