package identity

import (
	"errors"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling/record"
	"pgregory.net/rapid"
)

func wantLink(t interface{ Fatalf(string, ...any) }, got, want Link) {
	if got.Account != want.Account || got.Server != want.Server || got.ListHash != want.ListHash || !got.DeliveryKey.Equal(want.DeliveryKey) {
		t.Fatalf("another link came out than went in")
	}
}

func TestALinkParsesToWhatItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawLink(t)
		text, err := want.MarshalText()
		if err != nil {
			t.Fatalf("%s: %v", want.Server, err)
		}
		if !strings.HasPrefix(string(text), want.Server+"/#c/") {
			t.Fatal("a link begins otherwise")
		}
		got, err := ParseLink(string(text))
		if err != nil {
			t.Fatal(err)
		}
		wantLink(t, got, want)
	})
}

func TestALinkComesFromTheIdentity(t *testing.T) {
	id := generate(t)
	text, err := id.Link().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseLink(string(text))
	if err != nil {
		t.Fatal(err)
	}
	wantLink(t, got, Link{Account: id.Account(), Server: server, ListHash: id.List().Hash(), DeliveryKey: id.DeliveryKey()})
}

func TestALinkHasOneSpelling(t *testing.T) {
	text, err := personNamed("bob").link().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	secret := good[len(good)-20:]
	bad := []string{
		"", good[:len(good)-1], good + "A", " " + good, good + "\n", good + "=", strings.Replace(good, "/#c/", "#c/", 1),
		strings.Replace(good, "/#c/", "/#d/", 1), strings.Replace(good, "/#c/", "/x/#c/", 1), strings.Replace(good, "/#c/A", "/#c/B", 1),
		strings.Replace(good, "https", "http", 1), strings.ToUpper(good[:5]) + good[5:], good[:60] + "\r\n" + good[62:], good[:60] + "+" + good[61:],
		strings.Replace(good, "/#c/", "/#c/", 1) + "/#c/" + secret,
	}
	for _, s := range badServers {
		bad = append(bad, s+good[strings.Index(good, linkMark):])
	}
	for _, text := range bad {
		_, err := ParseLink(text)
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "example") {
			t.Errorf("the error says what the link was: %v", err)
		}
	}
	if _, err := (Link{Server: server}).MarshalText(); !errors.Is(err, ErrFormat) {
		t.Errorf("a link to nobody: %v", err)
	}
	if _, err := (Link{Account: record.AccountKeyFrom([32]byte{1})}).MarshalText(); !errors.Is(err, ErrFormat) {
		t.Errorf("a link to nowhere: %v", err)
	}
}

func FuzzParseLink(f *testing.F) {
	text, err := personNamed("bob").link().MarshalText()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(strings.Replace(string(text), server, "http://[::1]:8080", 1))
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLink(text)
		if err != nil {
			return
		}
		again, err := l.MarshalText()
		if err != nil || string(again) != text {
			t.Fatalf("a second spelling parses: %v", err)
		}
	})
}
