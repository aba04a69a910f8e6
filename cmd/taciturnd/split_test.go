package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command/commandtest"
)

// Two phones, a relay and signaling, each in a process of its own, in the middle of a call.
type split struct {
	t                *testing.T
	relay, signaling *commandtest.Server
	alice, bob       *commandtest.Process
	env              []string // of the phones
	relayFlags       []string // to start the relay again
}

// startCall lets alice talk for so long, by any way to the relay. Both hear each other when it returns.
func startCall(t *testing.T, talk string) *split {
	t.Helper()
	return startCallOver(t, talk, "", 0)
}

// startCallOver is startCall by one way only: that of the relay's URL that begins and ends so.
func startCallOver(t *testing.T, talk, way string, drain time.Duration) *split {
	t.Helper()
	dir := t.TempDir()
	taciturnd, taciturn, secret := commandtest.Bin("taciturnd"), commandtest.Bin("taciturn"), filepath.Join(dir, "relay.secret")
	cert, key, err := commandtest.Certificate(dir)
	if err != nil {
		t.Fatal(err)
	}
	finish(t, taciturnd, "secret", secret)
	w := &split{t: t}
	w.relayFlags = []string{"--role", "relay", "--turn-secret-file", secret, "--tls-cert", cert, "--tls-key", key, "--drain", drain.String()}
	w.relay = commandtest.Serve(t, taciturnd, w.relayFlags...)
	flags := []string{"--role", "signaling", "--turn-secret-file", secret, "--turn-public", w.relay.Relay}
	for _, u := range w.relay.TURN {
		if scheme, transport, _ := strings.Cut(way, " "); way != "" && strings.HasPrefix(u, scheme+":") && strings.HasSuffix(u, transport) {
			flags = append(flags, "--turn-url", u)
		}
	}
	w.signaling = commandtest.Serve(t, taciturnd, flags...)
	w.env = []string{"SSL_CERT_FILE=" + cert}
	phone := func(name string, args ...string) []string {
		return append([]string{"--home", filepath.Join(dir, "profiles"), "--profile", name}, args...)
	}
	for _, name := range []string{"alice", "bob"} {
		finish(t, taciturn, phone(name, "init", "--server", w.signaling.URL)...)
	}
	link := strings.TrimSpace(finish(t, taciturn, phone("bob", "id", "--link")...))
	w.bob = commandtest.StartIn(t, w.env, taciturn, phone("bob", "--json", "listen", "--once", "--answer", "--play", "tone", "--record", filepath.Join(dir, "bob.wav"))...)
	w.await(w.bob, `"event":"online"`)
	w.alice = commandtest.StartIn(t, w.env, taciturn, phone("alice", "--json", "call", link, "--play", "tone", "--record", filepath.Join(dir, "alice.wav"), "--for", talk)...)
	w.await(w.alice, `"event":"first-voice"`)
	w.await(w.bob, `"event":"first-voice"`)
	return w
}

// finish runs a command to its end and returns what it printed.
func finish(t *testing.T, path string, args ...string) string {
	t.Helper()
	p := commandtest.Start(t, path, args...)
	if code, err := p.Wait(); err != nil || code != 0 {
		t.Fatalf("%s ended with %d, %v:\n%s", filepath.Base(path), code, err, p.Stderr)
	}
	return p.Stdout.String()
}

// ended is the last line of a phone's --json output.
type ended struct {
	At     time.Time `json:"at"`
	Result string    `json:"result"`
	Stats  struct {
		Sent     int `json:"frames_sent"`
		Received int `json:"frames_received"`
		Lost     int `json:"frames_lost"`
	} `json:"stats"`
}

func (w *split) await(p *commandtest.Process, text string) string {
	w.t.Helper()
	line, err := p.Await(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return line
}

// wantEnd waits for the end of a phone.
func (w *split) wantEnd(about string, p *commandtest.Process, result string, code int) (e ended) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.await(p, `"event":"ended"`)), &e); err != nil {
		w.t.Fatalf("%s: %v", about, err)
	}
	if e.Result != result {
		w.t.Errorf("%s ended with %q, not %q", about, e.Result, result)
	}
	if got, err := p.Wait(); err != nil || got != code {
		w.t.Errorf("%s exits with %d, %v; want %d: %s", about, got, err, code, p.Stderr)
	}
	return e
}

// talkingSince is when a phone began to talk.
func (w *split) talkingSince(p *commandtest.Process) time.Time {
	w.t.Helper()
	var e ended
	if err := json.Unmarshal([]byte(w.await(p, `"state":"talking"`)), &e); err != nil {
		w.t.Fatal(err)
	}
	return e.At
}

