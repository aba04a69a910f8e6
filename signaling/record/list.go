package record

import (
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

const listLabel = "taciturn/1 devices"

// Sizes of the encoding in bytes.
const (
	deviceSize   = DeviceIDSize + KeySize + 1 + 2 + 2
	listHeadSize = 2 + len(listLabel) + KeySize + 8 + sha256.Size + 8 + 8 + 1

	// MaxDeviceListSize is the size of a list of MaxDevices devices.
	MaxDeviceListSize = listHeadSize + MaxDevices*deviceSize + SignatureSize
)

// DeviceList says which devices an account has. The account key signs it; clients keep the newest one they have seen of
// each contact.
type DeviceList struct {
	Account   AccountKey
	Epoch     uint64            // from 1
	Previous  [sha256.Size]byte // hash of the list of the epoch before; zero in epoch 1
	Issued    time.Time         // written in whole seconds
	Expires   time.Time
	Devices   []Device
	Signature [SignatureSize]byte
}

// Append appends the encoding. It is the reverse of ParseDeviceList for lists that Verify accepts.
func (l DeviceList) Append(b []byte) []byte {
	return append(l.appendSigned(b), l.Signature[:]...)
}

// appendSigned appends everything but the signature.
func (l DeviceList) appendSigned(b []byte) []byte {
	b = appendLabel(b, listLabel)
	b = append(b, l.Account.b[:]...)
	b = binary.BigEndian.AppendUint64(b, l.Epoch)
	b = append(b, l.Previous[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Issued.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Expires.Unix()))
	b = append(b, byte(len(l.Devices)))
	for _, d := range l.Devices {
		b = d.append(b)
	}
	return b
}

// ParseDeviceList reads an encoded list, without checking its signature. It fails with ErrFormat.
func ParseDeviceList(b []byte) (DeviceList, error) {
	s := cryptobyte.String(b)
	var l DeviceList
	var count uint8
	if !readLabel(&s, listLabel) ||
		!s.CopyBytes(l.Account.b[:]) ||
		!s.ReadUint64(&l.Epoch) ||
		!s.CopyBytes(l.Previous[:]) ||
		!readTime(&s, &l.Issued) ||
		!readTime(&s, &l.Expires) ||
		!s.ReadUint8(&count) ||
		len(s) != int(count)*deviceSize+SignatureSize {
		return DeviceList{}, ErrFormat
	}
	l.Devices = make([]Device, count)
	for i := range l.Devices {
		if !l.Devices[i].read(&s) {
			return DeviceList{}, ErrFormat
		}
	}
	if !s.CopyBytes(l.Signature[:]) || !s.Empty() || !l.valid() {
		return DeviceList{}, ErrFormat
	}
	return l, nil
}

// valid checks all that needs neither a key nor a clock.
func (l DeviceList) valid() bool {
	if l.Account.IsZero() || l.Epoch == 0 || (l.Epoch == 1) != (l.Previous == [sha256.Size]byte{}) ||
		!validSpan(l.Issued, l.Expires, MaxListLifetime) || len(l.Devices) == 0 || len(l.Devices) > MaxDevices {
		return false
	}
	for i, d := range l.Devices {
		if !d.valid() {
			return false
		}
		for _, earlier := range l.Devices[:i] {
			if d.ID == earlier.ID || d.Key == earlier.Key {
				return false
			}
		}
	}
	return true
}

// Verify checks the list by itself, in this order: its form (ErrFormat), its signature (ErrSignature), its time
// (ErrExpired). Whether it may replace an older one is for Follows to say.
func (l DeviceList) Verify(now time.Time) error {
	if !l.valid() {
		return ErrFormat
	}
	if !l.Account.Verify(listLabel, l.appendSigned(nil), l.Signature) {
		return ErrSignature
	}
	return checkTimes(now, l.Issued, l.Expires)
}

// Sign sets the signature to what sign makes of the bytes that the account key must sign, label included.
func (l *DeviceList) Sign(sign func(msg []byte) [SignatureSize]byte) {
	l.Signature = sign(SignedBytes(listLabel, l.appendSigned(nil)))
}

// Hash is SHA-256 of the encoding without its signature.
func (l DeviceList) Hash() [sha256.Size]byte {
	return sha256.Sum256(l.appendSigned(nil))
}

// Device finds a device.
func (l DeviceList) Device(id DeviceID) (Device, bool) {
	for _, d := range l.Devices {
		if d.ID == id {
			return d, true
		}
	}
	return Device{}, false
}

// Follows says whether l is the same list as old or may replace it. It fails with ErrOldEpoch when l is older, and with
// ErrFork when both cannot belong to one history: then somebody else signs with the account key, or a server shows
// different lists to different people. Over a gap of epochs the chain cannot be checked and is taken on the signature.
func (l DeviceList) Follows(old DeviceList) error {
	switch {
	case l.Account != old.Account:
		return ErrFork
	case l.Epoch < old.Epoch:
		return ErrOldEpoch
	case l.Epoch == old.Epoch && l.Hash() != old.Hash():
		return ErrFork
	case l.Epoch-old.Epoch == 1 && l.Previous != old.Hash():
		return ErrFork
	}
	return nil
}

func (DeviceList) String() string       { return "record.DeviceList" }
func (DeviceList) GoString() string     { return "record.DeviceList" }
func (DeviceList) LogValue() slog.Value { return slog.StringValue("record.DeviceList") }
