package interop

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// uclient is the client that comes with coturn.
const uclient = "turnutils_uclient"

func findUclient(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath(uclient)
	if err == nil {
		return program
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run .ci/tools", uclient)
	}
	t.Skipf("%s is missing: run .ci/tools, or apt-get install coturn", uclient)
	return ""
}

const (
	uclientMessages = 10 // of each client

	// uclientTries bounds how often a call is placed again. The client draws lots for two things that RFC 8656 lets a server
	// refuse: EVEN-PORT, for every other allocation (420), and channel numbers up to 0x7FFF, of which the RFC leaves a quarter
	// (400). A call of two clients with channels gets past both once in 64 times.
	uclientTries = 1500
)

var (
	uclientLast    = regexp.MustCompile(`start_mclient: tot_send_msgs=(\d+), tot_recv_msgs=(\d+)`)
	uclientRefused = regexp.MustCompile(`error (\d+) `)
)

// Two clients of coturn's call one another through the relay, and every message arrives. Over TLS some do: the client takes each record
// for one message and loses the others in it, and the relay writes what waits in one record.
//
// covers T12 (coturn's client)
func TestUclientCallsThroughTheSwitch(t *testing.T) {
	program := findUclient(t)
	for _, tt := range []struct {
		name string
		at   func(addresses) netip.AddrPort
		args []string
	}{
		{"channels over UDP", overUDP, nil},
		{"indications over UDP", overUDP, []string{"-s"}},
		{"relayed IPv6 over UDP", overUDP, []string{"-s", "-x"}},
		{"padded and more requests over UDP", overUDP, []string{"-s", "-D", "-G"}},
		{"DONT-FRAGMENT over UDP", overUDP, []string{"-s", "-g"}},
		{"channels over TCP", overTCP, []string{"-t"}},
		{"indications over TCP", overTCP, []string{"-t", "-s"}},
		{"channels over TLS", overTLS, []string{"-t", "-S"}},
		{"indications over TLS", overTLS, []string{"-t", "-S", "-s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // it waits most of the time
			at := tt.at(serve(t))
			for try := range uclientTries {
				who := newLogin(fmt.Sprintf("call%d", try))
				args := append([]string{
					"-y", "-c", "-m", "1", "-n", strconv.Itoa(uclientMessages), "-u", who.username, "-w", who.password,
					"-p", strconv.Itoa(int(at.Port())),
				}, tt.args...)
				out, err := exec.CommandContext(t.Context(), program, append(args, at.Addr().String())...).CombinedOutput()
				if err != nil && lots(string(out)) {
					continue
				}
				if err != nil {
					t.Fatalf("%v:\n%s", err, tail(string(out)))
				}
				m := uclientLast.FindStringSubmatch(string(out))
				want := strconv.Itoa(2 * uclientMessages)
				switch {
				case m == nil || m[1] != want:
					t.Errorf("want %s messages to be sent:\n%s", want, tail(string(out)))
				case m[2] == "0" || m[2] != want && !slices.Contains(tt.args, "-S"):
					t.Errorf("want %s messages to arrive:\n%s", want, tail(string(out)))
				}
				return
			}
			t.Errorf("no luck in %d tries", uclientTries)
		})
	}
}

func overUDP(a addresses) netip.AddrPort { return a.udp }
func overTCP(a addresses) netip.AddrPort { return a.tcp }
func overTLS(a addresses) netip.AddrPort { return a.tls }

// lots says whether all that went wrong is what the client drew lots for, or (437) that it was too slow to hear an answer and asked
// again in other words.
func lots(out string) bool {
	refusals := uclientRefused.FindAllStringSubmatch(out, -1)
	return len(refusals) > 0 && !slices.ContainsFunc(refusals, func(m []string) bool { return m[1] != "420" && m[1] != "400" && m[1] != "437" })
}

func tail(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