func TestVoiceAndHangupDoNotNeedSignaling(t *testing.T) {
	// covers N4
	t.Parallel()
	w := startCall(t, "5s")
	w.signaling.Kill()
	for name, p := range map[string]*commandtest.Process{"alice": w.alice, "bob": w.bob} {
		e := w.wantEnd(name, p, "hung-up", 0)
		// 50 frames a second over the whole call: had voice stopped with signaling, most of them would be missing. A
		// busy machine may send some late, but not a tenth.
		if want := int(e.At.Sub(w.talkingSince(p)).Seconds() * 50); e.Stats.Received < want*9/10 || e.Stats.Lost > want/100 {
			t.Errorf("%s received %d frames and lost %d, of about %d", name, e.Stats.Received, e.Stats.Lost, want)
		}
	}
	if !w.relay.Running() {
		t.Error("the relay has gone with signaling")
	}
}

// covers N5 (a call is not cut by a relay that drains)
func TestARelayDrainsBeforeItStops(t *testing.T) {
	t.Parallel()
	w := startCallOver(t, "3s", "", time.Minute)
	w.relay.Terminate()
	if _, err := w.relay.Await("draining"); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*commandtest.Process{"alice": w.alice, "bob": w.bob} {
		w.wantEnd(name, p, "hung-up", 0)
	}
	if code, err := w.relay.Wait(); err != nil || code != 0 {
		t.Errorf("the relay exits with %d, %v:\n%s", code, err, w.relay.Stderr)
	}
}

// covers T12 (our phones over UDP, TCP and TLS, which are one port)
func TestACallByEachWayToTheRelay(t *testing.T) {
	for _, way := range []string{"turn transport=udp", "turn transport=tcp", "turns transport=tcp"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			w := startCallOver(t, "2s", way, 0)
			for name, p := range map[string]*commandtest.Process{"alice": w.alice, "bob": w.bob} {
				if e := w.wantEnd(name, p, "hung-up", 0); e.Stats.Received < 50 {
					t.Errorf("%s received %d frames", name, e.Stats.Received)
				}
			}
		})
	}
}

func TestTheEndOfTheRelayEndsTheCallOnBothSides(t *testing.T) {
	// covers N4
	t.Parallel()
	w := startCall(t, "5m")
	killed := time.Now()
	w.relay.Kill()
	for name, p := range map[string]*commandtest.Process{"alice": w.alice, "bob": w.bob} {
		e := w.wantEnd(name, p, "media-lost", 1)
		if took := e.At.Sub(killed); took > 35*time.Second {
			t.Errorf("%s noticed after %v only", name, took)
		}
		t.Logf("%s noticed after %v", name, e.At.Sub(killed))
		if err := commandtest.Failure("taciturn", p.Stderr.String()); err != nil || !strings.Contains(p.Stderr.String(), "media-lost") {
			t.Errorf("%s does not say what has happened: %v\n%s", name, err, p.Stderr)
		}
	}
	if !w.signaling.Running() {
		t.Error("signaling has gone with the relay")
	}
}

// A relay that is killed and started again knows nobody; the phones come back to it by themselves.
func TestACallComesBackWhenItsRelayIsStartedAgain(t *testing.T) {
	// covers N4
	t.Parallel()
	w := startCall(t, "12s")
	w.relay.Kill()
	w.relay = commandtest.Serve(t, commandtest.Bin("taciturnd"), append(w.relayFlags, "--turn-listen", w.relay.Relay)...)
	for name, p := range map[string]*commandtest.Process{"alice": w.alice, "bob": w.bob} {
		e := w.wantEnd(name, p, "hung-up", 0)
		t.Logf("%s lost %d frames of 20 ms while the relay was away", name, e.Stats.Lost)
		if e.Stats.Received < 6*50 {
			t.Errorf("%s received %d frames in 12 s", name, e.Stats.Received)
		}
	}
}

func TestAServerStopsGracefullyDuringACall(t *testing.T) {
	t.Parallel()
	w := startCall(t, "5m")
	for name, s := range map[string]*commandtest.Server{"signaling": w.signaling, "the relay": w.relay} {
		asked := time.Now()
		s.Terminate()
		if code, err := s.Wait(); err != nil || code != 0 {
			t.Errorf("%s exits with %d, %v:\n%s", name, code, err, s.Stderr)
		}
		if took := time.Since(asked); took > stopGrace+5*time.Second {
			t.Errorf("%s took %v to stop", name, took)
		}
		t.Logf("%s stopped after %v", name, time.Since(asked))
		if !strings.Contains(s.Stdout.String(), "\nstopping\n") {
			t.Errorf("%s does not say that it stops:\n%s", name, s.Stdout)
		}
	}
}
