package probe

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pion/logging"
	turn3 "github.com/pion/turn/v3"
	turn5 "github.com/pion/turn/v5"
)

// pionEnv makes this test a server of pion's, of a version: one that spins can only be stopped by ending its process.
const pionEnv = "PROBE_TEST_PION"

func TestMain(m *testing.M) {
	if version := os.Getenv(pionEnv); version != "" {
		if err := servePion(version); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// servePion prints where it listens and serves until its standard input ends.
func servePion(version string) error {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	here := net.IP{127, 0, 0, 1}
	switch version {
	case "v3":
		at := &turn3.RelayAddressGeneratorStatic{RelayAddress: here, Address: "127.0.0.1"}
		_, err = turn3.NewServer(turn3.ServerConfig{
			Realm: "probe", LoggerFactory: quiet,
			AuthHandler: func(username, realm string, _ net.Addr) ([]byte, bool) {
				return turn3.GenerateAuthKey(username, realm, password(username)), true
			},
			PacketConnConfigs: []turn3.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: at}},
			ListenerConfigs:   []turn3.ListenerConfig{{Listener: l, RelayAddressGenerator: at}},
		})
	case "v5":
		at := &turn5.RelayAddressGeneratorStatic{RelayAddress: here, Address: "127.0.0.1"}
		_, err = turn5.NewServer(turn5.ServerConfig{
			Realm: "probe", LoggerFactory: quiet,
			AuthHandler: func(a *turn5.RequestAttributes) (string, []byte, bool) {
				return a.Username, turn5.GenerateAuthKey(a.Username, a.Realm, password(a.Username)), true
			},
			PacketConnConfigs: []turn5.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: at}},
			ListenerConfigs:   []turn5.ListenerConfig{{Listener: l, RelayAddressGenerator: at}},
		})
	default:
		err = fmt.Errorf("no version %q", version)
	}
	if err != nil {
		return err
	}
	fmt.Println(conn.LocalAddr(), l.Addr())
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return nil
}

func password(username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// startPion runs a server in a process of its own, until the test ends.
func startPion(t *testing.T, version string) (udp, tcp string, pid int) {
	t.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), pionEnv+"="+version)
	server.Stderr = os.Stderr
	if _, err := server.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	udp, tcp, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok {
		t.Fatalf("the server said %q", line)
	}
	return udp, tcp, server.Process.Pid
}

// One server spins on a length, and the probe says so and ends; its later version closes the connection.
//
// covers T1 (what fails it)
func TestAFramingSpinIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("other people's servers, which take their time")
	}
	if !cpuKnown() {
		t.Skip("the CPU time of other processes is not known on this system")
	}
	for version, spins := range map[string]bool{"v3": true, "v5": false} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			_, tcp, pid := startPion(t, version)
			r := ask(t, Config{Target: tcp, Transport: TCP, PID: pid})
			for _, p := range r.Results {
				if p.Name == "stream.length-of-channel-data" && spins != (p.Verdict == Fail && strings.HasPrefix(p.Got, "spins")) {
					t.Errorf("%s: %s", p.Name, p.Got)
				}
			}
		})
	}
}

// What the probe finds in a server that is open by default, and does not tell its users apart.
func TestAnOpenRelayIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("other people's servers, which take their time")
	}
	for _, version := range []string{"v3", "v5"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			udp, _, pid := startPion(t, version)
			got := make(map[string]Result)
			for _, p := range ask(t, Config{Target: udp, Transport: UDP, PID: pid}).Results {
				got[p.Name] = p
			}
			for name, want := range map[string]Verdict{
				"binding": Pass, "allocate": Pass, "data.indications": Pass, "data.channel": Pass,
				"relay-to.loopback": Fail, "relay-to.a-socket-here": Fail, "relay-to.metadata": Fail,
			} {
				if got[name].Verdict != want {
					t.Errorf("%s is %s (%s), want %s", name, got[name].Verdict, got[name].Got, want)
				}
			}
		})
	}
}
