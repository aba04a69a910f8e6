package calls_test

import (
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// liar is a server that does all a server does, and says of some accounts what it likes.
type liar struct {
	honest http.Handler

	mu     sync.Mutex
	lies   map[string]record.Published // by the path of the account
	posted int                         // envelopes
}

// lying puts a liar in the place of the server, before anybody has spoken to it.
func (w *world) lying() *liar {
	l := &liar{honest: w.http.Handler, lies: make(map[string]record.Published)}
	w.http.Handler = l
	return l
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	lie, lies := l.lies[r.URL.Path]
	if r.URL.Path == signaling.PathEnvelopes {
		l.posted++
	}
	l.mu.Unlock()
	if lies && r.Method == http.MethodGet {
		_, _ = w.Write(lie.Append(nil))
		return
	}
	l.honest.ServeHTTP(w, r)
}

func (l *liar) envelopes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posted
}

// path is where an account is looked up.
func (l *liar) path(t *testing.T, of *person) string {
	t.Helper()
	id, err := of.profile.Account().ID().MarshalText()
	must(t, err)
	return signaling.PathDirectory + string(id)
}

// truth is what the honest server says of somebody.
func (l *liar) truth(t *testing.T, of *person) record.Published {
	t.Helper()
	got := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, l.path(t, of), http.NoBody)
	r.RemoteAddr = aliceIP.String() + ":1"
	l.honest.ServeHTTP(got, r)
	published, err := record.ParsePublished(got.Body.Bytes())
	must(t, err)
	return published
}

// say makes the server say p of somebody; nil: the truth.
func (l *liar) say(t *testing.T, of *person, p *record.Published) {
	t.Helper()
	path := l.path(t, of)
	l.mu.Lock()
	defer l.mu.Unlock()
	if p == nil {
		delete(l.lies, path)
		return
	}
	l.lies[path] = *p
}

// A server that puts its own keys in the place of a known contact's: the call is refused with an alarm, and not one envelope
// is made that the server could open. With the truth the same call is made.
// covers S1
func TestAServerThatSwapsKeysGetsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		server := w.lying()
		alice, bob, mallory := w.person(aliceIP), w.person(bobIP), w.person(carolIP)
		befriend(alice, bob)
		caller, _ := talk(t, alice, bob)
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)

		hers := server.truth(t, mallory)
		device := server.truth(t, bob)
		device.List.Devices[0].Key = hers.List.Devices[0].Key
		prekey := server.truth(t, bob)
		prekey.Prekeys[0].Key = hers.Prekeys[0].Key
		signed := server.truth(t, bob)
		signed.Prekeys = server.truth(t, mallory).Prekeys
		signed.Prekeys[0].Device = signed.List.Devices[0].ID
		for name, lie := range map[string]*record.Published{
			"the account": &hers, "the device's key": &device, "the prekey": &prekey, "the prekey with its signature": &signed,
		} {
			before := server.envelopes()
			server.say(t, bob, lie)
			c := alice.dial(bob)
			wantResult(t, c, callstate.Failed)
			if !errors.Is(c.Err(), calls.ErrContactChanged) {
				t.Errorf("%s: %v", name, c.Err())
			}
			if n := server.envelopes() - before; n != 0 {
				t.Errorf("%s: %d envelopes were made with swapped keys", name, n)
			}
			bob.wantQuiet(time.Second)
			mallory.wantQuiet(time.Second)
		}
		server.say(t, bob, nil)
		caller, _ = talk(t, alice, bob)
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}

// Somebody has stolen bob's account key, and the server shows alice another device list than bob's own. It is found at the
// first call between them: bob's RING brings his list, the call is not made, and alice is told.
// covers S7
func TestTwoViewsOfOneAccountAreFoundAtTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		server := w.lying()
		dir := filepath.Join(t.TempDir(), "bob")
		profile, err := calls.ProfileConfig{DialContext: w.Host(bobIP).DialContext}.Create(t.Context(), dir, serverURL, nil)
		must(t, err)
		alice, bob := w.person(aliceIP), w.online(bobIP, profile)
		befriend(alice, bob)

		file, err := os.ReadFile(filepath.Join(dir, "identity.key"))
		must(t, err)
		_, secrets, ok := strings.Cut(string(file), serverURL)
		if !ok {
			t.Fatal("not a key file without a passphrase")
		}
		stolen := ed25519.NewKeyFromSeed([]byte(secrets[:ed25519.SeedSize]))
		view := server.truth(t, bob)
		view.List.Devices[0].Kind = record.KindWeb
		view.List.Sign(func(m []byte) [record.SignatureSize]byte {
			return [record.SignatureSize]byte(ed25519.Sign(stolen, m))
		})
		must(t, view.Verify(time.Now())) // nothing about it is wrong but that there is another

		server.say(t, bob, &view)
		c := alice.dial(bob)
		bob.wantRing()
		<-c.Done()
		if c.Result() == callstate.HungUp || !errors.Is(c.Err(), calls.ErrContactChanged) {
			t.Errorf("result %v, %v", c.Result(), c.Err())
		}
		// And later, when the server tells the truth, the contradiction is still known.
		server.say(t, bob, nil)
		c = alice.dial(bob)
		wantResult(t, c, callstate.Failed)
		if !errors.Is(c.Err(), calls.ErrContactChanged) {
			t.Errorf("afterwards: %v", c.Err())
		}
	})
}
