package seal

import (
	"encoding/binary"
	"fmt"
)

const (
	codeBits  = 33
	codeBytes = 5
)

// shortCode is what two people read to one another: 33 bits as ten digits.
func shortCode(hs *[hashBytes]byte, nA, nB [secretSize]byte) string {
	info := []byte(labelCode)
	for _, n := range [][secretSize]byte{nA, nB} {
		info = binary.BigEndian.AppendUint16(info, uint16(len(n)))
		info = append(info, n[:]...)
	}
	var out [8]byte
	expand(hs, string(info), out[8-codeBytes:])
	bits := binary.BigEndian.Uint64(out[:]) >> (codeBytes*8 - codeBits)
	return fmt.Sprintf("%05d %05d", bits/100_000, bits%100_000)
}

// commit binds the caller to its nonce before it can know the callee's.
func commit(id CallID, nA [secretSize]byte) [hashBytes]byte { return th(thCode, id[:], nA[:]) }
