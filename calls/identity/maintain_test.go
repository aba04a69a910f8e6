package identity

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

func TestANewIdentityIsReadyToPublish(t *testing.T) {
	id := generate(t)
	p := id.Published()
	if err := p.Verify(start); err != nil {
		t.Fatal(err)
	}
	if p.List.Account != id.Account() || p.List.Epoch != 1 || len(p.Prekeys) != 1 {
		t.Fatal("not the first list of this account with one prekey")
	}
	if d, ok := p.List.Device(id.DeviceID()); !ok || d != id.Device() {
		t.Fatal("the list does not show this device")
	}
	if p.Prekeys[0].Mailbox != id.Mailbox() || id.Server() != server {
		t.Fatal("published under another mailbox or server")
	}
	sig := id.SignDevice("taciturn/1 test", []byte("m"))
	if !id.Device().Key.Verify("taciturn/1 test", []byte("m"), sig) {
		t.Fatal("the device's signature does not verify")
	}
	if other := generate(t); other.Account() == id.Account() || other.Mailbox() == id.Mailbox() || other.DeliveryKey().Equal(id.DeliveryKey()) {
		t.Fatal("two identities share something")
	}
}

func TestGenerateRefusesWhatIsNoServer(t *testing.T) {
	for _, s := range badServers {
		if _, err := Generate(start, s); err == nil {
			t.Errorf("%q", s)
		}
	}
}

func TestWhatIsSealedToThePublishedPrekeyOpens(t *testing.T) {
	id := generate(t)
	public := id.Published().Prekeys[0]
	prekey, ok := id.Prekey(public.ID)
	if !ok || prekey.ID != public.ID || prekey.Public() != public.Key {
		t.Fatal("the published prekey is not at hand")
	}
	key, err := hpke.MLKEM768X25519().NewPublicKey(public.Key[:])
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), nil, []byte("ring"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := hpke.Open(prekey.Private(), hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), nil, sealed)
	if err != nil || string(opened) != "ring" {
		t.Fatalf("opened %q, %v", opened, err)
	}
	if _, ok := id.Prekey(record.PrekeyID{}); ok {
		t.Fatal("a prekey that nobody made")
	}
}

func TestPrekeysRotateDailyAndOldSecretsGo(t *testing.T) {
	// covers S12
	id := generate(t)
	first := id.Published().Prekeys[0]
	secret, _ := id.Prekey(first.ID)
	seed, err := secret.Private().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	holds := func() bool { return bytes.Contains(seal(t, id, ""), seed) }

	if maintain(t, id, start.Add(rotateEvery-time.Second)) {
		t.Fatal("something changed before a day was over")
	}
	rotated := start.Add(rotateEvery)
	if !maintain(t, id, rotated) {
		t.Fatal("no rotation after a day")
	}
	p := id.Published()
	if len(p.Prekeys) != 1 || p.Prekeys[0].ID == first.ID || p.Prekeys[0].Key == first.Key {
		t.Fatal("not exactly the new prekey is published")
	}
	if err := p.Verify(rotated); err != nil {
		t.Fatal(err)
	}
	if p.List.Epoch != 1 {
		t.Fatal("a rotation needs no new list")
	}
	if maintain(t, id, rotated.Add(graceAfterRotation-time.Second)) {
		t.Fatal("something changed within the grace period")
	}
	if _, ok := id.Prekey(first.ID); !ok || !holds() {
		t.Fatal("an offer on its way at rotation cannot be opened")
	}
	if !maintain(t, id, rotated.Add(graceAfterRotation)) {
		t.Fatal("nothing was erased after the grace period")
	}
	if _, ok := id.Prekey(first.ID); ok || holds() {
		t.Fatal("the old secret is still there")
	}
	if _, ok := id.Prekey(p.Prekeys[0].ID); !ok {
		t.Fatal("the current prekey went too")
	}
}

func TestTheDeviceListIsSignedAnewAtHalfItsLife(t *testing.T) {
	id := generate(t)
	first := id.List()
	due := start.Add(record.MaxListLifetime / 2)
	maintain(t, id, due.Add(-time.Second))
	if id.List().Epoch != 1 {
		t.Fatal("signed anew too early")
	}
	if !maintain(t, id, due) {
		t.Fatal("nothing was due")
	}
	second := id.List()
	if err := second.Verify(due); err != nil {
		t.Fatal(err)
	}
	if err := second.Follows(first); err != nil || second.Epoch != 2 || second.Previous != first.Hash() {
		t.Fatalf("epoch %d, %v", second.Epoch, err)
	}
	if id.Link().ListHash != second.Hash() {
		t.Fatal("the link names an old list")
	}
	maintain(t, id, due.Add(graceAfterRotation)) // erases the prekey that rotated with the list
	if maintain(t, id, due.Add(graceAfterRotation)) {
		t.Fatal("Maintain finds something to do each time")
	}
}

func TestADeviceThatSleptForAMonthComesBack(t *testing.T) {
	id := generate(t)
	now := start.Add(30 * 24 * time.Hour)
	if err := id.Published().Verify(now); !errors.Is(err, record.ErrExpired) {
		t.Fatalf("published before: %v", err)
	}
	maintain(t, id, now)
	if err := id.Published().Verify(now); err != nil {
		t.Fatal(err)
	}
}

func TestAClockSetBackIsRepaired(t *testing.T) {
	// covers N6
	id, err := Generate(start.Add(365*24*time.Hour), server)
	if err != nil {
		t.Fatal(err)
	}
	if !maintain(t, id, start) {
		t.Fatal("records from the future were kept")
	}
	if err := id.Published().Verify(start); err != nil {
		t.Fatal(err)
	}
	if maintain(t, id, start.Add(-clockSlack)) {
		t.Fatal("a small correction of the clock changed something")
	}
}

func TestAWipedIdentityDoesNothing(t *testing.T) {
	id := generate(t)
	prekey := id.Published().Prekeys[0].ID
	account, device := id.s.account, id.s.device
	seed := &id.s.prekeys[0].seed
	id.Wipe()
	id.Wipe()
	if len(bytes.Trim(account, "\x00"))+len(bytes.Trim(device, "\x00"))+len(bytes.Trim(seed[:], "\x00")) > 0 {
		t.Fatal("secrets are left in memory")
	}
	if id.Device().Key.Verify("l", nil, id.SignDevice("l", nil)) {
		t.Fatal("it signs")
	}
	if _, ok := id.Prekey(prekey); ok || len(id.Published().Prekeys) > 0 {
		t.Fatal("it has a prekey")
	}
	if _, err := id.Seal(nil); !errors.Is(err, errWiped) {
		t.Fatalf("it seals: %v", err)
	}
	if _, err := id.Maintain(start); !errors.Is(err, errWiped) {
		t.Fatalf("it maintains itself: %v", err)
	}
}

func TestAnIdentityServesSeveralGoroutines(t *testing.T) {
	id := generate(t)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for day := range 8 {
			if _, err := id.Maintain(start.Add(time.Duration(day) * 24 * time.Hour)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for range 8 {
				p := id.Published()
				if err := p.Verify(p.List.Issued); err != nil && !errors.Is(err, record.ErrExpired) {
					t.Error(err)
				}
				id.Prekey(p.Prekeys[0].ID)
				id.SignDevice("l", nil)
				id.Link()
				id.List()
			}
		})
	}
}
