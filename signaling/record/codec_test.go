package record

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"pgregory.net/rapid"
)

var exported = cmp.AllowUnexported(AccountKey{}, DeviceKey{}, envelope.QueueID{})

func TestWhatIsEncodedParsesToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genPublished(t)
		encoded := want.Append(nil)
		if len(encoded) > MaxPublishedSize {
			t.Fatalf("%d bytes, the limit says %d", len(encoded), MaxPublishedSize)
		}
		got, err := ParsePublished(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, exported); diff != "" {
			t.Fatal(diff)
		}
		for _, k := range want.Prekeys {
			encoded := k.Append(nil)
			if len(encoded) != EncodedPrekeySize {
				t.Fatalf("a prekey has %d bytes", len(encoded))
			}
		}
	})
}

func TestAppendKeepsWhatWasThere(t *testing.T) {
	p := alicePublished()
	if got := p.Append([]byte("head")); string(got[:4]) != "head" || string(got[4:]) != string(p.Append(nil)) {
		t.Fatal("Append does not append")
	}
}

func TestALongestListFitsItsLimit(t *testing.T) {
	l := aliceList()
	l.Devices = nil
	for i := range MaxDevices {
		d := Device{ID: DeviceID{byte(i)}, Kind: KindWeb, MinSuite: 1, MaxSuite: 1}
		d.Key.b[0] = byte(i) + 1
		l.Devices = append(l.Devices, d)
	}
	if got := len(l.Append(nil)); got != MaxDeviceListSize {
		t.Fatalf("%d bytes, the limit says %d", got, MaxDeviceListSize)
	}
	if _, err := ParseDeviceList(l.Append(nil)); err != nil {
		t.Fatal(err)
	}
	extra := l.Devices[0]
	extra.ID[7], extra.Key.b[7] = 1, 1
	l.Devices = append(l.Devices, extra)
	if _, err := ParseDeviceList(l.Append(nil)); !errors.Is(err, ErrFormat) {
		t.Fatalf("seventeen devices: %v", err)
	}
}

func TestEveryShorterOrLongerInputIsRefused(t *testing.T) {
	published := alicePublished()
	for _, codec := range []struct {
		name  string
		whole []byte
		parse func([]byte) error
	}{
		{"list", published.List.Append(nil), func(b []byte) error { _, err := ParseDeviceList(b); return err }},
		{"prekey", published.Prekeys[0].Append(nil), func(b []byte) error { _, err := ParsePrekey(b); return err }},
		{"published", published.Append(nil), func(b []byte) error { _, err := ParsePublished(b); return err }},
	} {
		if err := codec.parse(codec.whole); err != nil {
			t.Fatalf("%s: %v", codec.name, err)
		}
		for n := range codec.whole {
			if err := codec.parse(codec.whole[:n]); !errors.Is(err, ErrFormat) {
				t.Fatalf("%s cut after %d bytes: %v", codec.name, n, err)
			}
		}
		if err := codec.parse(append(codec.whole, 0)); !errors.Is(err, ErrFormat) {
			t.Fatalf("%s with a byte too many: %v", codec.name, err)
		}
	}
}

func TestMalformedListsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*DeviceList){
		"no account":                   func(l *DeviceList) { l.Account = AccountKey{} },
		"epoch zero":                   func(l *DeviceList) { l.Epoch = 0 },
		"first epoch with predecessor": func(l *DeviceList) { l.Previous[0] = 1 },
		"later epoch without":          func(l *DeviceList) { l.Epoch = 2 },
		"no device":                    func(l *DeviceList) { l.Devices = nil },
		"same device twice":            func(l *DeviceList) { l.Devices = append(l.Devices, l.Devices[0]) },
		"same key twice": func(l *DeviceList) {
			d := l.Devices[0]
			d.ID[0]++
			l.Devices = append(l.Devices, d)
		},
		"device without key": func(l *DeviceList) { l.Devices[0].Key = DeviceKey{} },
		"no kind":            func(l *DeviceList) { l.Devices[0].Kind = 0 },
		"unknown kind":       func(l *DeviceList) { l.Devices[0].Kind = 3 },
		"suite zero":         func(l *DeviceList) { l.Devices[0].MinSuite = 0 },
		"suites upside down": func(l *DeviceList) { l.Devices[0].MinSuite = 2 },
		"ends at its start":  func(l *DeviceList) { l.Expires = l.Issued },
		"lives too long":     func(l *DeviceList) { l.Expires = l.Expires.Add(1e9) },
		"before 1970":        func(l *DeviceList) { l.Issued = l.Issued.AddDate(-70, 0, 0) },
	} {
		l := aliceList()
		spoil(&l)
		l.Sign(signerNamed("alice").sign)
		if _, err := ParseDeviceList(l.Append(nil)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: parsed: %v", name, err)
		}
		if err := l.Verify(epoch0); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: verified: %v", name, err)
		}
	}
}

func TestPublishedHoldsOnlyPrekeysOfListedDevices(t *testing.T) {
	for name, spoil := range map[string]func(*Published){
		"a device not listed": func(p *Published) { p.Prekeys[0].Device[0]++ },
		"the same id twice":   func(p *Published) { p.Prekeys[1].ID = p.Prekeys[0].ID },
		"three of one device": func(p *Published) { p.Prekeys = append(p.Prekeys, phonePrekey(3)) },
	} {
		p := alicePublished()
		spoil(&p)
		if _, err := ParsePublished(p.Append(nil)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: parsed: %v", name, err)
		}
		if err := p.Verify(epoch0); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: verified: %v", name, err)
		}
	}
}

func TestAListOfTwoDevicesLeavesRoomInAnEnvelope(t *testing.T) {
	if size := listHeadSize + 2*deviceSize + SignatureSize; size > envelope.CiphertextSize/8 {
		t.Fatalf("a list of two devices takes %d of %d bytes", size, envelope.CiphertextSize)
	}
}

func FuzzParseDeviceList(f *testing.F) {
	f.Add(aliceList().Append(nil))
	f.Add(successor(aliceList()).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseDeviceList(b)
		if err != nil {
			return
		}
		wantSameBytes(t, b, l.Append(nil))
		_ = l.Verify(epoch0)
	})
}

func FuzzParsePrekey(f *testing.F) {
	f.Add(phonePrekey(1).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePrekey(b)
		if err != nil {
			return
		}
		wantSameBytes(t, b, p.Append(nil))
		_ = p.Verify(DeviceKeyFrom(signerNamed("phone").public()), epoch0)
	})
}

func FuzzParsePublished(f *testing.F) {
	f.Add(alicePublished().Append(nil))
	f.Add(Published{List: aliceList()}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePublished(b)
		if err != nil {
			return
		}
		wantSameBytes(t, b, p.Append(nil))
		_ = p.Verify(epoch0)
	})
}
