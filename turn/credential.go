package turn

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"
)

// Credential is the login of one side of a call.
type Credential struct{ Username, Password string }

// Pair is the logins of both sides of one call: their allocations can reach one another and no others.
type Pair struct{ A, B Credential }

const (
	tagBytes         = 16
	usernameTagLabel = "taciturn/1 relay username tag"
	maxUsernameBytes = 508 // RFC 8489 section 14.3: less than 509
	maxExpiryDigits  = 12  // 10^12 s is the year 33658
)

// textEncoding is strict, so that one tag has one spelling.
var textEncoding = base64.RawURLEncoding.Strict()

type pairTag [tagBytes]byte

// expiryStep makes expiries coarse, so that a username does not tell when it was minted.
const expiryStep = 10 * time.Minute

// Mint makes the credentials of one call, good for opening allocations until now+lifetime, or up to ten minutes longer.
func Mint(secret Secret, now time.Time, lifetime time.Duration) (Pair, error) {
	if secret.isZero() {
		return Pair{}, errors.New("turn: secret is unset")
	}
	if lifetime <= 0 {
		return Pair{}, errors.New("turn: lifetime is not positive")
	}
	var tag pairTag
	if _, err := rand.Read(tag[:]); err != nil {
		return Pair{}, fmt.Errorf("turn: draw tag: %w", err)
	}
	const step = int64(expiryStep / time.Second)
	expiry := (now.Add(lifetime).Unix() + step - 1) / step * step
	return Pair{A: mint(secret, expiry, tag, 'a'), B: mint(secret, expiry, tag, 'b')}, nil
}

func mint(secret Secret, expiry int64, tag pairTag, side byte) Credential {
	id := secret.keyID()
	u := strconv.AppendInt(nil, expiry, 10)
	u = append(u, ':')
	u = textEncoding.AppendEncode(u, id[:])
	u = append(u, '.')
	u = textEncoding.AppendEncode(u, tag[:])
	u = append(u, '.', side)
	p := secret.password(u)
	return Credential{Username: string(u), Password: string(p[:])}
}

// username is what a USERNAME attribute says.
type username struct {
	expiry int64 // Unix seconds
	tag    pairTag
	keyID  [keyIDBytes]byte // valid when ours
	ours   bool             // of the shape that Mint makes; else of another issuer
}

// parseUsername reads both shapes; false means that no issuer wrote it.
func parseUsername(b []byte) (u username, ok bool) {
	if len(b) > maxUsernameBytes {
		return username{}, false
	}
	digits, rest, _ := bytes.Cut(b, []byte{':'})
	if len(digits) == 0 || len(digits) > maxExpiryDigits {
		return username{}, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return username{}, false
		}
		u.expiry = u.expiry*10 + int64(c-'0')
	}
	if u.parsePair(rest) {
		return u, true
	}
	var labelled [len(usernameTagLabel) + 1 + maxUsernameBytes]byte
	n := copy(labelled[:], usernameTagLabel) + 1
	n += copy(labelled[n:], b)
	sum := sha256.Sum256(labelled[:n])
	copy(u.tag[:], sum[:])
	return u, true
}

// parsePair reads key-id "." tag "." side.
func (u *username) parsePair(b []byte) bool {
	const (
		idText  = (keyIDBytes*8 + 5) / 6
		tagText = (tagBytes*8 + 5) / 6
	)
	if len(b) != idText+1+tagText+1+1 || b[idText] != '.' || b[idText+1+tagText] != '.' {
		return false
	}
	if side := b[len(b)-1]; side != 'a' && side != 'b' || bytes.ContainsAny(b, "\r\n") { // base64 skips line ends
		return false
	}
	var id [keyIDBytes]byte
	var tag pairTag
	if _, err := textEncoding.Decode(id[:], b[:idText]); err != nil {
		return false
	}
	if _, err := textEncoding.Decode(tag[:], b[idText+1:idText+1+tagText]); err != nil {
		return false
	}
	u.keyID, u.tag, u.ours = id, tag, true
	return true
}

// algorithm says how the key of a long-term credential is made: RFC 8489 section 18.5.
type algorithm uint16

const (
	algorithmMD5    algorithm = 1
	algorithmSHA256 algorithm = 2
)

// offeredAlgorithms is PASSWORD-ALGORITHMS, the better first: algorithm(2) length of parameters(2), and there are none.
const offeredAlgorithms = "\x00\x02\x00\x00\x00\x01\x00\x00"

// algorithm returns what a request says. It has to repeat what was offered, sealed, so that nobody on the way can take an offer
// back (RFC 8489 section 9.2.4). Who says nothing means MD5.
func (m *message) algorithm() (algorithm, bool) {
	one, ok1 := m.find(attrAlgorithm)
	all, ok2 := m.find(attrAlgorithms)
	switch {
	case !ok1 && !ok2:
		return algorithmMD5, true
	case string(all) != offeredAlgorithms:
		return 0, false
	case string(one) == offeredAlgorithms[:4]:
		return algorithmSHA256, true
	default:
		return algorithmMD5, string(one) == offeredAlgorithms[4:]
	}
}

// integrityKey is the key of a long-term credential, see longTermKey.
type integrityKey struct {
	algorithm algorithm
	sum       [sha256.Size]byte
}

func (k *integrityKey) bytes() []byte {
	if k.algorithm == algorithmSHA256 {
		return k.sum[:]
	}
	return k.sum[:md5.Size]
}

// Format prints the type name whatever the verb.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "turn.Credential") }

// LogValue is the type name.
func (Credential) LogValue() slog.Value { return slog.StringValue("turn.Credential") }

// Format prints the type name whatever the verb.
func (Pair) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "turn.Pair") }

// LogValue is the type name.
func (Pair) LogValue() slog.Value { return slog.StringValue("turn.Pair") }
