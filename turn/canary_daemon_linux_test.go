package turn

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a taciturnd, which serves all that it can.
type daemon struct {
	t     *testing.T
	cmd   *exec.Cmd
	dir   string // where it works, and all its files are
	out   syncBuffer
	turn  []netip.AddrPort // UDP, TCP, TLS
	admin string           // URL of the metrics
}

// syncBuffer is written by another goroutine.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// startDaemon builds and starts taciturnd as an operator does, on free ports.
func startDaemon(t *testing.T) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: t.TempDir()}
	bin := filepath.Join(t.TempDir(), "taciturnd")
	build := exec.Command("go", "build", "-trimpath", "-o", bin, "github.com/taciturn-voice/taciturn/cmd/taciturnd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build taciturnd: %v: %s", err, out)
	}
	file := func(name string, b []byte) string {
		path := filepath.Join(d.dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := certificate().Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command(bin, "--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
		"--data-dir", filepath.Join(d.dir, "data"), "--turn-secret-file", file("secret", bytes.Repeat([]byte{'s'}, 40)),
		"--tls-cert", file("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})),
		"--tls-key", file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = d.dir, &d.out, &d.out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill()
			_ = d.cmd.Wait()
		}
	})
	for range 6000 {
		if strings.Contains(d.out.String(), "/metrics") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for word := range strings.FieldsSeq(d.out.String()) {
		if scheme, rest, ok := strings.Cut(word, ":"); ok && (scheme == "turn" || scheme == "turns") {
			at, _, _ := strings.Cut(rest, "?")
			addr, err := netip.ParseAddrPort(at)
			if err != nil {
				t.Fatal(err)
			}
			d.turn = append(d.turn, addr)
		}
		if strings.HasSuffix(word, "/metrics") {
			d.admin = word
		}
	}
	if len(d.turn) != 3 || d.admin == "" {
		t.Fatalf("taciturnd does not serve:\n%s", &d.out)
	}
	return d
}

func (d *daemon) metrics() string {
	d.t.Helper()
	answer, err := http.Get(d.admin)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || !bytes.Contains(b, []byte("taciturn_relay_packets_total")) {
		d.t.Fatalf("metrics: %v\n%s", err, b)
	}
	return string(b)
}

// said are the canaries that are found in a text, as they are, in hex, and as the words of a stack trace.
func (call *canaryCall) said(text string) (found []string) {
	for what, canary := range call.canaries {
		word := slices.Clone(canary)
		slices.Reverse(word)
		for _, form := range []string{string(canary), hex.EncodeToString(canary), strings.TrimLeft(hex.EncodeToString(word), "0")} {
			if strings.Contains(text, form) {
				found = append(found, what)
			}
		}
	}
	return found
}

func (call *canaryCall) wantSilent(where, text string) {
	call.t.Helper()
	for _, what := range call.said(text) {
		call.t.Errorf("%s: %s", where, what)
	}
}

// wantHeard proves that said finds what it is for.
func (call *canaryCall) wantHeard() {
	call.t.Helper()
	word := fmt.Sprintf("main.f({0x%x, 0x1})", binary.LittleEndian.Uint64(call.canaries["address as two words a"]))
	for _, text := range []string{word, "user " + call.clients[1].cred.Username, "from 127.77.83.93:1", fmt.Sprintf("%x", call.canaries["tag"])} {
		if len(call.said(text)) == 0 {
			call.t.Fatalf("nothing is found in %q, so the search is void", text)
		}
	}
}

// The process that operators run, with all of its listeners, is searched as TestNothingStaysInMemory searches a relay: memory, files,
// output and metrics; and then a second call is cut by a crash.
//
// covers P1, P2, P3 (SIGABRT)
func TestNothingStaysOfACallThroughTheDaemon(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes seconds; and the race detector keeps what it sees")
	}
	d := startDaemon(t)
	pid := d.cmd.Process.Pid
	call := startCanaryCall(t, d.turn[0], d.turn[1], d.turn[2])
	call.wantFound(pid)
	call.wantHeard()
	call.wantSilent("metrics during the call", d.metrics())
	call.end()
	call.wantForgotten(pid)
	call.wantSilent("metrics", d.metrics())

	crashed := startCanaryCall(t, d.turn[0], d.turn[1], d.turn[2])
	crashed.wantFound(pid)
	if err := d.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Wait(); err == nil {
		t.Error("it survives SIGABRT")
	}
	if !strings.Contains(d.out.String(), "SIGABRT") {
		t.Errorf("no trace of the crash:\n%s", &d.out)
	}
	files := 0
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for _, c := range []*canaryCall{call, crashed} {
			c.wantSilent(e.Name(), string(b))
		}
		if strings.HasPrefix(e.Name(), "core") {
			t.Errorf("memory in a file: %s", e.Name())
		}
		return err
	})
	if err != nil || files < 4 { // at least a secret, a certificate and its key, and a store
		t.Errorf("%d files, %v", files, err)
	}
	for _, c := range []*canaryCall{call, crashed} {
		c.wantSilent("output", d.out.String())
	}
}
