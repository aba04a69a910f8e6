package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

// certificateFiles are a certificate and its key, or neither.
type certificateFiles struct{ cert, key string }

func (f certificateFiles) given() bool { return f.cert != "" }

func certificateFilesFrom(cert, key string) (certificateFiles, error) {
	if (cert == "") != (key == "") {
		return certificateFiles{}, command.Usage(errors.New("a certificate needs a key, and a key a certificate"), "give --tls-cert and --tls-key, or neither")
	}
	return certificateFiles{cert, key}, nil
}

const maxCertificateBytes = 1 << 20

// load reads both files. Its errors name neither.
func (f certificateFiles) load() (*tls.Certificate, error) {
	cert, err := readFile(f.cert, false)
	if err != nil {
		return nil, command.Failed(fmt.Errorf("read the certificate: %w", err), "check the path of --tls-cert and its permissions")
	}
	key, err := readFile(f.key, true)
	defer clear(key)
	if err != nil {
		if errors.Is(err, errOthersRead) {
			return nil, command.Failed(fmt.Errorf("read the key: %w", err), "chmod 600 the file")
		}
		return nil, command.Failed(fmt.Errorf("read the key: %w", err), "check the path of --tls-key and its permissions")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, command.Failed(fmt.Errorf("use the certificate: %w", err), "both files have to be PEM, the certificate first in its file, and the key its own")
	}
	return &pair, nil
}

var errOthersRead = errors.New("others may read it")

// readFile reads a file, and refuses a secret one that others may read.
func readFile(path string, secret bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, command.Bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, command.Bare(err)
	}
	if mode := info.Mode().Perm(); secret && mode&0o077 != 0 {
		return nil, fmt.Errorf("%w (mode %s)", errOthersRead, strconv.FormatUint(uint64(mode), 8))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxCertificateBytes))
	return b, command.Bare(err)
}

// certificates is the certificate in use.
type certificates struct {
	files   certificateFiles
	current atomic.Pointer[tls.Certificate]
}

// newCertificates reads the files for the first time; nil without files.
func newCertificates(files certificateFiles) (*certificates, error) {
	if !files.given() {
		return nil, nil
	}
	c := &certificates{files: files}
	return c, c.reload()
}

// reload keeps what is in use when the files are no good.
func (c *certificates) reload() error {
	pair, err := c.files.load()
	if err == nil {
		c.current.Store(pair)
	}
	return err
}

// config is for the TCP port; nil without certificates.
func (c *certificates) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// reloadLoop reads the certificate again whenever SIGHUP asks for it.
func (n *node) reloadLoop(ctx context.Context) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	defer signal.Stop(asked)
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
			if n.certs == nil {
				n.log.Info("nothing to reload")
			} else if err := n.certs.reload(); err != nil {
				hint := ""
				if e, ok := errors.AsType[*command.Error](err); ok {
					hint = e.Hint // the error might say where the files are
				}
				n.log.Error("reload failed, the old certificate stays in use", "hint", hint)
			} else {
				n.log.Info("certificate reloaded")
			}
		}
	}
}
