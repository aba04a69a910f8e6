package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	turn3 "github.com/pion/turn/v3"

	"github.com/taciturn-voice/taciturn/turn"
)

const (
	realm  = "interop"
	secret = "an-issuer-that-is-not-ours-has-this"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// login is what a stock issuer gives out.
type login struct{ username, password string }

func newLogin(name string) login {
	username := fmt.Sprintf("%d:%s", time.Now().Add(time.Hour).Unix(), name)
	return login{username, password(username)}
}

func password(username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// addresses are where a relay listens.
type addresses struct{ udp, tcp, tls netip.AddrPort }

// serve runs our relay, with all its listeners, until the test ends.
func serve(t *testing.T) addresses {
	t.Helper()
	s, err := turn.ParseSecret([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	relay, err := turn.New(turn.Config{
		Realm: realm, Secrets: []turn.Secret{s}, Public4: loopback, Public6: netip.IPv6Loopback(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	conns, err := turn.ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	plain, secure := listen(t), listen(t)
	served := make(chan error, 3)
	go func() { served <- relay.ServeUDP(context.Background(), conns[0]) }()
	go func() { served <- relay.ServeTCP(context.Background(), plain) }()
	go func() { served <- relay.ServeTCP(context.Background(), tls.NewListener(secure, certificate(t))) }()
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
	return addresses{conns[0].LocalAddr().(*net.UDPAddr).AddrPort(), plain.Addr().(*net.TCPAddr).AddrPort(), secure.Addr().(*net.TCPAddr).AddrPort()}
}

// servePion runs the reference.
func servePion(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	server, err := turn3.NewServer(turn3.ServerConfig{
		Realm: realm, LoggerFactory: quiet,
		AuthHandler: func(username, realm string, _ net.Addr) ([]byte, bool) {
			return turn3.GenerateAuthKey(username, realm, password(username)), strings.Contains(username, ":")
		},
		PacketConnConfigs: []turn3.PacketConnConfig{{
			PacketConn: conn, RelayAddressGenerator: &turn3.RelayAddressGeneratorStatic{RelayAddress: net.IP{127, 0, 0, 1}, Address: "127.0.0.1"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}}
}
