package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/turn"
)

const secret = "a-secret-that-probes-and-servers-share-here"

// ask runs everything against a server on loopback.
func ask(t *testing.T, cfg Config) *Report {
	t.Helper()
	cfg.Login = SecretLogin([]byte(secret))
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text.String())
	if r.Packets > maxPackets || len(r.Results) < 60 || len(r.Costs) != 6 {
		t.Errorf("%d packets, %d probes, %d costs", r.Packets, len(r.Results), len(r.Costs))
	}
	return r
}

// serve runs our relay until the test ends.
func serve(t *testing.T) (udp, tcp string) {
	t.Helper()
	s, err := turn.ParseSecret([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	relay, err := turn.New(turn.Config{
		Secrets: []turn.Secret{s}, Public4: netip.MustParseAddr("127.0.0.1"), Public6: netip.MustParseAddr("2001:db8::1"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	conns, err := turn.ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 2)
	go func() { served <- relay.ServeUDP(context.Background(), conns[0]) }()
	go func() { served <- relay.ServeTCP(context.Background(), l) }()
	t.Cleanup(func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
		for range cap(served) {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
	return conns[0].LocalAddr().String(), l.Addr().String()
}

// Our relay passes every probe there is.
//
// covers T1, T12
func TestOurRelayPassesEveryProbe(t *testing.T) {
	for _, transport := range []Transport{UDP, TCP} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()         // it waits most of the time
			udp, tcp := serve(t) // each its own, for floods spend the budget of this address
			cfg := Config{Target: udp, Transport: transport}
			if transport == TCP {
				cfg.Target = tcp
			}
			for _, p := range ask(t, cfg).Results {
				stream := strings.HasPrefix(p.Name, "stream.")
				wantSkipped := stream && cfg.Transport == UDP || strings.HasPrefix(p.Name, "amplification.") && cfg.Transport != UDP
				switch {
				case wantSkipped != (p.Verdict == Skipped):
					t.Errorf("%s was %s: %s", p.Name, p.Verdict, p.Got)
				case !wantSkipped && p.Verdict != Pass:
					t.Errorf("%s: want %s, got %s (%s)", p.Name, p.Want, p.Got, p.Verdict)
				}
			}
		})
	}
}

// Another server is told what it does otherwise, and no probe hangs.
func TestCoturnIsToldWhatItDoesOtherwise(t *testing.T) {
	if testing.Short() {
		t.Skip("somebody else's server, which takes its time")
	}
	t.Parallel()
	program, err := exec.LookPath("turnserver")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("turnserver is missing: run .ci/tools")
		}
		t.Skip("turnserver is missing: run .ci/tools")
	}
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server := exec.Command(program, "-n", "-c", "/dev/null", "--no-tls", "--no-dtls", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", port, "--use-auth-secret",
		"--static-auth-secret="+secret, "-r", "probe", "--no-cli", "--pidfile", dir+"/pid", "--db", dir+"/db", "--log-file", "stdout")
	server.Dir = dir
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	r := ask(t, Config{Target: waitFor(t, "127.0.0.1:"+port), Transport: UDP, PID: server.Process.Pid})
	got := make(map[string]Result)
	for _, p := range r.Results {
		got[p.Name] = p
	}
	for name, want := range map[string]Verdict{
		"binding": Pass, "allocate": Pass, "allocate.no-credentials": Pass, "allocate.wrong-nonce": Pass, "refresh.other-user": Pass,
		"relay-to.loopback": Pass, "relay-to.private-10": Fail, "relay-to.metadata": Fail, "credential.expired": Pass,
		"malformed.messages": Pass, "quota.allocations-of-a-user": Differs,
	} {
		if got[name].Verdict != want {
			t.Errorf("%s is %s (%s), want %s", name, got[name].Verdict, got[name].Got, want)
		}
	}
	for _, c := range r.Costs {
		if c.Sent == 0 || c.CPUMicros == nil && cpuKnown() {
			t.Errorf("nothing is known of the cost of %s", c.Packet)
		}
	}
}

func cpuKnown() bool {
	_, known := cpuTime(os.Getpid())
	return known
}

// waitFor waits until a server takes connections.
func waitFor(t *testing.T, target string) string {
	t.Helper()
	for range 200 {
		c, err := net.Dial("tcp", target)
		if err == nil {
			_ = c.Close()
			return target
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server does not come up")
	return ""
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	for _, transport := range []Transport{UDP, TCP, TLS} {
		_, err := Run(t.Context(), Config{Target: "127.0.0.1:1", Transport: transport, Wait: 50 * time.Millisecond})
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

func TestWithoutCredentialsTheRestIsStillAsked(t *testing.T) {
	udp, _ := serve(t)
	r, err := Run(t.Context(), Config{Target: udp, Transport: UDP, Wait: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Count(Fail) != 0 || r.Count(Pass) < 5 || r.Count(Skipped) < 40 {
		t.Errorf("%d fail, %d pass, %d skipped", r.Count(Fail), r.Count(Pass), r.Count(Skipped))
	}
}

func TestALoginPrintsAsItsTypeName(t *testing.T) {
	for _, l := range []Login{SecretLogin([]byte(secret)), UserLogin("name", secret)} {
		text := fmt.Sprintf("%v %+v %#v %s", l, l, Config{Login: l}, l)
		if strings.Contains(text, secret) {
			t.Errorf("a login prints its secret: %s", text)
		}
	}
}

// A server that hangs up ends a flood, also when each read comes too late to notice.
func TestAFloodEndsWithItsConnection(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1)) // it is connected
			_ = c.Close()
		}
	}()
	e := &env{ctx: t.Context(), cfg: Config{Target: l.Addr().String(), Transport: TCP, Wait: 50 * time.Millisecond}}
	c, ok := e.flood("anything", func() []byte { return payload })
	if !ok || c.Sent >= floodPackets || e.packets >= maxPackets {
		t.Errorf("%v: %d sent, %d counted", ok, c.Sent, e.packets)
	}
}
