package turn

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

const canaryRelay = "TACITURN_TEST_CANARY_RELAY"

// TestCanaryRelay is the other process of TestNothingStaysInMemory.
func TestCanaryRelay(t *testing.T) {
	if os.Getenv(canaryRelay) == "" {
		t.Skip("a part of TestNothingStaysInMemory")
	}
	s, _, at := serve(t, "127.0.0.1:0", 2)
	fmt.Println(at, serveStreams(t, s, plain), serveStreams(t, s, secured))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// The memory of a relay in another process is searched for what it must forget: during the call, when all must be found, or the
// search is worth nothing, and a second after its end.
//
// covers P2
func TestNothingStaysInMemory(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes seconds; and the race detector keeps what it sees")
	}
	relay := exec.Command(os.Args[0], "-test.run=^TestCanaryRelay$")
	relay.Env = append(os.Environ(), canaryRelay+"=1")
	stdin, err := relay.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := relay.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := relay.Start(); err != nil {
		t.Skipf("no other process: %v", err)
	}
	defer func() {
		_ = stdin.Close()
		_ = relay.Wait()
	}()
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	var at []netip.AddrPort
	for word := range strings.FieldsSeq(line) {
		a, err := netip.ParseAddrPort(word)
		if err != nil {
			t.Skip("no relay")
		}
		at = append(at, a)
	}
	call := startCanaryCall(t, at[0], at[1], at[2])
	call.wantFound(relay.Process.Pid)
	call.end()
	call.wantForgotten(relay.Process.Pid)
}

// canaryCall is two calls of people who are easy to recognise: over UDP, and between TCP and TLS.
type canaryCall struct {
	t        *testing.T
	clients  [4]*client
	canaries map[string][]byte
}

// startCanaryCall returns when all have talked.
func startCanaryCall(t *testing.T, udpAt, tcpAt, tlsAt netip.AddrPort) *canaryCall {
	t.Helper()
	pair, err := Mint(testSecret(t, 's'), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	call := &canaryCall{t: t, canaries: map[string][]byte{}}
	for i, over := range []over{overUDP, overUDP, overTCP, overTLS} {
		call.join(i, over, []netip.AddrPort{udpAt, udpAt, tcpAt, tlsAt}[i], []Credential{pair.A, pair.B}[i%2])
	}
	u, _ := parseUsername([]byte(pair.A.Username))
	call.canaries["tag"] = u.tag[:]
	call.canaries["tag as text"] = []byte(textEncoding.EncodeToString(u.tag[:]))
	call.canaries["voice"] = []byte("the voice of alice")
	call.canaries["voice from TLS"] = []byte("the voice of dave") // the last packet may stay while the connection lives

	alice, bob, carol, dave := call.clients[0], call.clients[1], call.clients[2], call.clients[3]
	alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	bob.want(0, stun.MethodCreatePermission, peer(alice.relayed))
	carol.want(0, stun.MethodChannelBind, number(0x4001), peer(dave.relayed))
	dave.want(0, stun.MethodChannelBind, number(0x4002), peer(carol.relayed))
	for range 100 {
		alice.sendChannel(0x4000, "the voice of alice")
		bob.wantData(alice.relayed, "the voice of alice")
		dave.sendChannel(0x4002, "the voice of dave")
		carol.wantChannel(0x4001, "the voice of dave")
		carol.sendChannel(0x4001, "hello dave")
		dave.wantChannel(0x4002, "hello dave")
	}
	return call
}

// join makes an allocation, and notes what would betray it.
func (call *canaryCall) join(i int, over over, at netip.AddrPort, cred Credential) {
	t, host, side := call.t, fmt.Sprintf("127.77.83.%d", 91+i), string('a'+rune(i))
	t.Helper()
	var c *client
	var addr netip.AddrPort
	if over == overUDP {
		c = dial(t, at, cred)
		_ = c.conn.Close()
		conn, err := net.ListenPacket("udp4", host+":0")
		if err != nil {
			t.Skip("no addresses but 127.0.0.1")
		}
		t.Cleanup(func() { _ = conn.Close() })
		c.conn, addr = conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
	} else {
		c = dialStream(t, at, over, host, cred)
		addr = c.conn.LocalAddr().(*net.TCPAddr).AddrPort()
	}
	c.wantAllocated()
	call.clients[i] = c
	ip := addr.Addr().As4()
	port := binary.BigEndian.AppendUint16(nil, addr.Port())
	key := md5.Sum([]byte(cred.Username + ":" + c.realm + ":" + cred.Password))
	for what, b := range map[string][]byte{
		"username":             []byte(cred.Username),
		"password":             []byte(cred.Password),
		"key":                  key[:],
		"address then port":    append(append([]byte(nil), ip[:]...), port...),
		"port then address":    append(append([]byte(nil), port...), ip[:]...),
		"address as text":      []byte(addr.Addr().String()),
		"address as two words": {ip[3], ip[2], ip[1], ip[0], 0xFF, 0xFF, 0, 0},
	} {
		call.canaries[what+" "+side] = b
	}
}

// wantFound proves that a search of the process finds what it is for.
func (call *canaryCall) wantFound(pid int) {
	call.t.Helper()
	during := search(call.t, pid, call.canaries)
	for _, want := range []string{"tag", "key a", "key b", "address as two words a", "address as two words b", "address as two words c", "address as two words d"} {
		if during[want] == 0 {
			call.t.Fatalf("%s is not found during the call, so the search is void", want)
		}
	}
	if during["voice"] != 0 {
		call.t.Error("voice stays in memory during the call")
	}
}

// end hangs up what goes over UDP; the others vanish.
func (call *canaryCall) end() {
	call.t.Helper()
	for i, c := range call.clients {
		if i < 2 {
			c.want(0, stun.MethodRefresh, lifetime(0))
		}
		_ = c.conn.Close()
	}
}

// wantForgotten searches a second after the end. A busy machine may be late to wipe, so that what is found may go in a few more; that
// the second is kept shows TestSlotsAreZeroWithinASecondOfTheEnd, in virtual time.
func (call *canaryCall) wantForgotten(pid int) {
	call.t.Helper()
	var left map[string]int
	for range 5 {
		time.Sleep(time.Second)
		if left = search(call.t, pid, call.canaries); len(left) == 0 {
			return
		}
		call.t.Logf("late: %v", left)
	}
	for what, n := range left {
		call.t.Errorf("%s: %d times in memory after the end", what, n)
	}
}

// search counts what is found in the writable memory of a process.
func search(t *testing.T, pid int, canaries map[string][]byte) map[string]int {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Skip("no /proc")
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Skip("no access to the memory of a child")
	}
	defer mem.Close()
	found := map[string]int{}
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var perms string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &from, &to, &perms); n != 3 || !strings.HasPrefix(perms, "rw") {
			continue
		}
		b := make([]byte, to-from)
		n, _ := mem.ReadAt(b, from)
		for what, canary := range canaries {
			if k := bytes.Count(b[:n], canary); k != 0 {
				found[what] += k
				if testing.Verbose() {
					t.Logf("%s at %#x in %s", what, from+int64(bytes.Index(b[:n], canary)), strings.TrimSpace(line))
				}
			}
		}
	}
	return found
}
