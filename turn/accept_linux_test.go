package turn

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

const fewDescriptors = "TACITURN_TEST_FEW_DESCRIPTORS"

// TestRelayWithFewDescriptors is the other process of TestRunningOutOfDescriptors.
func TestRelayWithFewDescriptors(t *testing.T) {
	if os.Getenv(fewDescriptors) == "" {
		t.Skip("a part of TestRunningOutOfDescriptors")
	}
	s, _, at := serve(t, "127.0.0.1:0", 1)
	streams := serveStreams(t, s, plain)
	limit := syscall.Rlimit{Cur: 40, Max: 40}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	fmt.Println(at, streams)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// Connections come until Accept fails; then some go, and the next is served.
//
// covers T3
func TestRunningOutOfDescriptors(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	relay := exec.Command(os.Args[0], "-test.run=^TestRelayWithFewDescriptors$")
	relay.Env = append(os.Environ(), fewDescriptors+"=1")
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
	var udpAt, tcpAt string
	if n, _ := fmt.Fscan(stdout, &udpAt, &tcpAt); n != 2 {
		t.Skip("no relay")
	}
	pair, err := Mint(testSecret(t, 's'), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	bob := dial(t, netip.MustParseAddrPort(udpAt), pair.B)
	bob.wantAllocated()
	var conns []net.Conn
	for range 60 {
		c, err := net.Dial("tcp", strings.TrimSpace(tcpAt))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	bob.want(0, stun.MethodRefresh) // datagrams need no descriptor
	for _, c := range conns {
		_ = c.Close()
	}
	alice := dialStream(t, netip.MustParseAddrPort(tcpAt), overTCP, "127.0.0.1", pair.A)
	alice.write(alice.build(stun.MethodBinding).Raw)
	if alice.readWithin(30*time.Second) == nil {
		t.Fatal("the listener does not recover")
	}
	alice.wantAllocated()
}
