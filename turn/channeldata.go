package turn

import "encoding/binary"

// Channel numbers and the header of RFC 8656 section 12.
const (
	firstChannel  = 0x4000
	lastChannel   = 0x4FFF
	channelHeader = 4
	maxPadding    = 3
)

// parseChannelData returns the channel and where the data ends: the message is b[:end], the data b[channelHeader:end].
func parseChannelData(b []byte) (number uint16, end int, ok bool) {
	if len(b) < channelHeader {
		return 0, 0, false
	}
	number = binary.BigEndian.Uint16(b)
	end = channelHeader + int(binary.BigEndian.Uint16(b[2:]))
	if number < firstChannel || number > lastChannel || end > len(b) || len(b)-end > maxPadding {
		return 0, 0, false
	}
	return number, end, true
}

// putChannelHeader writes the header in front of data of n bytes.
func putChannelHeader(b []byte, number uint16, n int) {
	binary.BigEndian.PutUint16(b, number)
	binary.BigEndian.PutUint16(b[2:], uint16(n))
}
