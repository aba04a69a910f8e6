package turn

import "encoding/binary"

// streamBuffer holds more than the largest frame, so that a busy client's frames come several to a read.
const streamBuffer = 4096

// frameSize returns how long the frame is that b begins with, padding included, or 0 when b is too short to tell. On a stream every
// length is believed for one thing only: where the next frame begins. False means that this can not be known, and that the
// stream is over: no message or channel begins like this, or it is longer than maxPacketBytes.
func frameSize(b []byte) (size int, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0]>>6 > 1 {
		return 0, false
	}
	if len(b) < channelHeader {
		return 0, true
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if b[0]>>6 == 0 {
		magic := len(b) < 8 || binary.BigEndian.Uint32(b[4:]) == stunMagic
		size = stunHeader + length
		return size, magic && length%4 == 0 && size <= maxPacketBytes
	}
	number := binary.BigEndian.Uint16(b)
	size = channelHeader + length
	return padded(size), number <= lastChannel && size <= maxPacketBytes
}

// padded is how long a frame is on a stream (RFC 8656 section 12.5).
func padded(n int) int { return (n + 3) &^ 3 }
