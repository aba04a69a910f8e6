package turn

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// covers T8 (the parts without rotation)
func TestChallenges(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		m := c.exchange(c.build(stun.MethodAllocate, udp).Raw)
		if codeOf(m) != codeUnauthorized || len(m.Attributes) != 4 {
			t.Fatalf("%v, want 401 with realm, nonce and algorithms only", m)
		}
		c.do(stun.MethodRefresh)
		nonce, realm := c.nonce, c.realm

		check := func(why string, want errorCode) {
			t.Helper()
			m := c.exchange(c.build(stun.MethodAllocate, udp).Raw)
			if got := codeOf(m); got != want {
				t.Errorf("%s: %d, want %d", why, got, want)
			}
			if m.Contains(stun.AttrMessageIntegrity) {
				t.Errorf("%s: sealed for nobody", why)
			}
			if n, err := m.Get(stun.AttrNonce); want == codeStaleNonce && (err != nil || len(n) != nonceTextBytes) {
				t.Errorf("%s: no nonce", why)
			}
			c.nonce, c.realm = nonce, realm
		}
		c.nonce = "_" + nonce[1:]
		check("a nonce made up", codeStaleNonce)
		c.nonce = "short"
		check("a nonce of another server", codeStaleNonce)
		c.realm = "elsewhere"
		check("another realm", codeUnauthorized)
		good := c.cred
		c.cred.Password = "guess"
		check("a wrong password", codeUnauthorized)
		c.cred = stock(w.secret, "946684800:now is too late")
		check("an expired credential", codeUnauthorized)
		c.cred = stock(w.secret, "no expiry")
		check("no credential of any issuer", codeUnauthorized)
		c.cred = stock(testSecret(t, 'x'), "99946684800:x")
		check("a foreign secret", codeUnauthorized)
		c.cred = good

		thief := w.client(eve4, good)
		thief.nonce, thief.realm = nonce, realm
		if m := thief.exchange(thief.build(stun.MethodAllocate, udp).Raw); codeOf(m) != codeStaleNonce {
			t.Errorf("a nonce from another address: %d", codeOf(m))
		}
		for _, drop := range []stun.AttrType{stun.AttrUsername, stun.AttrRealm, stun.AttrNonce} {
			full := c.build(stun.MethodAllocate, udp)
			part := &stun.Message{Type: full.Type, TransactionID: full.TransactionID}
			part.WriteHeader()
			for _, a := range full.Attributes {
				if a.Type != drop && a.Type != stun.AttrFingerprint {
					part.Add(a.Type, a.Value)
				}
			}
			if m := c.exchange(part.Raw); codeOf(m) != codeBadRequest {
				t.Errorf("without %v: %d, want 400", drop, codeOf(m))
			}
		}
		if n := w.server.Stats().Allocations; n != 0 {
			t.Errorf("%d allocations out of refusals", n)
		}
		c.wantAllocated()
		time.Sleep(2 * time.Hour)
		if m := c.exchange(c.build(stun.MethodRefresh).Raw); codeOf(m) != codeStaleNonce {
			t.Errorf("an old nonce: %d, want 438", codeOf(m))
		}
	})
}

func TestWhatFollowsTheSealIsIgnored(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		for _, strong := range []bool{false, true} {
			c := w.client(alice4, w.pair().A)
			c.sha256 = strong
			c.want(codeMismatch, stun.MethodRefresh)
			full := c.build(stun.MethodAllocate, udp)
			m := &stun.Message{Type: full.Type, TransactionID: full.TransactionID}
			m.WriteHeader()
			for _, a := range full.Attributes {
				if a.Type != stun.AttrFingerprint {
					m.Add(a.Type, a.Value)
				}
			}
			m.Add(stun.AttrLifetime, []byte{0, 0, 0x0e, 0x10}) // an hour, as nobody asked
			m.Add(0x7777, nil)
			if strong {
				m.Add(stun.AttrMessageIntegrity, make([]byte, 20))
			}
			answer := c.exchange(m.Raw)
			if code := codeOf(answer); code != 0 || lifetimeIn(t, answer) != defaultLifetime {
				t.Errorf("SHA-256 %v: code %d: %v", strong, code, answer)
			}
		}
	})
}

func TestSHA256IntegrityIsTakenAndGiven(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		c.sha256 = true
		c.wantAllocated()
		c.want(0, stun.MethodRefresh, lifetime(30*time.Minute))
		good := c.build(stun.MethodRefresh)
		for _, a := range good.Attributes {
			if a.Type == attrIntegritySHA256 {
				a.Value[31] ^= 1
			}
		}
		good.Raw = good.Raw[:len(good.Raw)-8] // the fingerprint is wrong now
		binary.BigEndian.PutUint16(good.Raw[2:], uint16(len(good.Raw)-stunHeader))
		if m := c.exchange(good.Raw); codeOf(m) != codeUnauthorized {
			t.Errorf("a broken seal: %d", codeOf(m))
		}
	})
}

// RFC 8489 section 9.2: the better key is offered, and who takes an offer back on the way is found out.
func TestPasswordAlgorithms(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.client(alice4, w.pair().A)
		m := c.exchange(c.build(stun.MethodAllocate, udp).Raw)
		nonce, _ := m.Get(stun.AttrNonce)
		offered, err := m.Get(attrAlgorithms)
		if err != nil || !strings.HasPrefix(string(nonce), "obMatJos2gAAA") {
			t.Fatalf("nonce %q, PASSWORD-ALGORITHMS %x", nonce, offered)
		}
		c.sha256, c.strong, c.offered = true, true, string(offered)
		c.wantAllocated()
		c.want(0, stun.MethodRefresh)
		c.sha256 = false
		c.want(0, stun.MethodRefresh)
		c.sha256 = true
		for why, offered := range map[string]string{
			"SHA-256 is taken back": "\x00\x01\x00\x00", "another order": "\x00\x01\x00\x00\x00\x02\x00\x00", "nothing was offered": "", "junk": "\xFF",
		} {
			c.offered = offered
			if m := c.exchange(c.build(stun.MethodRefresh).Raw); codeOf(m) != codeBadRequest {
				t.Errorf("%s: %d, want 400", why, codeOf(m))
			}
		}
		c.offered = string(offered)
		nonceWas := c.nonce
		c.nonce = "obMatJos2AAAA" + c.nonce[13:]
		if m := c.exchange(c.build(stun.MethodRefresh).Raw); codeOf(m) != codeStaleNonce {
			t.Errorf("the feature is taken out of the nonce: %d, want 438", codeOf(m))
		}
		c.nonce = nonceWas
		c.want(0, stun.MethodRefresh)
		c.strong = false
		if m := c.exchange(c.build(stun.MethodRefresh).Raw); codeOf(m) != codeUnauthorized {
			t.Errorf("another key than the allocation was made with: %d, want 401", codeOf(m))
		}
	})
}

// covers T9
func TestAnotherUserOnThe5TupleIsRefusedAndTheOwnerUnharmed(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		owner := alice.cred
		alice.cred = w.pair().A
		alice.want(codeWrongCredentials, stun.MethodRefresh, lifetime(0))
		alice.want(codeWrongCredentials, stun.MethodCreatePermission, peer(at4(9)))
		alice.want(codeWrongCredentials, stun.MethodCreatePermission, peer(netip.AddrPortFrom(eve4, 9)))
		alice.want(codeWrongCredentials, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
		alice.want(codeMismatch, stun.MethodAllocate, udp)
		alice.cred = owner
		alice.send(bob.relayed, "still here")
		bob.wantData(alice.relayed, "still here")
	})
}
