package signaling

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

func TestARegistrationIsReadAsItWasWritten(t *testing.T) {
	b := registration().Append(nil)
	if len(b) > MaxRegistrationSize {
		t.Errorf("%d bytes, the limit says %d", len(b), MaxRegistrationSize)
	}
	r, err := ParseRegistration(b)
	if err != nil || !reflect.DeepEqual(r, registration()) {
		t.Fatalf("became another one: %v", err)
	}
	if err := r.Published.Verify(noon); err != nil {
		t.Errorf("what was published does not verify any more: %v", err)
	}
}

func TestAMarredRegistrationIsRefused(t *testing.T) {
	// covers N1
	good := registration().Append(nil)
	for size := range good {
		if _, err := ParseRegistration(good[:size]); err != ErrFormat {
			t.Fatalf("%d of %d bytes: %v", size, len(good), err)
		}
	}
	_, err := ParseRegistration(append(slices.Clone(good), 0))
	wantFormat(t, "a byte more", err)
	none := slices.Clone(good)
	clear(none[:16])
	_, err = ParseRegistration(none)
	wantFormat(t, "no mailbox", err)
}

func FuzzRegistration(f *testing.F) {
	good := registration().Append(nil)
	f.Add(good)
	f.Add(good[:registrationHead])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRegistration(b)
		if err != nil {
			return
		}
		if again := r.Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%d bytes became %d others", len(b), len(again))
		}
	})
}

func TestARevisionHasOneTag(t *testing.T) {
	r := Revision(sha256.Sum256([]byte("alice")))
	tag := r.Tag()
	if got, err := ParseTag(tag); err != nil || got != r {
		t.Fatalf("its own tag: %v", err)
	}
	bare := strings.Trim(tag, `"`)
	last := bare[:len(bare)-1]
	for what, bad := range map[string]string{
		"nothing":            "",
		"a quote":            `"`,
		"two quotes":         `""`,
		"no quotes":          bare,
		"one quote":          `"` + bare,
		"a weak tag":         "W/" + tag,
		"padding":            `"` + bare + `="`,
		"short":              `"` + last + `"`,
		"long":               `"` + bare + `A"`,
		"unused bits":        `"` + last + "B" + `"`,
		"a line end":         `"` + last + "\n" + `"`,
		"the other alphabet": `"+` + bare[1:] + `"`,
		"two tags":           tag + "," + tag,
		"any":                "*",
	} {
		if bad == tag {
			continue // the last letter happened to be B
		}
		_, err := ParseTag(bad)
		wantFormat(t, what, err)
	}
}

func FuzzTag(f *testing.F) {
	f.Add(Revision{}.Tag())
	f.Add(Revision{1, 2, 3}.Tag())
	f.Add(`"` + strings.Repeat("\r\n", 20) + `"`)
	f.Fuzz(func(t *testing.T, tag string) {
		r, err := ParseTag(tag)
		if err == nil && r.Tag() != tag {
			t.Fatalf("%q became %q", tag, r.Tag())
		}
	})
}

func TestAHeaderIsDecodedWholeOrNotAtAll(t *testing.T) {
	var id record.DeviceID
	text := EncodeHeader(phone[:])
	if !DecodeHeader(id[:], text) || id != phone {
		t.Fatal("a device id is read as another one")
	}
	for _, bad := range []string{"", text[1:], text + "A", text + "=", strings.Replace(text, text[3:5], "\r\n", 1), " " + text[1:]} {
		if DecodeHeader(id[:], bad) {
			t.Errorf("%q is read as a device id", bad)
		}
	}
}

// A browser leaves a default port out and may write capitals; what is signed must be the same.
func TestAServerHasOneNameInSignatures(t *testing.T) {
	for host, want := range map[string]string{
		"calls.example.org":      "calls.example.org",
		"Calls.Example.ORG":      "calls.example.org",
		"calls.example.org:443":  "calls.example.org",
		"calls.example.org:80":   "calls.example.org",
		"calls.example.org:8080": "calls.example.org:8080",
		"calls.example.org:4430": "calls.example.org:4430",
		"127.0.0.1:8080":         "127.0.0.1:8080",
		"127.0.0.1:80":           "127.0.0.1",
		"[2001:db8::1]:443":      "[2001:db8::1]",
		"[2001:db8::1]:8443":     "[2001:db8::1]:8443",
		"[2001:DB8::1]":          "[2001:db8::1]",
		"2001:db8::80":           "2001:db8::80", // no port, although it looks like one
		"":                       "",
	} {
		got := CanonicalHost(host)
		if got != want {
			t.Errorf("%q is %q, not %q", host, got, want)
		}
		if CanonicalHost(got) != got {
			t.Errorf("%q has a name of its own", got)
		}
	}
}

