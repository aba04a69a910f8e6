package record

import (
	"crypto/sha256"
	"encoding/base32"
	"log/slog"
)

const (
	accountLabel = "taciturn/1 account"

	// 100 bits: 80 would fall to a search for any one of a large server's accounts.
	accountIDBytes = 13
	accountLetters = 20
	groupLetters   = 5
	accountText    = accountLetters + accountLetters/groupLetters - 1
)

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// AccountID names an account: the first 100 bits of a hash of its key. It is comparable.
type AccountID struct{ b [accountIDBytes]byte }

func accountID(k AccountKey) AccountID {
	sum := sha256.Sum256(append([]byte(accountLabel), k.b[:]...))
	id := AccountID{[accountIDBytes]byte(sum[:])}
	id.b[accountIDBytes-1] &= 0xf0
	return id
}

// ParseAccountID reads "abcde-fghij-klmno-pqrst", in lower case only. It fails with ErrFormat.
func ParseAccountID(text string) (AccountID, error) {
	if len(text) != accountText {
		return AccountID{}, ErrFormat
	}
	var plain [accountLetters + 1]byte
	n := 0
	for i := range len(text) {
		if i%(groupLetters+1) == groupLetters {
			if text[i] != '-' {
				return AccountID{}, ErrFormat
			}
			continue
		}
		if text[i] == '\r' || text[i] == '\n' { // which encoding/base32 would skip
			return AccountID{}, ErrFormat
		}
		plain[n] = text[i]
		n++
	}
	plain[n] = 'a' // the four bits that fill the last byte, and one more
	var id AccountID
	if m, err := letters.Decode(id.b[:], plain[:]); err != nil || m != accountIDBytes {
		return AccountID{}, ErrFormat
	}
	return id, nil
}

// Bytes returns the id; the last four bits are zero.
func (id AccountID) Bytes() [accountIDBytes]byte { return id.b }

// IsZero says whether id was never set.
func (id AccountID) IsZero() bool { return id == AccountID{} }

// MarshalText writes four groups of five letters.
func (id AccountID) MarshalText() ([]byte, error) {
	plain := letters.AppendEncode(nil, id.b[:])
	text := make([]byte, 0, accountText)
	for i := 0; i < accountLetters; i += groupLetters {
		if i > 0 {
			text = append(text, '-')
		}
		text = append(text, plain[i:i+groupLetters]...)
	}
	return text, nil
}

func (AccountID) String() string       { return "record.AccountID" }
func (AccountID) GoString() string     { return "record.AccountID" }
func (AccountID) LogValue() slog.Value { return slog.StringValue("record.AccountID") }
