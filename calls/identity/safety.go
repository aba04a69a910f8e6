package identity

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	safetyLabel  = "taciturn/1 safety"
	safetyGroups = 12
	groupValues  = 100_000
	// fairBelow is the largest multiple of groupValues that a u32 holds: numbers from there on are drawn again, or small
	// groups would come a little more often.
	fairBelow = 1<<32 - 1<<32%groupValues
)

// SafetyNumber is what two people compare outside a call: 60 digits in twelve groups, the same on both sides. The digits
// are SHA-512(label ‖ counter u32 ‖ id ‖ key ‖ id ‖ key) of the pair sorted by account id, read as u32 numbers. 60 digits
// are 199 bits; to find two false keys with one common number takes some 2^99 tries, so the hash need not be made slow.
func SafetyNumber(a, b record.AccountKey) string {
	first, second := idAndKey(a), idAndKey(b)
	if bytes.Compare(first, second) > 0 {
		first, second = second, first
	}
	groups := make([]string, 0, safetyGroups)
	for counter := uint32(0); len(groups) < safetyGroups; counter++ {
		msg := binary.BigEndian.AppendUint32([]byte(safetyLabel), counter)
		msg = append(msg, first...)
		msg = append(msg, second...)
		block := sha512.Sum512(msg)
		for rest := block[:]; len(rest) > 0 && len(groups) < safetyGroups; rest = rest[4:] {
			if n := binary.BigEndian.Uint32(rest); n < fairBelow {
				groups = append(groups, fmt.Sprintf("%05d", n%groupValues))
			}
		}
	}
	return strings.Join(groups, " ")
}

func idAndKey(k record.AccountKey) []byte {
	id, key := k.ID().Bytes(), k.Bytes()
	return append(id[:], key[:]...)
}
