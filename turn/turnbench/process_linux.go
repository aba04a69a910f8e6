package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// kind is a relay that can be measured.
type kind string

const (
	kindOurs   kind = "ours"
	kindRaw    kind = "raw"
	kindCoturn kind = "coturn"
	kindPion5  kind = "pion5"
	kindPion3  kind = "pion3"
)

var kinds = []kind{kindOurs, kindRaw, kindCoturn, kindPion5, kindPion3}

// relayAddress is one that other programs are unlikely to use, and no client's.
const relayAddress = "127.77.0.1"

const (
	startTimeout = 10 * time.Second
	stopTimeout  = 3 * time.Second
)

var errNoCoturn = errors.New("turnserver is not installed (apt-get install coturn)")

// process is a relay that runs.
type process struct {
	kind      kind
	cores     []int
	cmd       *exec.Cmd
	addresses []netip.AddrPort
	stdin     io.Closer // nil for coturn
	dir       string    // "" if it has none
	gone      chan struct{}
	stderr    *bytes.Buffer // read after gone
}

// startProcess starts a relay on cores. It must be called on the main thread: the process dies with it.
func startProcess(o order, cores []int) (*process, error) {
	p := &process{kind: o.Kind, cores: cores, gone: make(chan struct{}), stderr: new(bytes.Buffer)}
	var out io.ReadCloser
	var in io.WriteCloser
	var err error
	if o.Kind == kindCoturn {
		err = p.prepareCoturn(o, len(cores))
	} else {
		var self string
		if self, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("turnbench: find self: %w", err)
		}
		p.cmd = exec.Command(self, childArgument)
		if in, err = p.cmd.StdinPipe(); err == nil {
			p.stdin = in
			out, err = p.cmd.StdoutPipe()
		}
	}
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := on(cores, p.cmd.Start); err != nil {
		p.clean()
		return nil, fmt.Errorf("turnbench: start %s: %w", o.Kind, err)
	}
	answer := make(chan error, 1)
	if o.Kind == kindCoturn {
		go p.waitLoop()
		answer <- p.awaitCoturn()
	} else {
		go func() { // and only then Wait, which closes the pipe
			answer <- p.introduce(o, in, out)
			p.waitLoop()
		}()
	}
	select {
	case err = <-answer:
	case <-time.After(startTimeout):
		err = errors.New("it does not answer")
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("turnbench: start %s: %w: %s", o.Kind, err, firstLine(p.stderr))
	}
	return p, nil
}

func (p *process) introduce(o order, in io.Writer, out io.Reader) error {
	if err := json.NewEncoder(in).Encode(o); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return err
	}
	var r ready
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	p.addresses = r.Addresses
	return nil
}

func (p *process) waitLoop() {
	_ = p.cmd.Wait()
	close(p.gone)
}

func (p *process) usage() usage { return usage{ranFor(p.pid()), busyFor(p.cores)} }

func (p *process) pid() int { return p.cmd.Process.Pid }

// pause and resume let others be measured.
func (p *process) pause()  { _ = p.cmd.Process.Signal(syscall.SIGSTOP) }
func (p *process) resume() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }

func (p *process) stop() {
	p.resume()
	if p.stdin != nil {
		_ = p.stdin.Close()
	} else {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-p.gone:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
	p.clean()
}

func (p *process) clean() {
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}

// prepareCoturn is a turnserver that does the same job as the others, and no other.
func (p *process) prepareCoturn(o order, threads int) error {
	program, err := exec.LookPath("turnserver")
	if err != nil {
		return errNoCoturn
	}
	at, err := freePort()
	if err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("", "turnbench-"); err != nil {
		return fmt.Errorf("turnbench: make directory: %w", err)
	}
	config := fmt.Sprintf(`listening-ip=%[1]s
relay-ip=%[1]s
listening-port=%[2]d
min-port=1024
max-port=65535
relay-threads=%[3]d
realm=%[4]s
use-auth-secret
static-auth-secret=%[5]s
allow-loopback-peers
no-cli
no-tcp
no-tls
no-dtls
no-tcp-relay
no-rfc5780
no-software-attribute
no-stdout-log
simple-log
log-file=/dev/null
pidfile=%[6]s
userdb=%[7]s
`, o.Address, at.Port(), threads, relayRealm, o.Secret, filepath.Join(p.dir, "pid"), filepath.Join(p.dir, "db"))
	file := filepath.Join(p.dir, "turnserver.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		p.clean()
		return fmt.Errorf("turnbench: write configuration: %w", err)
	}
	p.cmd = exec.Command(program, "-c", file)
	p.addresses = []netip.AddrPort{at}
	return nil
}

// awaitCoturn returns when it answers a Binding request.
func (p *process) awaitCoturn() error {
	conn, err := net.Dial("udp4", p.addresses[0].String())
	if err != nil {
		return err
	}
	defer conn.Close()
	ask := appendHeader(nil, 0x0001, transactionID{1})
	buffer := make([]byte, bufferBytes)
	for deadline := time.Now().Add(startTimeout / 2); time.Now().Before(deadline); {
		_, _ = conn.Write(ask) // refused until it listens
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := conn.Read(buffer); err == nil && n >= headerBytes {
			return nil
		}
		select {
		case <-p.gone:
			return errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("it does not answer")
}

func freePort() (netip.AddrPort, error) {
	conn, err := net.ListenPacket("udp4", net.JoinHostPort(relayAddress, "0"))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("turnbench: find a port: %w", err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort(), nil
}

func firstLine(b *bytes.Buffer) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b.Bytes()), []byte{'\n'})
	return string(line)
}
