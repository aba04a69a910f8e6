package record

import (
	"encoding/binary"
	"log/slog"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

const maxPrekeys = MaxDevices * MaxPrekeysPerDevice

// MaxPublishedSize bounds the encoding of Published in bytes.
const MaxPublishedSize = 4 + MaxDeviceListSize + 1 + maxPrekeys*(2+EncodedPrekeySize)

// Published is what a directory holds of an account: its device list and the prekeys of its devices, of which there may
// be none.
type Published struct {
	List    DeviceList
	Prekeys []Prekey
}

// Append appends the encoding. It is the reverse of ParsePublished for what Verify accepts.
func (p Published) Append(b []byte) []byte {
	list := p.List.Append(nil)
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
	b = append(b, list...)
	b = append(b, byte(len(p.Prekeys)))
	for _, k := range p.Prekeys {
		b = binary.BigEndian.AppendUint16(b, uint16(EncodedPrekeySize))
		b = k.Append(b)
	}
	return b
}

// ParsePublished reads what Append wrote, without checking signatures. It fails with ErrFormat.
func ParsePublished(b []byte) (Published, error) {
	s := cryptobyte.String(b)
	var size uint32
	var list []byte
	var count uint8
	if !s.ReadUint32(&size) || size > uint32(MaxDeviceListSize) || !s.ReadBytes(&list, int(size)) ||
		!s.ReadUint8(&count) || len(s) != int(count)*(2+EncodedPrekeySize) {
		return Published{}, ErrFormat
	}
	var p Published
	var err error
	if p.List, err = ParseDeviceList(list); err != nil {
		return Published{}, err
	}
	for range count {
		var encoded cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&encoded) {
			return Published{}, ErrFormat
		}
		k, err := ParsePrekey(encoded)
		if err != nil {
			return Published{}, err
		}
		p.Prekeys = append(p.Prekeys, k)
	}
	if !s.Empty() || !p.valid() {
		return Published{}, ErrFormat
	}
	return p, nil
}

// valid checks that each prekey belongs to a listed device, at most two to each, none twice.
func (p Published) valid() bool {
	if len(p.Prekeys) > maxPrekeys {
		return false
	}
	perDevice := make(map[DeviceID]int, MaxDevices)
	for i, k := range p.Prekeys {
		if _, ok := p.List.Device(k.Device); !ok {
			return false
		}
		if perDevice[k.Device]++; perDevice[k.Device] > MaxPrekeysPerDevice {
			return false
		}
		for _, earlier := range p.Prekeys[:i] {
			if k.ID == earlier.ID && k.Device == earlier.Device {
				return false
			}
		}
	}
	return true
}

// Verify checks the list and every prekey; each must be valid now. It fails like DeviceList.Verify.
func (p Published) Verify(now time.Time) error {
	if !p.valid() {
		return ErrFormat
	}
	if err := p.List.Verify(now); err != nil {
		return err
	}
	for _, k := range p.Prekeys {
		d, _ := p.List.Device(k.Device)
		if err := k.Verify(d.Key, now); err != nil {
			return err
		}
	}
	return nil
}

func (Published) String() string       { return "record.Published" }
func (Published) GoString() string     { return "record.Published" }
func (Published) LogValue() slog.Value { return slog.StringValue("record.Published") }
