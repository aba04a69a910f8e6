package media

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// covers S10
func TestAnotherCertificateThanAnnouncedClosesTheConnection(t *testing.T) {
	for _, liar := range []Role{Caller, Callee} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			defer w.stop()
			alice, dA := w.gathered(w.config(Caller))
			bob, dB := w.gathered(w.config(Callee))
			victim, other := alice, bob
			if liar == Caller {
				victim, other = bob, alice
				dA.Fingerprint[3] ^= 1
			} else {
				dB.Fingerprint[3] ^= 1
			}
			go func() { _ = other.Connect(context.Background(), map[Role]Description{Caller: dB, Callee: dA}[liar]) }()
			err := victim.Connect(context.Background(), map[Role]Description{Caller: dA, Callee: dB}[liar])
			if !errors.Is(err, ErrFingerprint) && !errors.Is(err, ErrDTLS) {
				t.Errorf("the %v has another certificate: %v", liar, err)
			}
			if err := victim.WriteFrame([]byte{1}); !errors.Is(err, ErrClosed) {
				t.Errorf("and a frame is sent: %v", err)
			}
			_, _ = alice.Close(), bob.Close()
			if s := victim.Stats(); s.FramesReceived != 0 || s.FramesSent != 0 || s.State != StateClosed {
				t.Errorf("and yet: %+v", s)
			}
		})
	}
}

// covers S10: nobody becomes the other role because the other side plays it too.
func TestTwoOfTheSameRoleDoNotConnect(t *testing.T) {
	for _, role := range []Role{Caller, Callee} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			defer w.stop()
			alice, dA := w.gathered(w.config(role))
			bob, dB := w.gathered(w.config(role))
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			done := make(chan error)
			go func() { done <- bob.Connect(ctx, dA) }()
			errA := alice.Connect(ctx, dB)
			if errB := <-done; errA == nil || errB == nil {
				t.Errorf("two of role %v: %v, %v", role, errA, errB)
			}
		})
	}
}

// covers S10
func TestDescriptionsThatNoHonestPhoneMakesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		bob, dB := w.gathered(w.config(Callee))
		defer bob.Close()
		for name, change := range map[string]func(*Description){
			"no fingerprint":              func(d *Description) { d.Fingerprint = [32]byte{} },
			"a line break in the ufrag":   func(d *Description) { d.Ufrag = "abcd\r\na=fingerprint:md5 00" },
			"a short password":            func(d *Description) { d.Pwd = "abc" },
			"a space in the password":     func(d *Description) { d.Pwd += " x" },
			"no ufrag":                    func(d *Description) { d.Ufrag = "" },
			"a ufrag longer than allowed": func(d *Description) { d.Ufrag = strings.Repeat("a", 300) },
		} {
			alice, _ := w.gathered(w.config(Caller))
			d := dB
			change(&d)
			if err := alice.Connect(context.Background(), d); !errors.Is(err, ErrDescription) {
				t.Errorf("%s: %v", name, err)
			}
			if s := alice.Stats().State; s != StateClosed {
				t.Errorf("%s: the connection is %v", name, s)
			}
		}
	})
}

// covers S10: whatever the peer says, there is one fingerprint, and it is a SHA-256.
func FuzzSDP(f *testing.F) {
	f.Add("abcd", "0123456789abcdefghijkl", []byte{1}, []byte{203, 0, 113, 1}, uint16(9), uint32(1))
	f.Add("ab\r\na=fingerprint:sha-1 00", "0123456789abcdefghijkl", []byte{1}, []byte{10, 0, 0, 1}, uint16(0), uint32(0))
	f.Fuzz(func(t *testing.T, ufrag, pwd string, print, ip []byte, port uint16, priority uint32) {
		d := Description{Ufrag: ufrag, Pwd: pwd}
		copy(d.Fingerprint[:], print)
		a, _ := netip.AddrFromSlice(ip)
		for range 20 {
			d.Candidates = append(d.Candidates, Candidate{Addr: netip.AddrPortFrom(a, port), Priority: priority})
		}
		for _, role := range []Role{Caller, Callee} {
			text, err := SDP(role, d)
			if err != nil {
				if !errors.Is(err, ErrDescription) {
					t.Error(err)
				}
				continue
			}
			lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
			want, candidates := strings.Count(sdpTemplate, "\r\n"), strings.Count(text, "a=candidate:")
			if len(lines) != want+candidates || candidates > MaxCandidates {
				t.Fatalf("%d lines, %d of candidates, in place of %d", len(lines), candidates, want)
			}
			for _, line := range lines {
				if strings.ContainsAny(line, "\r\n") || (strings.HasPrefix(line, "a=fingerprint:") && len(line) != len("a=fingerprint:sha-256 ")+95) {
					t.Fatalf("%q", line)
				}
			}
			if strings.Count(text, "fingerprint") != 1 || strings.Count(text, "a=setup:") != 1 || strings.Contains(text, "extmap") {
				t.Fatal(text)
			}
		}
	})
}

// What names somebody prints as its type name, however it is printed.
func TestNothingPrintsWhomItConcerns(t *testing.T) {
	d := Description{
		Fingerprint: [32]byte{0xab, 0xcd, 0xef}, Ufrag: "ufragufr", Pwd: "pwdpwdpwdpwdpwdpwdpwdpwd",
		Candidates: []Candidate{{Addr: netip.MustParseAddrPort("203.0.113.77:7777"), Priority: 1}},
	}
	r := Relay{URL: "turn:203.0.113.77", Username: "ufragufr", Password: "pwdpwd"}
	for _, v := range []any{d, &d, d.Candidates, d.Candidates[0], r, []Relay{r}, Config{Role: Caller, Relays: []Relay{r}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			text := []byte(strings.ToLower(fmt.Sprintf(verb, v)))
			for _, secret := range []string{"203.0.113", "ufragufr", "pwdpwd", "7777", hex.EncodeToString(d.Fingerprint[:3]), "171 205"} {
				if bytes.Contains(text, []byte(secret)) {
					t.Errorf("%s of %T tells %q", verb, v, secret)
				}
			}
		}
	}
}
