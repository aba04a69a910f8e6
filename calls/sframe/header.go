package sframe

import "encoding/binary"

// header is the SFrame header of RFC 9605 section 4.3:
//
//	config u8 = X KKK Y CCC ‖ KID, if X: KKK+1 bytes ‖ CTR, if Y: CCC+1 bytes
//
// Without X and Y, KKK and CCC are the values themselves. Values have the fewest bytes possible.
type header struct {
	kid, ctr uint64
}

// extended is X or Y, above its three bits.
const extended = 8

// field is the half of the config byte that says where v is, and in how many bytes.
func field(v uint64) (config byte, size int) {
	if v < 8 {
		return byte(v), 0
	}
	for size = 1; size < 8 && v>>(8*size) != 0; size++ {
	}
	return extended | byte(size-1), size
}

func (h header) append(b []byte) []byte {
	kid, kidBytes := field(h.kid)
	ctr, ctrBytes := field(h.ctr)
	b = append(b, kid<<4|ctr)
	var full [8]byte
	binary.BigEndian.PutUint64(full[:], h.kid)
	b = append(b, full[8-kidBytes:]...)
	binary.BigEndian.PutUint64(full[:], h.ctr)
	return append(b, full[8-ctrBytes:]...)
}

// parseHeader returns the header and what follows it. RFC 9605 lets a sender waste bytes; nothing of ours does, and a
// header with two spellings is refused.
func parseHeader(b []byte) (h header, rest []byte, err error) {
	if len(b) == 0 {
		return header{}, nil, ErrFormat
	}
	config, rest := b[0], b[1:]
	var ok bool
	if h.kid, rest, ok = parseField(config>>4, rest); !ok {
		return header{}, nil, ErrFormat
	}
	if h.ctr, rest, ok = parseField(config&0x0f, rest); !ok {
		return header{}, nil, ErrFormat
	}
	return h, rest, nil
}

func parseField(config byte, b []byte) (v uint64, rest []byte, ok bool) {
	if config&extended == 0 {
		return uint64(config), b, true
	}
	size := int(config&7) + 1
	if len(b) < size {
		return 0, nil, false
	}
	for _, c := range b[:size] {
		v = v<<8 | uint64(c)
	}
	_, least := field(v)
	return v, b[size:], size == least
}
