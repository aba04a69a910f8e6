package scenario

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func plan(t *testing.T, text string) (*Scenario, Plan) {
	t.Helper()
	s, err := Parse([]byte("version: 1\n"+text), "")
	if err != nil {
		t.Fatal(err)
	}
	return s, s.Plan()
}

// count is how many calls begin between two times.
func (p Plan) count(from, to time.Duration) (n int) {
	for _, c := range p.Calls {
		if c.At >= from && c.At < to {
			n++
		}
	}
	return n
}

// wantAbout allows four standard deviations of a Poisson count.
func wantAbout(t *testing.T, what string, got int, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 4*math.Sqrt(want) {
		t.Errorf("%s: %d, want about %.0f", what, got, want)
	}
}

func TestArrivalsFollowTheStages(t *testing.T) {
	_, p := plan(t, "load: {arrivals: {poisson: {rate: 5/s}}, stages: [{ramp_to: 10/s, over: 100s}, {hold: 100s}, {spike: 50/s, for: 10s}, {hold: 100s}, {drain: 60s}]}")
	wantAbout(t, "first half of the ramp", p.count(0, 50*time.Second), 125)
	wantAbout(t, "second half", p.count(50*time.Second, 100*time.Second), 375)
	wantAbout(t, "hold", p.count(100*time.Second, 200*time.Second), 1000)
	wantAbout(t, "spike", p.count(200*time.Second, 210*time.Second), 500)
	wantAbout(t, "after it", p.count(210*time.Second, 310*time.Second), 1000)
	if n := p.count(310*time.Second, time.Hour); n != 0 {
		t.Errorf("%d calls while draining", n)
	}
	_, p = plan(t, "load: {arrivals: {constant: {rate: 10/s}}, calls: 20}")
	for i, c := range p.Calls {
		if c.At != time.Duration(i)*100*time.Millisecond {
			t.Errorf("call %d at %v", i, c.At)
		}
	}
	_, p = plan(t, "load: {arrivals: {mmpp: {rates: [1/s, 20/s], stays: [30s, 10s]}}, stages: [{hold: 4h}]}")
	rate := float64(len(p.Calls)) / (4 * 3600) // mean 5.75/s, and far from Poisson
	if rate < 5 || rate > 6.5 {
		t.Errorf("rate %v", rate)
	}
	_, p = plan(t, "load: {arrivals: {constant: {rate: 1/s}}, stages: [{hold: 100s}], max_concurrent: 5}\ncalls: [{duration: 10s, ring: 0s}]")
	if len(p.Calls)+p.Refused != 100 || p.Refused < 50 {
		t.Errorf("%d placed, %d refused", len(p.Calls), p.Refused)
	}
}

func TestAMixHasItsWeightsAndIsDrawnCallByCall(t *testing.T) {
	const text = "load: {arrivals: {poisson: {rate: 100/s}}, calls: 10000}\nnetwork: {caller: {pick: [{wifi: 3}, {lte: 1}]}, nat: {pick: [none, symmetric]}}\n"
	s, p := plan(t, text+"calls: [{name: a, weight: 3}, {name: b, weight: 1, outcome: no_answer}]")
	kinds := make(map[string]int)
	for _, c := range p.Calls {
		kinds[c.Mix.Name]++
		kinds["caller "+c.Caller.Profile]++
		kinds["callee "+c.Callee.Profile]++
		kinds[c.Callee.NAT]++
	}
	for name, want := range map[string]float64{"a": 7500, "b": 2500, "caller wifi": 7500, "callee lte": 2500, "symmetric": 5000} {
		wantAbout(t, name, kinds[name], want)
	}
	if again := s.Plan(); !reflect.DeepEqual(p, again) {
		t.Error("another plan")
	}
	// What is added to a scenario changes nothing else.
	_, q := plan(t, text+"calls: [{name: a, weight: 3, events: [{at: 1s, do: mute, for: 1s}]}, {name: b, weight: 1, outcome: no_answer}]\nfaults: [{at: 5s, do: relay.kill}]")
	for i := range p.Calls {
		x, y := p.Calls[i], q.Calls[i]
		if x.Mix, y.Mix = nil, nil; x != y {
			t.Fatalf("%+v became %+v", x, y)
		}
	}
	_, q = plan(t, "seed: 2\n"+text)
	if p.Calls[5].Seed == q.Calls[5].Seed || p.Calls[5].At == q.Calls[5].At {
		t.Error("another seed changes nothing")
	}
}

func TestUsersOfAClosedModelCallOneAfterTheOther(t *testing.T) {
	_, p := plan(t, "load: {model: closed, users: 4, pause: 2s, for: 5m}\ncalls: [{duration: {exp: 20s}, ring: 1s}]")
	free := make(map[int]time.Duration)
	for i, c := range p.Calls {
		if c.At < free[c.User] || (i > 0 && c.At < p.Calls[i-1].At) {
			t.Errorf("call %d of user %d at %v", i, c.User, c.At)
		}
		free[c.User] = c.At + c.nominal() + 2*time.Second
	}
	if len(free) != 4 || len(p.Calls) < 30 {
		t.Errorf("%d calls of %d users", len(p.Calls), len(free))
	}
}

func TestDistributions(t *testing.T) {
	for _, d := range []Dist{
		{Kind: Fixed, Value: 3 * time.Second}, {Kind: Exponential, Value: 6 * time.Second},
		{Kind: Lognormal, Value: 10 * time.Second, Sigma: 0.5}, {Kind: Erlang, Value: 60 * time.Second, K: 3},
		{Kind: Empirical, Values: []time.Duration{time.Second, 9 * time.Second}},
	} {
		r, sum, square := rand.New(rand.NewPCG(1, 2)), 0.0, 0.0
		const count = 200000
		for range count {
			x := d.Draw(r).Seconds()
			sum, square = sum+x, square+x*x
		}
		mean := sum / count
		if want := d.Mean().Seconds(); math.Abs(mean-want) > 0.01*want {
			t.Errorf("%s: mean %v, want %v", d.Kind, mean, want)
		}
		if deviation := math.Sqrt(square/count - mean*mean); d.Kind == Erlang && math.Abs(deviation-60/math.Sqrt(3)) > 0.5 {
			t.Errorf("erlang: deviation %v", deviation)
		}
	}
}
