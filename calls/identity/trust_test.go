package identity

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

// endorsed is a link of somebody whom s endorses for a day.
func endorsed(t testing.TB, s *Signer, name string) Link {
	t.Helper()
	l := personNamed(name).link()
	var err error
	if l.Endorsement, err = s.Endorse(l.Account, start, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAnOrganisationsWordLiftsTrustForItsTime(t *testing.T) {
	s, other := GenerateSigner(), GenerateSigner()
	var b Book
	for name, l := range map[string]Link{"bob": endorsed(t, s, "bob"), "mallory": endorsed(t, other, "mallory"), "eve": personNamed("eve").link()} {
		if err := b.Add(ContactFrom(name, l)); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.Refresh(start); len(got) != 0 {
		t.Fatalf("trust without an organisation that counts: %d", len(got))
	}
	if err := b.TrustOrganisation(Anchor{"work", s.Key()}); err != nil {
		t.Fatal(err)
	}
	if got := b.Refresh(start); len(got) != 1 || got[0] != (Raised{"bob", Unknown, Organisation}) {
		t.Fatalf("%d changes", len(got))
	}
	file := b.Append(nil)
	again, err := ParseBook(file)
	if err != nil || !bytes.Equal(again.Append(nil), file) {
		t.Fatalf("another book came out: %v", err)
	}
	if got := again.Refresh(start.Add(24 * time.Hour)); len(got) != 1 || got[0].To != Unknown {
		t.Error("an endorsement outlives its time")
	}
	b.DistrustOrganisation("work")
	if got := b.Refresh(start); len(got) != 1 || got[0].To != Unknown {
		t.Error("the word of an organisation counts that nobody trusts any more")
	}
}

// covers S1
func TestWhatNewKeysMeanDependsOnTheTrustThereWas(t *testing.T) {
	s := GenerateSigner()
	book := func(trust Trust) *Book {
		b := &Book{}
		if err := errors.Join(b.TrustOrganisation(Anchor{"work", s.Key()}), b.Add(ContactFrom("bob", endorsed(t, s, "bob")))); err != nil {
			t.Fatal(err)
		}
		c, _ := b.ByName("bob")
		switch trust {
		case Organisation:
			b.Refresh(start)
		case Verified:
			c.Verify()
		}
		return b
	}
	for _, test := range []struct {
		trust Trust
		link  Link
		want  Relinked
		err   error
		after Trust
	}{
		{Unknown, personNamed("new bob").link(), NewKeys, nil, Unknown},
		{Organisation, personNamed("new bob").link(), 0, ErrEndorsement, Organisation},
		{Organisation, endorsed(t, GenerateSigner(), "new bob"), 0, ErrEndorsement, Organisation},
		{Organisation, endorsed(t, s, "new bob"), NewKeysEndorsed, nil, Organisation},
		{Verified, endorsed(t, s, "new bob"), NewKeysUnverified, nil, Unknown},
		{Verified, personNamed("bob").link(), SameKeys, nil, Verified},
	} {
		b := book(test.trust)
		got, err := b.Relink("bob", test.link, start)
		c, _ := b.ByName("bob")
		if got != test.want || !errors.Is(err, test.err) || c.Trust != test.after || c.Reverify != (got == NewKeysUnverified) {
			t.Errorf("%v: %v, %v, then %v", test.trust, got, err, c.Trust)
		}
		if file := b.Append(nil); got == NewKeysUnverified {
			again, err := ParseBook(file)
			if err != nil {
				t.Fatal(err)
			}
			c, _ := again.ByName("bob")
			if again.Refresh(start); !c.Reverify || c.Trust != Unknown {
				t.Error("an endorsement stands in for the human who had verified")
			}
		}
	}
}

func TestWhatIsKeptUnderAPassphraseNeedsIt(t *testing.T) {
	b := bookOf(t, "bob")
	export, err := b.export([]byte("correct horse"), cheap)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenExport(export, []byte("correct horse")); err != nil || !bytes.Equal(got.Append(nil), b.Append(nil)) {
		t.Errorf("an export: %v", err)
	}
	if _, err := OpenExport(export, []byte("battery staple")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("with another passphrase: %v", err)
	}
	s := GenerateSigner()
	file, err := s.seal([]byte("correct horse"), cheap)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenSigner(file, []byte("correct horse")); err != nil || got.Key() != s.Key() {
		t.Errorf("an organisation's key: %v", err)
	}
	if _, err := OpenSigner(file, nil); !errors.Is(err, ErrNeedPassphrase) {
		t.Errorf("without a passphrase: %v", err)
	}
	if _, err := OpenSigner(export, []byte("correct horse")); !errors.Is(err, ErrFormat) {
		t.Errorf("an export for a key: %v", err)
	}
	s.Wipe()
	if _, err := s.Endorse(personNamed("bob").key(), start, time.Hour); err == nil {
		t.Error("a wiped key signs")
	}
}

func TestAStoreOpensOnItsDeviceUnderItsName(t *testing.T) {
	id := generate(t)
	file, err := id.SealStore("contacts", []byte("bob"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := id.OpenStore("contacts", file); err != nil || string(got) != "bob" {
		t.Errorf("%q, %v", got, err)
	}
	_, name := id.OpenStore("replay", file)
	_, device := generate(t).OpenStore("contacts", file)
	file[len(file)-1] ^= 1
	_, damaged := id.OpenStore("contacts", file)
	for _, err := range []error{name, device, damaged} {
		if !errors.Is(err, ErrFormat) {
			t.Errorf("opened: %v", err)
		}
	}
}

func TestEndorsementsHaveOneSpelling(t *testing.T) {
	s := GenerateSigner()
	l := endorsed(t, s, "bob")
	text, err := l.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseLink(string(text)); err != nil || got.Endorsement != l.Endorsement || got.Account != l.Account {
		t.Errorf("an endorsed link: %v", err)
	}
	l.Account = personNamed("eve").key()
	if _, err := l.MarshalText(); !errors.Is(err, ErrFormat) {
		t.Errorf("with somebody else's endorsement: %v", err)
	}
	e, _ := s.Endorse(personNamed("bob").key(), start, time.Hour)
	text, _ = e.MarshalText()
	if got, err := record.ParseEndorsementText(string(text)); err != nil || got != e {
		t.Errorf("an endorsement: %v", err)
	}
	key, _ := s.Key().MarshalText()
	if got, err := record.ParseOrganisationKey(string(key)); err != nil || got != s.Key() {
		t.Errorf("a key: %v", err)
	}
	e.Account = personNamed("eve").key()
	if err := e.Verify(start); !errors.Is(err, record.ErrSignature) {
		t.Errorf("a forged endorsement: %v", err)
	}
}
