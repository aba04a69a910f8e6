package turn

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func TestMintMakesThePairOfTheSpecification(t *testing.T) {
	secret := testSecret(t, 's')
	p, err := Mint(secret, time.Unix(1000, 0), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for side, c := range map[byte]Credential{'a': p.A, 'b': p.B} {
		u, ok := parseUsername([]byte(c.Username))
		if !ok || !u.ours || u.expiry != 4800 || u.keyID != secret.keyID() || c.Username[len(c.Username)-1] != side {
			t.Errorf("side %c: %s", side, c.Username)
		}
		h := hmac.New(sha1.New, []byte(strings.Repeat("s", 40)))
		h.Write([]byte(c.Username))
		if c.Password != base64.StdEncoding.EncodeToString(h.Sum(nil)) {
			t.Errorf("side %c: the password is not HMAC-SHA1 of the username", side)
		}
	}
	if a, b := strings.TrimSuffix(p.A.Username, "a"), strings.TrimSuffix(p.B.Username, "b"); a != b {
		t.Error("the sides differ in more than the side")
	}
	if _, err := Mint(Secret{}, time.Now(), time.Hour); err == nil {
		t.Error("an unset secret mints")
	}
	if _, err := Mint(secret, time.Now(), 0); err == nil {
		t.Error("a credential without a lifetime")
	}
}

// covers P5 (expiry)
func TestUsernamesDoNotTellWhenTheyWereMinted(t *testing.T) {
	secret, seen := testSecret(t, 's'), make(map[int64]int)
	for second := range int64(6000) {
		p, err := Mint(secret, time.Unix(1000+second, 0), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := parseUsername([]byte(p.A.Username))
		if left := u.expiry - second - 1000; left < 3600 || left >= 4200 {
			t.Fatalf("good for %d s", left)
		}
		seen[u.expiry]++
	}
	if len(seen) != 11 {
		t.Errorf("%d expiries in 100 minutes, want one for each ten", len(seen))
	}
}

// covers P5 (usernames of two calls share the expiry and the key id, and nothing else)
func TestUsernamesOfTwoCallsShareNothing(t *testing.T) {
	secret, seen := testSecret(t, 's'), make(map[pairTag]bool)
	var ones [8 * tagBytes]int
	const calls = 10_000
	for range calls {
		p, err := Mint(secret, time.Unix(1000, 0), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := parseUsername([]byte(p.A.Username))
		if seen[u.tag] {
			t.Fatal("a tag comes twice")
		}
		seen[u.tag] = true
		for i := range ones {
			ones[i] += int(u.tag[i/8] >> (i % 8) & 1)
		}
	}
	for i, n := range ones { // six sigma are 300
		if n < calls/2-300 || n > calls/2+300 {
			t.Errorf("bit %d is set in %d of %d tags", i, n, calls)
		}
	}
}

func TestUsernameShapes(t *testing.T) {
	p, err := Mint(testSecret(t, 's'), time.Unix(1000, 0), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ours := p.A.Username
	for _, tt := range []struct {
		name string
		ok   bool
		ours bool
	}{
		{ours, true, true},
		{"1700000000:alice", true, false},
		{"1700000000", true, false},
		{"1700000000:", true, false},
		{"0:x", true, false},
		{ours[:len(ours)-1] + "c", true, false},
		{ours + "a", true, false},
		{strings.Replace(ours, ".", ":", 1), true, false},
		{"999999999999:x", true, false},
		{"9999999999999:x", false, false},
		{"alice", false, false},
		{"alice:1700000000", false, false},
		{":1700000000", false, false},
		{"-1:x", false, false},
		{"+1:x", false, false},
		{"0x1:x", false, false},
		{" 1:x", false, false},
		{"", false, false},
		{"1:" + strings.Repeat("x", maxUsernameBytes-2), true, false},
		{"1:" + strings.Repeat("x", maxUsernameBytes-1), false, false},
	} {
		u, ok := parseUsername([]byte(tt.name))
		if ok != tt.ok || u.ours != tt.ours {
			t.Errorf("%q: %v, ours %v; want %v, %v", tt.name, ok, u.ours, tt.ok, tt.ours)
		}
	}
	a, _ := parseUsername([]byte("1700000000:alice"))
	b, _ := parseUsername([]byte("1700000000:bob"))
	again, _ := parseUsername([]byte("1700000000:alice"))
	if a.tag == b.tag || a.tag != again.tag {
		t.Error("a stock username is not its own tag")
	}
}

func TestStockUsersMeetOnlyThemselves(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := stock(w.secret, "946699200:alice"), stock(w.secret, "946699200:bob")
		var cs []*client
		for _, cred := range []Credential{alice, alice, bob} {
			c := w.client(alice4, cred)
			c.wantAllocated()
			c.want(0, stun.MethodCreatePermission, peer(at4(0)))
			cs = append(cs, c)
		}
		cs[0].send(cs[1].relayed, "my other device")
		cs[1].wantData(cs[0].relayed, "my other device")
		cs[0].send(cs[2].relayed, "a stranger")
		cs[2].wantSilence("another user")
	})
}

// covers T8
func TestAnExpiredCredentialServesALiveAllocationOnly(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		for range 24 { // two hours; the credentials are of one
			time.Sleep(5*time.Minute - time.Second)
			for _, c := range []*client{alice, bob} {
				c.want(0, stun.MethodRefresh)
				c.want(0, stun.MethodCreatePermission, peer(at4(0)))
			}
			time.Sleep(time.Second)
		}
		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
		alice.sendChannel(0x4000, "hours later")
		bob.wantData(alice.relayed, "hours later")
		late := w.client(alice4, alice.cred)
		late.want(codeUnauthorized, stun.MethodAllocate, udp)
		late.want(codeUnauthorized, stun.MethodRefresh)
		alice.want(0, stun.MethodRefresh, lifetime(0))
		alice.want(codeUnauthorized, stun.MethodAllocate, udp) // within the linger of the ended slot
	})
}

