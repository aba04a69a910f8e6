package server

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

var (
	nodeIP  = netip.MustParseAddr("203.0.113.1")
	nodeIP2 = netip.MustParseAddr("203.0.113.2")
	phoneIP = netip.MustParseAddr("192.0.2.10")
)

// world is one bus with nodes on it, in memory and in virtual time.
type world struct {
	*netsim.Network
	t        *testing.T
	bus      *bus.Bus
	accounts *directory.Directory
	log      *lockedBuffer
}

// node is one server of the world.
type node struct {
	*Server
	url  string
	stop func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Network: netsim.New(netsim.Config{Delay: 5 * time.Millisecond}), t: t, bus: bustest.Open(t), log: &lockedBuffer{}}
	var err error
	w.accounts, err = directory.Open(t.Context(), w.bus)
	must(t, err)
	return w
}

// node starts a server; change may alter its configuration.
func (w *world) node(ip netip.Addr, change ...func(*Config)) *node {
	w.t.Helper()
	cfg := Config{
		Directory: w.accounts, Bus: w.bus, RegistrationOpen: true,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg)
	must(w.t, err)
	listener, err := w.Host(ip).Listen("tcp", "0.0.0.0:80")
	must(w.t, err)
	h := &http.Server{Handler: s.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	var wg sync.WaitGroup
	wg.Go(func() { _ = h.Serve(listener) })
	stop := sync.OnceFunc(func() {
		_ = s.Close()
		_ = h.Close()
		wg.Wait()
	})
	w.t.Cleanup(stop)
	return &node{s, "http://" + ip.String(), stop}
}

// client talks to n from ip.
func (w *world) client(n *node, ip netip.Addr) *signaling.Client {
	w.t.Helper()
	c, err := signaling.New(signaling.Config{Server: n.url, DialContext: w.Host(ip).DialContext, Log: slog.New(slog.DiscardHandler)})
	must(w.t, err)
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

// device is an account with one device.
type device struct {
	account, key ed25519.PrivateKey
	published    record.Published
	mailbox      envelope.QueueID
	delivery     envelope.DeliveryKey
}

func newDevice(t *testing.T) *device {
	t.Helper()
	d := &device{mailbox: randomQueue(t), delivery: randomKey(t)}
	var err error
	_, d.account, err = ed25519.GenerateKey(rand.Reader)
	must(t, err)
	_, d.key, err = ed25519.GenerateKey(rand.Reader)
	must(t, err)
	now := time.Now()
	list := record.DeviceList{
		Account: record.AccountKeyFrom([32]byte(d.account.Public().(ed25519.PublicKey))), Epoch: 1,
		Issued: now, Expires: now.Add(record.MaxListLifetime),
		Devices: []record.Device{{
			ID: record.DeviceID{1}, Key: record.DeviceKeyFrom([32]byte(d.key.Public().(ed25519.PublicKey))),
			Kind: record.KindNative, MinSuite: record.SuiteXWing, MaxSuite: record.SuiteXWing,
		}},
	}
	list.Sign(func(msg []byte) [64]byte { return [64]byte(ed25519.Sign(d.account, msg)) })
	prekey := record.Prekey{ID: record.PrekeyID{1}, Device: record.DeviceID{1}, Mailbox: d.mailbox, NotBefore: now, NotAfter: now.Add(record.PrekeyLifetime)}
	prekey.Sign(func(msg []byte) [64]byte { return [64]byte(ed25519.Sign(d.key, msg)) })
	d.published = record.Published{List: list, Prekeys: []record.Prekey{prekey}}
	return d
}

func (d *device) id() record.AccountID { return d.published.List.Account.ID() }

func (d *device) sign(label string, msg []byte) [64]byte {
	return [64]byte(ed25519.Sign(d.key, record.SignedBytes(label, msg)))
}

func (d *device) registration() signaling.RegisterRequest {
	return signaling.RegisterRequest{
		Published: d.published, Mailbox: d.mailbox, DeliveryKeyHash: d.delivery.Hash(), Device: record.DeviceID{1}, Sign: d.sign,
	}
}

func (d *device) login() signaling.MailboxConfig {
	return signaling.MailboxConfig{Account: d.id(), Device: record.DeviceID{1}, Sign: d.sign}
}

// online registers a new device and opens its mailbox.
func (w *world) online(c *signaling.Client) (*device, *signaling.Mailbox) {
	w.t.Helper()
	d := newDevice(w.t)
	must(w.t, c.Register(w.t.Context(), d.registration()))
	m, err := c.OpenMailbox(w.t.Context(), d.login())
	must(w.t, err)
	return d, m
}

// letter is an envelope to a queue, told apart by its number.
func letter(queue envelope.QueueID, number int) *envelope.Envelope {
	env := new(envelope.Envelope)
	copy(env[:], envelope.Header{Queue: queue}.Append(nil))
	env[envelope.Size-2], env[envelope.Size-1] = byte(number>>8), byte(number)
	return env
}

func number(d *signaling.Delivery) int {
	return int(d.Envelope[envelope.Size-2])<<8 | int(d.Envelope[envelope.Size-1])
}

// receiver is a Mailbox or a Queue.
type receiver interface {
	Receive(context.Context) (*signaling.Delivery, error)
}

// wantLetter fails unless the next envelope is the one with this number.
func wantLetter(t *testing.T, from receiver, want int) *signaling.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	d, err := from.Receive(ctx)
	must(t, err)
	if number(d) != want {
		t.Fatalf("envelope %d arrived, want %d", number(d), want)
	}
	return d
}

// wantNothing fails if an envelope arrives within ten seconds.
func wantNothing(t *testing.T, from receiver) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if d, err := from.Receive(ctx); err == nil {
		t.Fatalf("envelope %d arrived, want none", number(d))
	}
}

func randomQueue(t *testing.T) envelope.QueueID {
	t.Helper()
	q, err := envelope.NewQueueID(rand.Reader)
	must(t, err)
	return q
}

func randomKey(t *testing.T) envelope.DeliveryKey {
	t.Helper()
	k, err := envelope.NewDeliveryKey(rand.Reader)
	must(t, err)
	return k
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) contains(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), s)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
