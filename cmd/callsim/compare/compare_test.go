package compare

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/resulttest"
)

func made(seed uint64, slower time.Duration, lossier float64) *result.Run {
	return resulttest.Run(resulttest.Config{Seed: seed, Calls: 40, Talk: time.Second, Slower: slower, Lossier: lossier}, nil)
}

func lines(t *testing.T, a, b *result.Run) []Line {
	t.Helper()
	all, err := Runs(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Twenty of twenty, in both directions of error.
func TestASlowedBuildIsToldFromACleanOne(t *testing.T) {
	other := made(1000, 0, 0)
	for seed := range uint64(pairs) {
		clean := made(seed, 0, 0)
		slowed := made(2000+seed, 200*time.Millisecond, 0)
		if l := lines(t, clean, other); Regressed(l) {
			t.Errorf("seed %d: cries on two clean ones: %+v", seed, l)
		}
		if !Regressed(lines(t, clean, slowed)) {
			t.Errorf("seed %d: 200 ms slower is not noticed", seed)
		}
		if l := lines(t, slowed, clean); Regressed(l) {
			t.Errorf("seed %d: faster is a regression: %+v", seed, l)
		}
		other = clean
	}
}

func TestOnePlaintextIsWorse(t *testing.T) {
	a, b := made(1, 0, 0), made(1, 0, 0)
	b.Privacy.PlaintextSeen = 1
	if !Regressed(lines(t, a, b)) || Regressed(lines(t, a, a)) {
		t.Error("a leak is not worse, or a run worse than itself")
	}
	var out bytes.Buffer
	if err := Text(&out, lines(t, a, b)); err != nil || !strings.Contains(out.String(), "e2ee.plaintext_seen") || !strings.Contains(out.String(), "worse") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if _, err := Runs(a, &result.Run{}); err == nil {
		t.Error("no calls compare with some")
	}
}
