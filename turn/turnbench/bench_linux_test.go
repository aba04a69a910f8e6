package main

import (
	"bytes"
	"encoding/json"
	"math"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestMain lets the test binary be a relay too, as the program itself is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		if childMain() != nil {
			os.Exit(exitFailed)
		}
		return
	}
	os.Exit(m.Run())
}

// Every client hears its peer through every relay, or the run fails; then every stage has its samples. No figure is looked at: machines are busy.
func TestEveryRelayCarriesCalls(t *testing.T) {
	var out, errs bytes.Buffer
	runtime.LockOSThread() // which relays die with
	defer runtime.UnlockOSThread()
	cores, err := allowedCores()
	if err != nil {
		t.Fatal(err)
	}
	if len(cores) < 2 {
		t.Skip("one core: there is nothing to compare on")
	}
	defer func() {
		if err := pinAll(cores); err != nil {
			t.Error(err)
		}
	}()
	code := run(t.Context(), []string{"-json", "-rounds=1", "-full=50ms", "-voice=50ms", "-flows=10", "-loads=5,20", "-setup=40", "-allocations=20", "-patience=0s"}, &out, &errs)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var r struct {
		Results []struct {
			Relay        string
			Not_measured string
			Full         struct{ Packets_per_second []float64 }
			Voice        map[string]struct{ Loss []float64 }
			Setup        struct{ Allocations int }
			Memory       []struct{ Rss_bytes int64 }
			Cores        *struct{ Scaling []float64 }
		}
		Figures []struct{ Name string }
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != len(kinds) || len(r.Figures) != 9 {
		t.Errorf("%d relays and %d figures", len(r.Results), len(r.Figures))
	}
	for _, x := range r.Results {
		if x.Not_measured != "" {
			if x.Relay != string(kindCoturn) || !strings.Contains(x.Not_measured, "apt-get install coturn") {
				t.Errorf("%s: %s", x.Relay, x.Not_measured)
			}
			continue
		}
		if rounds := x.Full.Packets_per_second; len(rounds) != 1 {
			t.Errorf("%s: packets per second %v", x.Relay, rounds)
		}
		if len(x.Voice["5"].Loss) != 1 || len(x.Voice["20"].Loss) != 1 {
			t.Errorf("%s: voice %v", x.Relay, x.Voice)
		}
		if x.Relay == string(kindRaw) {
			continue
		}
		if x.Setup.Allocations != 40 || len(x.Memory) != 1 || x.Memory[0].Rss_bytes == 0 {
			t.Errorf("%s: setup %v, memory %v", x.Relay, x.Setup, x.Memory)
		}
		if x.Relay == string(kindOurs) && (x.Cores == nil || len(x.Cores.Scaling) != 1) {
			t.Errorf("no cores for %s", x.Relay)
		}
	}
}

func TestWrongUsageIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{"word"}, {"-nonsense"}, {"-relays=ours,theirs"}, {"-relays=ours,ours"}, {"-relays="}, {"-stages=fast"}, {"-loads=1"}, {"-loads=many"},
		{"-allocations=2000000"}, {"-rounds=0"}, {"-stages=cores"}, {"-flows=1"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != exitUsage || out.Len() != 0 || errs.Len() == 0 {
			t.Errorf("%v: exit code %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
}

func TestQuickLeavesWhatIsGiven(t *testing.T) {
	o, err := parseOptions([]string{"-quick", "-rounds=9", "-stages=full"}, new(bytes.Buffer))
	if err != nil || o.rounds != 9 || o.full != time.Second || o.loads != nil || o.memory != nil || o.setup != 0 || o.cores {
		t.Errorf("%+v: %v", o, err)
	}
}

// The requests are what a codec of others understands.
func TestRequestsAreSTUN(t *testing.T) {
	c := &calls{secret: "secret", clients: []*client{{number: 0, step: stepBind, username: "9:x", channel: 0x4001}, {number: 1}}}
	k := c.clients[0]
	k.realm, k.nonce = []byte("realm"), []byte("nonce")
	k.key = longTermKey(k.username, "realm", restPassword("secret", k.username))
	c.clients[1].relayed = netip.MustParseAddrPort("127.0.0.1:5000")
	m := &stun.Message{Raw: c.appendRequest(nil, k)}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	if err := stun.NewLongTermIntegrity("9:x", "realm", restPassword("secret", "9:x")).Check(m); err != nil {
		t.Error(err)
	}
	var at stun.XORMappedAddress
	if err := at.GetFromAs(m, stun.AttrXORPeerAddress); err != nil || at.Port != 5000 || at.IP.String() != "127.0.0.1" {
		t.Errorf("peer %v: %v", at, err)
	}
	if m.Type.Method != stun.MethodChannelBind {
		t.Errorf("type %v", m.Type)
	}
}

func TestAnswersAreRead(t *testing.T) {
	id := [stun.TransactionIDSize]byte{1, 2, 3}
	m := stun.MustBuild(stun.NewTransactionIDSetter(id), stun.NewType(stun.MethodAllocate, stun.ClassErrorResponse), stun.CodeUnauthorized, stun.NewRealm("r"), stun.NewNonce("nonce"))
	a, err := parseAnswer(m.Raw)
	if err != nil || a.code != 401 || string(a.realm) != "r" || string(a.nonce) != "nonce" || a.id != id {
		t.Errorf("%+v: %v", a, err)
	}
	for n := range m.Raw {
		if _, err := parseAnswer(m.Raw[:n]); err == nil {
			t.Errorf("%d bytes are an answer", n)
		}
	}
	if _, err := parseAnswer(stun.MustBuild(stun.BindingRequest).Raw); err == nil {
		t.Error("a request is an answer")
	}
}

func TestMediansRatiosAndQuantiles(t *testing.T) {
	if m := (samples{3, 1, math.NaN(), 2}).median(); m != 2 {
		t.Errorf("median %v", m)
	}
	if m := (samples{4, 1, 2, 3}).median(); m != 2.5 {
		t.Errorf("median %v", m)
	}
	if !math.IsNaN(samples(nil).median()) {
		t.Error("nothing has a median")
	}
	if r := (samples{2, 6, 9}).over(samples{1, 2}); !slices.Equal(r, samples{2, 3}) {
		t.Errorf("ratios %v", r)
	}
	var h histogram
	for i := range 100 {
		h.add(time.Duration(i+1) * time.Microsecond)
	}
	if h.quantile(0.5) != 50 || h.quantile(0.99) != 99 || h.quantile(1) != 100 {
		t.Errorf("quantiles %v %v %v", h.quantile(0.5), h.quantile(0.99), h.quantile(1))
	}
}

func TestMissedFiguresAreTold(t *testing.T) {
	r := &report{Results: []*result{
		{Relay: "ours", Full: traffic{CPUMicros: samples{3, 4}}, Setup: setupStage{PerCore: samples{50_000}}},
		{Relay: "raw", Full: traffic{CPUMicros: samples{3, 4}}},
		{Relay: "coturn", Full: traffic{CPUMicros: samples{6, 8}}},
	}}
	r.judge()
	var out bytes.Buffer
	r.writeText(&out)
	for verdict, n := range map[string]int{"reached": 2, "MISSED": 1, "not measured": 6} {
		if got := strings.Count(out.String(), verdict+" "); got != n {
			t.Errorf("%q is there %d times, not %d:\n%s", verdict, got, n, out.String())
		}
	}
	if !r.missed() {
		t.Error("nothing is missed")
	}
}
