package record

import (
	"encoding/binary"
	"log/slog"

	"golang.org/x/crypto/cryptobyte"
)

// DeviceIDSize is the size of a device id in bytes.
const DeviceIDSize = 8

// DeviceID names a device within its account: 8 random bytes.
type DeviceID [DeviceIDSize]byte

func (DeviceID) String() string       { return "record.DeviceID" }
func (DeviceID) GoString() string     { return "record.DeviceID" }
func (DeviceID) LogValue() slog.Value { return slog.StringValue("record.DeviceID") }

// Kind is what a device runs on.
type Kind uint8

// Kinds of device.
const (
	KindNative Kind = 1 + iota
	KindWeb
)

func (k Kind) String() string {
	switch k {
	case KindNative:
		return "native"
	case KindWeb:
		return "web"
	}
	return "unknown"
}

// Device is one device of an account, as its device list describes it.
type Device struct {
	ID       DeviceID
	Key      DeviceKey
	Kind     Kind
	MinSuite uint16
	MaxSuite uint16
}

func (d Device) append(b []byte) []byte {
	b = append(b, d.ID[:]...)
	b = append(b, d.Key.b[:]...)
	b = append(b, byte(d.Kind))
	b = binary.BigEndian.AppendUint16(b, d.MinSuite)
	return binary.BigEndian.AppendUint16(b, d.MaxSuite)
}

func (d *Device) read(s *cryptobyte.String) bool {
	return s.CopyBytes(d.ID[:]) &&
		s.CopyBytes(d.Key.b[:]) &&
		s.ReadUint8((*uint8)(&d.Kind)) &&
		s.ReadUint16(&d.MinSuite) &&
		s.ReadUint16(&d.MaxSuite)
}

// valid leaves suites unknown to us alone: a newer device may know more than we do.
func (d Device) valid() bool {
	return !d.Key.IsZero() && (d.Kind == KindNative || d.Kind == KindWeb) && 0 < d.MinSuite && d.MinSuite <= d.MaxSuite
}

func (Device) String() string       { return "record.Device" }
func (Device) GoString() string     { return "record.Device" }
func (Device) LogValue() slog.Value { return slog.StringValue("record.Device") }