func TestASignedRequestMeansOneThing(t *testing.T) {
	// covers S4, C9
	body := []byte("body")
	base := RequestMessage("PUT", "a.example", "/v1/directory/x", Revision{1}, body)
	want := append([]byte("\x00\x03PUT\x00\x09a.example\x00\x0f/v1/directory/x"), make([]byte, 64)...)
	want[len(want)-64] = 1
	sum := sha256.Sum256(body)
	copy(want[len(want)-32:], sum[:])
	if !bytes.Equal(base, want) {
		t.Errorf("the message is\n%q, not\n%q", base, want)
	}
	for what, other := range map[string][]byte{
		"another method":   RequestMessage("POST", "a.example", "/v1/directory/x", Revision{1}, body),
		"another server":   RequestMessage("PUT", "b.example", "/v1/directory/x", Revision{1}, body),
		"another path":     RequestMessage("PUT", "a.example", "/v1/directory/y", Revision{1}, body),
		"another revision": RequestMessage("PUT", "a.example", "/v1/directory/x", Revision{2}, body),
		"another body":     RequestMessage("PUT", "a.example", "/v1/directory/x", Revision{1}, []byte("Body")),
		"a border moved":   RequestMessage("PUTa", ".example", "/v1/directory/x", Revision{1}, body),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("%s is signed alike", what)
		}
	}
	if !bytes.Equal(base, RequestMessage("PUT", "A.example:443", "/v1/directory/x", Revision{1}, body)) {
		t.Error("one server, written otherwise, is another one")
	}
}

func TestASignedLoginMeansOneThing(t *testing.T) {
	// covers S4, C9
	account := alice().List.Account.ID()
	base := LoginMessage("a.example", nonce(), account, phone)
	if want := 2 + len("a.example") + NonceSize + 13 + record.DeviceIDSize; len(base) != want {
		t.Errorf("%d bytes, the documentation says %d", len(base), want)
	}
	for what, other := range map[string][]byte{
		"another server":  LoginMessage("b.example", nonce(), account, phone),
		"another nonce":   LoginMessage("a.example", [NonceSize]byte{1}, account, phone),
		"another account": LoginMessage("a.example", nonce(), record.AccountKeyFrom(public("bob")).ID(), phone),
		"another device":  LoginMessage("a.example", nonce(), account, record.DeviceID{9}),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("%s is signed alike", what)
		}
	}
	if LabelRequest == LabelMailbox {
		t.Error("a login could be taken for a change")
	}
}

func TestAReadSecretOpensOneQueue(t *testing.T) {
	// covers C9
	s := ReadSecret{b: [32]byte{1, 2, 3}}
	sum := sha256.Sum256(append([]byte("taciturn/1 queue"), s.b[:]...))
	if q := s.Queue().Bytes(); !bytes.Equal(q[:], sum[:16]) {
		t.Error("the queue is another one than the documentation says")
	}
	seen := make(map[any]bool)
	for range 100 {
		seen[newReadSecret().Queue()] = true
	}
	if len(seen) != 100 {
		t.Errorf("a hundred secrets open %d queues", len(seen))
	}
}

func TestWhatNamesSomebodyPrintsAsItsTypeName(t *testing.T) {
	// covers C11
	for want, v := range map[string]any{
		"signaling.Revision":   Revision{0xca, 0xfe},
		"signaling.ReadSecret": ReadSecret{b: [32]byte{0xca, 0xfe}},
		"signaling.RelayLogin": pair().Caller,
	} {
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s of %T prints %q", verb, v, got)
			}
		}
		for _, handler := range []func(io.Writer) slog.Handler{
			func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
			func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var log strings.Builder
			slog.New(handler(&log)).Info("m", "v", v)
			if !strings.Contains(log.String(), want) || strings.Contains(log.String(), "secret-a") {
				t.Errorf("%T is logged as %s", v, log.String())
			}
		}
	}
	if got := fmt.Sprintf("%v %+v", *pair(), pair()); strings.Contains(got, "secret-a") || strings.Contains(got, "secret-b") {
		t.Error("a pair prints its passwords")
	}
}
