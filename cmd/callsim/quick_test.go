package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command/commandtest"
)

// place runs real calls on real sockets.
func place(t *testing.T, cfg quickConfig, secrets ...string) *Report {
	t.Helper()
	q := &quick{cfg: cfg, observer: newObserver(), meter: newMeter()}
	for _, s := range secrets {
		q.observer.secret([]byte(s))
	}
	r, err := q.run(context.Background(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantGood checks all but how fast it was, which depends on what else this machine does: .ci/first-call judges that.
func wantGood(t *testing.T, r *Report) {
	t.Helper()
	for _, x := range r.Thresholds {
		if !x.OK && !strings.HasSuffix(x.Key, "_ms.p95") && !(r.Verdict == verdictInvalid && !strings.HasPrefix(x.Key, "privacy.")) {
			t.Errorf("%s is %v, wanted %s", x.Key, x.Got, x.Want)
		}
	}
	if r.Privacy.VoicePackets == 0 || r.Media.Received == 0 {
		t.Errorf("nothing was measured: %+v", r)
	}
}

func TestTwoRealCallsPass(t *testing.T) {
	// covers M5, P6
	r := place(t, quickConfig{calls: 2, talk: 2 * time.Second})
	wantGood(t, r)
	// The relay sees each packet twice: when it comes and when it goes.
	if r.Privacy.Observer != "relay" || r.Privacy.VoicePackets < 2*r.Media.Received || !slices.Equal(r.Privacy.EnvelopeSizes, []int{4096}) {
		t.Errorf("%+v", r.Privacy)
	}
}

func TestPhonesOfAGivenServerWatchTheirOwnSockets(t *testing.T) {
	// covers M5
	server := commandtest.Serve(t, commandtest.Bin("taciturnd"))
	r := place(t, quickConfig{calls: 1, talk: 2 * time.Second, server: server.URL, ownEncoder: true})
	wantGood(t, r)
	if r.Privacy.Observer != "phone" || r.Scenario.Server != "given" || r.Scenario.Encoder != "own" || r.Privacy.VoicePackets < 2*r.Media.Received {
		t.Errorf("%+v of %+v", r.Privacy, r.Scenario)
	}
}

// Were the observer blind, every run would pass: here it is told to look for what STUN says in the clear.
func TestTheObserverOfARealRunIsNotBlind(t *testing.T) {
	r := place(t, quickConfig{calls: 1, talk: 2 * time.Second}, "taciturn")
	if r.Privacy.PlaintextSeen == 0 || r.Verdict != verdictFail {
		t.Errorf("the realm of the relay was not seen: %s, %+v", r.Verdict, r.Privacy)
	}
}
