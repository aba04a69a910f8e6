package sframe

import "encoding/binary"

// ControlKind says what a control is about; the zero value is invalid.
type ControlKind uint8

// The kinds, as on the wire.
const (
	ControlMute      ControlKind = 1 // Muted
	ControlHangup    ControlKind = 2 // Reason
	ControlHangupAck ControlKind = 3
	ControlNop       ControlKind = 4
	ControlQuality   ControlKind = 5 // Quality

	controlKinds = 5
)

// Control is what one phone tells the other inside a voice frame. The fields that its kind does not name are zero.
type Control struct {
	Kind    ControlKind
	Muted   bool
	Reason  uint8
	Quality Quality
}

// Quality is how well the sender of it hears the other side.
type Quality struct {
	LostPerMille uint16 // frames that did not arrive in time
	JitterMillis uint16
}

const controlHeaderBytes = 2

// controlBytes are the lengths of the values, by kind.
var controlBytes = [controlKinds + 1]int{ControlMute: 1, ControlHangup: 1, ControlHangupAck: 0, ControlNop: 0, ControlQuality: 4}

// seen is the set of kinds of one frame.
type seen [256 / 8]byte

// add is false when kind was there before.
func (s *seen) add(kind byte) bool {
	old := s[kind/8]
	s[kind/8] |= 1 << (kind % 8)
	return old != s[kind/8]
}

// appendControls refuses what the other side would refuse.
func appendControls(b []byte, controls []Control) ([]byte, error) {
	var kinds seen
	for _, c := range controls {
		if c.Kind == 0 || c.Kind > controlKinds || !kinds.add(byte(c.Kind)) {
			return nil, ErrFormat
		}
		b = append(b, byte(c.Kind), byte(controlBytes[c.Kind]))
		switch c.Kind {
		case ControlMute:
			muted := byte(0)
			if c.Muted {
				muted = 1
			}
			b = append(b, muted)
		case ControlHangup:
			b = append(b, c.Reason)
		case ControlQuality:
			b = binary.BigEndian.AppendUint16(b, c.Quality.LostPerMille)
			b = binary.BigEndian.AppendUint16(b, c.Quality.JitterMillis)
		}
	}
	return b, nil
}

// parseControls appends the known controls of b to dst. b is everything behind the voice, with the zeros.
func parseControls(dst []Control, b []byte) ([]Control, error) {
	var kinds seen
	for len(b) > 0 && b[0] != 0 {
		if len(b) < controlHeaderBytes || len(b) < controlHeaderBytes+int(b[1]) || !kinds.add(b[0]) {
			return nil, ErrFormat
		}
		kind, value := b[0], b[controlHeaderBytes:controlHeaderBytes+int(b[1])]
		b = b[controlHeaderBytes+len(value):]
		if kind > controlKinds {
			continue
		}
		if len(value) != controlBytes[kind] {
			return nil, ErrFormat
		}
		c := Control{Kind: ControlKind(kind)}
		switch c.Kind {
		case ControlMute:
			if value[0] > 1 {
				return nil, ErrFormat
			}
			c.Muted = value[0] == 1
		case ControlHangup:
			c.Reason = value[0]
		case ControlQuality:
			c.Quality = Quality{binary.BigEndian.Uint16(value), binary.BigEndian.Uint16(value[2:])}
		}
		dst = append(dst, c)
	}
	for _, zero := range b {
		if zero != 0 {
			return nil, ErrFormat
		}
	}
	return dst, nil
}
