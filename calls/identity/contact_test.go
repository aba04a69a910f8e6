package identity

import (
	"errors"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

// known is bob after alice has seen his list of an epoch.
func known(t *testing.T, epoch uint64) Contact {
	t.Helper()
	bob := personNamed("bob")
	c := ContactFrom("bob", bob.link())
	if err := c.Update(bob.publish(epoch), bob.list(epoch).Issued); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAContactStartsWithWhatTheLinkSays(t *testing.T) {
	l := personNamed("bob").link()
	c := ContactFrom("bob", l)
	if c.Name != "bob" || c.Account != l.Account || c.Server != l.Server || c.ListHash != l.ListHash || !c.DeliveryKey.Equal(l.DeliveryKey) {
		t.Fatal("something of the link was lost")
	}
	if c.Trust != Unknown || c.HighestSuite != record.SuiteXWing {
		t.Fatalf("trust %v, suite %d", c.Trust, c.HighestSuite)
	}
}

func TestAContactFollowsNewerLists(t *testing.T) {
	bob := personNamed("bob")
	c := ContactFrom("bob", bob.link())
	for _, epoch := range []uint64{1, 2, 2, 5} {
		l := bob.list(epoch)
		if err := c.Update(record.Published{List: l}, l.Issued); err != nil {
			t.Fatalf("epoch %d: %v", epoch, err)
		}
		if c.List.Epoch != epoch || c.ListHash != l.Hash() {
			t.Fatalf("epoch %d was not remembered", epoch)
		}
	}
}

func TestAlarmsAreRaisedAndNothingIsLearnt(t *testing.T) {
	// covers S1, S6
	bob, mallory := personNamed("bob"), personNamed("mallory")
	now := bob.list(2).Issued

	swappedDevice := bob.publish(3)
	swappedDevice.List.Devices[0].Key = record.DeviceKeyFrom(publicOf(mallory.device))

	forged := bob.publish(3)
	mallory.sign(&forged.List)

	fork := bob.publish(2)
	fork.List.Devices[0].Kind = record.KindWeb
	bob.sign(&fork.List)

	continued := bob.publish(3)
	continued.List.Previous = fork.List.Hash()
	bob.sign(&continued.List)

	swappedPrekey := bob.publish(3)
	swappedPrekey.Prekeys = generate(t).Published().Prekeys
	swappedPrekey.Prekeys[0].Device = swappedPrekey.List.Devices[0].ID

	malformed := bob.publish(3)
	malformed.List.Devices = nil

	for _, c := range []struct {
		name      string
		published record.Published
		now       time.Time
		want      error
	}{
		{"another account", mallory.publish(3), now, ErrAccountChanged},
		{"a device key that the account did not sign", swappedDevice, now, ErrAccountChanged},
		{"a list signed by another account", forged, now, ErrAccountChanged},
		{"a prekey that the device did not sign", swappedPrekey, bob.list(3).Issued, ErrAccountChanged},
		{"an older list", bob.publish(1), now, ErrOldList},
		{"an older list that has expired too", bob.publish(1), now.Add(30 * 24 * time.Hour), ErrOldList},
		{"a second list of the same epoch", fork, now, ErrFork},
		{"a list that continues another history", continued, bob.list(3).Issued, ErrFork},
		{"the newest list, expired", bob.publish(2), bob.list(2).Expires, ErrExpired},
		{"a list from the future", bob.publish(3), now, ErrExpired},
		{"no list", record.Published{}, now, ErrAccountChanged},
		{"a list without devices", malformed, now, ErrFormat},
	} {
		for _, trust := range []Trust{Unknown, Organisation, Verified} {
			contact := known(t, 2)
			contact.Trust = trust
			if err := contact.Update(c.published, c.now); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			if contact.List.Epoch != 2 || contact.ListHash != bob.list(2).Hash() || contact.Trust != trust || contact.Account != bob.key() {
				t.Errorf("%s: the contact was changed", c.name)
			}
		}
	}
}

func TestARemovedDeviceIsForgotten(t *testing.T) {
	// covers S6
	bob := personNamed("bob")
	both := bob.list(2)
	both.Devices = append(both.Devices, deviceFor(record.DeviceID{2}, personNamed("lost").device))
	bob.sign(&both)
	c := ContactFrom("bob", bob.link())
	if err := c.Update(record.Published{List: both}, both.Issued); err != nil {
		t.Fatal(err)
	}
	removed := bob.list(3)
	removed.Previous = both.Hash()
	bob.sign(&removed)
	if err := c.Update(record.Published{List: removed}, removed.Issued); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.List.Device(record.DeviceID{2}); ok {
		t.Fatal("the removed device is still listed")
	}
	if err := c.Update(record.Published{List: both}, removed.Issued); !errors.Is(err, ErrOldList) {
		t.Fatalf("a server that hides the removal: %v", err)
	}
}

func TestTheHighestSuiteNeverGoesDown(t *testing.T) {
	// covers S5
	bob := personNamed("bob")
	c := known(t, 1)
	offer := func(epoch uint64, suites ...uint16) {
		t.Helper()
		l := bob.list(epoch)
		l.Previous = c.ListHash
		l.Devices = nil
		for i, suite := range suites {
			d := deviceFor(record.DeviceID{byte(i)}, personNamed(string(rune('a'+i))).device)
			d.MaxSuite = suite
			l.Devices = append(l.Devices, d)
		}
		bob.sign(&l)
		if err := c.Update(record.Published{List: l}, l.Issued); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		suites []uint16
		want   uint16
	}{{[]uint16{1}, 1}, {[]uint16{2, 1}, 1}, {[]uint16{2, 3}, 2}, {[]uint16{1}, 2}} {
		offer(c.List.Epoch+1, step.suites...)
		if c.HighestSuite != step.want {
			t.Fatalf("devices with suites %v: highest %d, want %d", step.suites, c.HighestSuite, step.want)
		}
	}
}

func TestAContactDoesNotShareItsList(t *testing.T) {
	bob := personNamed("bob")
	c := ContactFrom("bob", bob.link())
	p := bob.publish(1)
	if err := c.Update(p, start); err != nil {
		t.Fatal(err)
	}
	p.List.Devices[0].Kind = record.KindWeb
	if c.List.Hash() != c.ListHash {
		t.Fatal("a caller changed the contact's list")
	}
}
