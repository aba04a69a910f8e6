package identity

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func bookOf(t testing.TB, names ...string) *Book {
	t.Helper()
	b := new(Book)
	for _, name := range names {
		if err := b.Add(ContactFrom(name, personNamed(name).link())); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return b
}

func TestABookFindsItsContacts(t *testing.T) {
	b := bookOf(t, "mia", "bob", "Zoë")
	if got := b.Names(); !slices.Equal(got, []string{"Zoë", "bob", "mia"}) {
		t.Fatalf("names: %v", got)
	}
	c, ok := b.ByName("bob")
	if !ok || c.Account != personNamed("bob").key() {
		t.Fatal("bob is not found by name")
	}
	if again, ok := b.ByAccount(c.Account); !ok || again != c {
		t.Fatal("bob is not found by key")
	}
	c.Trust = Verified
	if c, _ := b.ByName("bob"); c.Trust != Verified {
		t.Fatal("what was changed in place is lost")
	}
	if !b.Remove("bob") || b.Remove("bob") {
		t.Fatal("bob is removed not exactly once")
	}
	if _, ok := b.ByName("bob"); ok {
		t.Fatal("bob is still there")
	}
	if _, ok := b.ByAccount(c.Account); ok {
		t.Fatal("bob's key is still there")
	}
}

func TestABookTakesNobodyTwice(t *testing.T) {
	b := bookOf(t, "bob")
	if err := b.Add(ContactFrom("bob", personNamed("mia").link())); !errors.Is(err, ErrDuplicate) {
		t.Errorf("the same name: %v", err)
	}
	if err := b.Add(ContactFrom("robert", personNamed("bob").link())); !errors.Is(err, ErrDuplicate) {
		t.Errorf("the same account: %v", err)
	}
	for _, name := range []string{"", " bob", "bob\n", "a\x1b[2Jb", "a\u202eb", "a\u200bb", "\xff", strings.Repeat("a", 65)} {
		if err := b.Add(ContactFrom(name, personNamed("mia").link())); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := b.Add(Contact{Name: "nobody"}); !errors.Is(err, ErrFormat) {
		t.Errorf("a contact without keys: %v", err)
	}
	if got := b.Names(); len(got) != 1 {
		t.Errorf("names: %v", got)
	}
}

func TestABookParsesToWhatItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Book
		for i := range rapid.IntRange(0, 5).Draw(t, "contacts") {
			name := fmt.Sprintf("%s%d", rapid.StringMatching(`[a-zéß][a-z é]{0,8}`).Draw(t, "name"), i)
			c := ContactFrom(name, drawLink(t))
			c.Trust = rapid.SampledFrom([]Trust{Unknown, Verified}).Draw(t, "trust")
			c.HighestSuite = rapid.Uint16Min(1).Draw(t, "suite")
			if rapid.Bool().Draw(t, "seen") {
				p := personNamed(name)
				c.Account = p.key()
				l := p.list(rapid.Uint64Range(1, 4).Draw(t, "epoch"))
				c.List, c.ListHash = l, l.Hash()
			}
			if err := b.Add(c); err != nil && !errors.Is(err, ErrDuplicate) {
				t.Fatal(err)
			}
		}
		file := b.Append(nil)
		got, err := ParseBook(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Append(nil), file) || !slices.Equal(got.Names(), b.Names()) {
			t.Fatal("another book came out")
		}
		for _, name := range b.Names() {
			was, _ := b.ByName(name)
			is, _ := got.ByName(name)
			if was.Account != is.Account || was.Server != is.Server || !was.DeliveryKey.Equal(is.DeliveryKey) || was.ListHash != is.ListHash ||
				was.Trust != is.Trust || was.HighestSuite != is.HighestSuite || was.List.Epoch != is.List.Epoch {
				t.Fatal("a contact changed")
			}
		}
	})
}

func TestADamagedBookIsRefused(t *testing.T) {
	b := bookOf(t, "bob", "mia")
	bob, _ := b.ByName("bob")
	if err := bob.Update(personNamed("bob").publish(1), start); err != nil {
		t.Fatal(err)
	}
	file := b.Append(nil)
	if _, err := ParseBook(file); err != nil {
		t.Fatal(err)
	}
	for n := range file {
		if _, err := ParseBook(file[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	if _, err := ParseBook(append(file, 0)); !errors.Is(err, ErrFormat) {
		t.Fatalf("a byte too many: %v", err)
	}
	for name, spoil := range map[string]func(b *Book){
		"not sorted":         func(b *Book) { slices.Reverse(b.contacts) },
		"a name twice":       func(b *Book) { b.contacts[1].Name = b.contacts[0].Name },
		"an account twice":   func(b *Book) { b.contacts[1].Account = b.contacts[0].Account },
		"no trust":           func(b *Book) { b.contacts[1].Trust = 0 },
		"unknown trust":      func(b *Book) { b.contacts[1].Trust = 4 },
		"no suite":           func(b *Book) { b.contacts[1].HighestSuite = 0 },
		"no server":          func(b *Book) { b.contacts[1].Server = "" },
		"a name in control":  func(b *Book) { b.contacts[1].Name = "\x1b" },
		"another one's list": func(b *Book) { b.contacts[1].List = personNamed("bob").list(1) },
		"another list":       func(b *Book) { b.contacts[0].List = personNamed("bob").list(2) },
	} {
		b, err := ParseBook(file)
		if err != nil {
			t.Fatal(err)
		}
		spoil(&b)
		if _, err := ParseBook(b.Append(nil)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseBook(f *testing.F) {
	b := bookOf(f, "bob", "mia")
	f.Add(b.Append(nil))
	f.Add(new(Book).Append(nil))
	bob, _ := b.ByName("bob")
	if err := bob.Update(personNamed("bob").publish(1), start); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Append(nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := ParseBook(file)
		if err != nil {
			return
		}
		if !bytes.Equal(b.Append(nil), file) {
			t.Fatal("parsed and encoded again: other bytes")
		}
	})
}
