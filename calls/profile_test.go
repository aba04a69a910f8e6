package calls_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
)

func TestAProfileIsTheSameAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		dir := filepath.Join(t.TempDir(), "alice")
		created, err := calls.ProfileConfig{DialContext: w.Host(aliceIP).DialContext}.Create(t.Context(), dir, serverURL+"/", []byte("correct horse"))
		must(t, err)
		bob := w.person(bobIP)
		must(t, created.AddContact("bob", bob.profile.Link()))
		if err := created.AddContact("bob", newWorldless(t)); err == nil {
			t.Error("two contacts have one name")
		}

		if _, err := calls.OpenProfile(dir, nil); !errors.Is(err, identity.ErrNeedPassphrase) {
			t.Errorf("without a passphrase: %v", err)
		}
		if _, err := calls.OpenProfile(dir, []byte("battery staple")); !errors.Is(err, identity.ErrPassphrase) {
			t.Errorf("with a wrong one: %v", err)
		}
		opened, err := calls.OpenProfile(dir, []byte("correct horse"))
		must(t, err)
		if opened.Address() != created.Address() || opened.Link() != created.Link() || opened.Server() != serverURL {
			t.Error("somebody else came out of the files")
		}
		if c, ok := opened.Contact("bob"); !ok || calls.Address(c) != bob.profile.Address() {
			t.Error("the contact is lost")
		}
		must(t, opened.RemoveContact("bob"))
		if len(opened.Contacts()) != 0 {
			t.Error("a removed contact is still there")
		}
		before, err := os.ReadFile(filepath.Join(dir, "identity.key"))
		must(t, err)
		_, err = calls.ProfileConfig{DialContext: w.Host(aliceIP).DialContext}.Create(t.Context(), dir, serverURL, nil)
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating it again: %v", err)
		}
		after, err := os.ReadFile(filepath.Join(dir, "identity.key"))
		must(t, err)
		if string(before) != string(after) {
			t.Error("the keys were written over")
		}
		files, err := os.ReadDir(dir)
		must(t, err)
		for _, f := range files {
			info, err := f.Info()
			must(t, err)
			if info.Mode().Perm() != 0o600 || strings.HasPrefix(f.Name(), ".") {
				t.Errorf("%s has mode %o", f.Name(), info.Mode().Perm())
			}
		}
	})
}

func TestADamagedProfileIsRefusedAndLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		dir := filepath.Join(t.TempDir(), "alice")
		_, err := calls.ProfileConfig{DialContext: w.Host(aliceIP).DialContext}.Create(t.Context(), dir, serverURL, nil)
		must(t, err)
		if _, err := calls.OpenProfile(filepath.Join(dir, "nobody"), nil); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "nobody") {
			t.Errorf("a profile that is not there: %v", err)
		}
		for _, name := range []string{"identity.key", "contacts", "replay"} {
			path := filepath.Join(dir, name)
			whole, err := os.ReadFile(path)
			must(t, err)
			damaged := append([]byte("damaged"), whole...)
			must(t, os.WriteFile(path, damaged, 0o600))
			if _, err := calls.OpenProfile(dir, nil); err == nil || strings.Contains(err.Error(), dir) {
				t.Errorf("a damaged file %s: %v", name, err)
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != string(damaged) {
				t.Errorf("%s was changed", name)
			}
			must(t, os.WriteFile(path, whole, 0o600))
			must(t, os.Chmod(path, 0o644))
			if _, err := calls.OpenProfile(dir, nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("%s readable by others: %v", name, err)
			}
			must(t, os.Chmod(path, 0o600))
		}
		_, err = calls.OpenProfile(dir, nil)
		must(t, err)
	})
}

func TestAServerIsReachedByHTTPSOrOnThisMachine(t *testing.T) {
	for _, server := range []string{"", "calls.example.org", "http://calls.example.org", "ftp://127.0.0.1", "http://192.0.2.1", "https://"} {
		if _, err := calls.CreateProfile(t.Context(), "", server, nil); err == nil {
			t.Errorf("%q is taken for a server", server)
		}
	}
}

// An offer is good once, also when the phone was restarted in between. A server that keeps envelopes cannot ring with them.
// covers S3
func TestAPhoneThatRestartsDoesNotRingTwiceForOneOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice := w.person(aliceIP)
		dir := filepath.Join(t.TempDir(), "bob")
		profile, err := calls.ProfileConfig{DialContext: w.Host(bobIP).DialContext}.Create(t.Context(), dir, serverURL, nil)
		must(t, err)
		bob := w.online(bobIP, profile)
		caller := alice.dial(bob) // a stranger, so nothing tells alice's phone that it rings: it repeats the offer
		bob.wantRing()
		bob.close()
		time.Sleep(time.Second)
		profile, err = calls.OpenProfile(dir, nil)
		must(t, err)
		again := w.online(bobIP, profile)
		again.wantQuiet(40 * time.Second)
		wantResult(t, caller, callstate.NoAnswer)
	})
}

func TestAServerThatForgotIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice := w.person(aliceIP)
		// Bob's identity was made when the service had another memory.
		id := calls.ProfileConfig{DialContext: w.Host(bobIP).DialContext}
		profile, err := id.Create(t.Context(), "", serverURL, nil)
		must(t, err)
		w.restartSignaling()
		time.Sleep(time.Minute)
		bob := w.online(bobIP, profile)
		must(t, alice.WaitOnline(t.Context()))
		caller, _ := talk(t, alice, bob)
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}
