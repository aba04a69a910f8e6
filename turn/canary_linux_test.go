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
	pair, err := Mint(testSecret(t, 's'), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var clients []*client
	canaries := map[string][]byte{}
	for i, over := range []over{overUDP, overUDP, overTCP, overTLS} {
		host, cred := fmt.Sprintf("127.77.83.%d", 91+i), []Credential{pair.A, pair.B}[i%2]
		var c *client
		var addr netip.AddrPort
		if over == overUDP {
			c = dial(t, at[0], cred)
			_ = c.conn.Close()
			if c.conn, err = net.ListenPacket("udp4", host+":0"); err != nil {
				t.Skip("no addresses but 127.0.0.1")
			}
			defer c.conn.Close()
			addr = c.conn.LocalAddr().(*net.UDPAddr).AddrPort()
		} else {
			c = dialStream(t, at[i-1], over, host, cred)
			addr = c.conn.LocalAddr().(*net.TCPAddr).AddrPort()
		}
		c.wantAllocated()
		clients = append(clients, c)
		side := string('a' + rune(i))
		ip := addr.Addr().As4()
		port := binary.BigEndian.AppendUint16(nil, addr.Port())
		canaries["username "+side] = []byte(cred.Username)
		canaries["password "+side] = []byte(cred.Password)
		key := md5.Sum([]byte(cred.Username + ":" + c.realm + ":" + cred.Password))
		canaries["key "+side] = key[:]
		canaries["address then port "+side] = append(append([]byte(nil), ip[:]...), port...)
		canaries["port then address "+side] = append(append([]byte(nil), port...), ip[:]...)
		canaries["address as text "+side] = []byte(addr.Addr().String())
		canaries["address as two words "+side] = []byte{ip[3], ip[2], ip[1], ip[0], 0xFF, 0xFF, 0, 0}
	}
	u, _ := parseUsername([]byte(pair.A.Username))
	canaries["tag"] = u.tag[:]
	canaries["tag as text"] = []byte(textEncoding.EncodeToString(u.tag[:]))
	canaries["voice"] = []byte("the voice of alice")
	canaries["voice from TLS"] = []byte("the voice of dave") // the last packet may stay while the connection lives

	alice, bob, carol, dave := clients[0], clients[1], clients[2], clients[3]
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
	during := search(t, relay.Process.Pid, canaries)
	for _, want := range []string{"tag", "key a", "key b", "address as two words a", "address as two words b", "address as two words c", "address as two words d"} {
		if during[want] == 0 {
			t.Fatalf("%s is not found during the call, so the search is void", want)
		}
	}
	if during["voice"] != 0 {
		t.Error("voice stays in memory during the call")
	}
	alice.want(0, stun.MethodRefresh, lifetime(0))
	bob.want(0, stun.MethodRefresh, lifetime(0))
	_ = carol.conn.Close() // vanish
	_ = dave.conn.Close()
	time.Sleep(time.Second)
	for what, n := range search(t, relay.Process.Pid, canaries) {
		t.Errorf("%s: %d times in memory a second after the end", what, n)
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