// covers T8
func TestSecretsRotateWithoutCuttingACall(t *testing.T) {
	old := testSecret(t, 'o')
	both := func(c *Config) { c.Secrets = append(c.Secrets, old) }
	inWorld(t, both, func(t *testing.T, w *world) {
		p, err := Mint(old, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.client(alice4, p.A).wantAllocated()
		w.client(alice4, stock(old, "946699200:room")).wantAllocated()
		w.client(alice4, w.pair().A).wantAllocated()
		forged := p.A // our shape names its secret, so another one must not do
		forged.Password = stock(w.secret, p.A.Username).Password
		w.client(alice4, forged).want(codeUnauthorized, stun.MethodAllocate, udp)
	})
	inWorld(t, nil, func(t *testing.T, w *world) {
		p, err := Mint(old, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.client(alice4, p.A).want(codeUnauthorized, stun.MethodAllocate, udp)
		w.client(alice4, stock(old, "946699200:room")).want(codeUnauthorized, stun.MethodAllocate, udp)
	})
}

func TestSecretsAreText(t *testing.T) {
	s, err := GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "\n", "\r\n"} {
		again, err := ParseSecret([]byte(string(text) + end))
		if err != nil || again.keyID() != s.keyID() {
			t.Errorf("with %q at its end: %v", end, err)
		}
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 15), strings.Repeat("x", 513), strings.Repeat("x", 16) + "\n\n", "with a space in the middle", "\x00123456789abcdefgh", "äöüäöüäöüäöü"} {
		if _, err := ParseSecret([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		} else if len(bad) > 0 && strings.Contains(err.Error(), bad) {
			t.Error("the error has the secret in it")
		}
	}
	if _, err := (Secret{}).MarshalText(); err == nil {
		t.Error("an unset secret has a text")
	}
}

// covers C11 (this package's types)
func TestSecretsDoNotPrint(t *testing.T) {
	secret := testSecret(t, 's')
	p, err := Mint(secret, time.Unix(1000, 0), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range []any{secret, &secret, p, &p, p.A, &p.A, []Secret{secret}, []Credential{p.A}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		log.Info("x", "v", v)
	}
	for _, leak := range []string{"sssss", "7373", p.A.Password, p.A.Username, fmt.Sprintf("%x", p.A.Password), fmt.Sprintf("%x", p.A.Username), "4600:"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q is printed", leak)
		}
	}
}

func FuzzUsername(f *testing.F) {
	p, err := Mint(testSecret(f, 's'), time.Unix(1000, 0), time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(p.A.Username))
	f.Add([]byte("1700000000:alice"))
	f.Add([]byte("12"))
	f.Add([]byte("0:00000A.0000000\r\r0000000000000.a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, ok := parseUsername(b)
		switch {
		case !ok:
			if u.ours {
				t.Error("refused and ours")
			}
		case u.expiry < 0:
			t.Error("before 1970")
		case u.ours: // one tag has one spelling
			text := textEncoding.EncodeToString(u.keyID[:]) + "." + textEncoding.EncodeToString(u.tag[:]) + "."
			if _, rest, _ := strings.Cut(string(b), ":"); rest != text+"a" && rest != text+"b" {
				t.Errorf("%q is read as %q", rest, text)
			}
		}
	})
}
