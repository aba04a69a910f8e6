package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// raw is one HTTP exchange as an outsider sees it.
type raw struct {
	status int
	header string
	body   string
	took   time.Duration
}

func (w *world) post(n *node, body []byte, header http.Header) raw {
	w.t.Helper()
	c := &http.Client{Transport: &http.Transport{DialContext: w.Host(phoneIP).DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, n.url+signaling.PathEnvelopes, bytes.NewReader(body))
	must(w.t, err)
	if header != nil {
		req.Header = header
	}
	sent := time.Now()
	resp, err := c.Do(req)
	must(w.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(w.t, err)
	took := time.Since(sent)
	resp.Header.Del("Date")
	var h bytes.Buffer
	must(w.t, resp.Header.Write(&h))
	return raw{resp.StatusCode, h.String(), string(answer), took}
}

// Unknown queue, nobody connected, wrong delivery key: the same bytes after the same time.
// covers P6
func TestAllRefusalsLookAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		c := w.client(n, phoneIP)
		bob, _ := w.online(c)
		gone, mailbox := w.online(c)
		must(t, mailbox.Close())
		time.Sleep(time.Second)
		submit := func(queue envelope.QueueID, key envelope.DeliveryKey) raw {
			k := key.Bytes()
			return w.post(n, letter(queue, 1)[:], http.Header{signaling.HeaderDeliveryKey: {signaling.EncodeHeader(k[:])}})
		}
		unknown := submit(randomQueue(t), randomKey(t))
		if unknown.status != http.StatusForbidden || unknown.took < refusalTime {
			t.Fatalf("an unknown queue: %+v", unknown)
		}
		if got := submit(bob.mailbox, randomKey(t)); got != unknown {
			t.Errorf("a wrong key: %+v\nan unknown queue: %+v", got, unknown)
		}
		if got := submit(gone.mailbox, gone.delivery); got != unknown {
			t.Errorf("nobody connected: %+v\nan unknown queue: %+v", got, unknown)
		}
		if got := submit(bob.mailbox, bob.delivery); got.status != http.StatusAccepted || got.body != "" {
			t.Errorf("the right key: %+v", got)
		}
		if s := n.Stats(); s.Accepted != 1 || s.Refused != 3 {
			t.Errorf("stats %+v", s)
		}
		for _, secret := range []string{"203.0.113", "192.0.2", signaling.EncodeHeader(bob.published.List.Devices[0].ID[:])} {
			if w.log.contains(secret) {
				t.Error("the log names an address or a device")
			}
		}
	})
}

// covers N1
func TestWhatIsNoEnvelopeIsRefusedClearly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		key := randomKey(t).Bytes()
		good := http.Header{signaling.HeaderDeliveryKey: {signaling.EncodeHeader(key[:])}}
		whole := letter(randomQueue(t), 1)
		for _, size := range []int{0, 1, envelope.Size - 1} {
			if got := w.post(n, whole[:size], good); got.status != http.StatusBadRequest || got.body != "{\"error\":\"an envelope has exactly 4096 bytes\"}\n" {
				t.Errorf("%d bytes: %+v", size, got)
			}
		}
		if got := w.post(n, append(whole[:], 0), good); got.status != http.StatusBadRequest {
			t.Errorf("a byte too many: %+v", got)
		}
		for _, place := range []int{0, 1} {
			bad := *whole
			bad[place]++
			if got := w.post(n, bad[:], good); got.status != http.StatusBadRequest {
				t.Errorf("unknown version or class: %+v", got)
			}
		}
		for _, header := range []http.Header{nil, {signaling.HeaderDeliveryKey: {"short"}}, {signaling.HeaderDeliveryKey: {"!!!!!!!!!!!!!!!!!!!!!!"}}} {
			if got := w.post(n, whole[:], header); got.status != http.StatusBadRequest {
				t.Errorf("no delivery key: %+v", got)
			}
		}
	})
}

// covers N1
func TestAFloodFromOneSourceStopsOnlyThatSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP, func(c *Config) { c.PerSource = 5 })
		ask := func(remote string) int {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, signaling.PathRelayHosts, nil)
			r.RemoteAddr = remote
			answer := httptest.NewRecorder()
			n.Handler().ServeHTTP(answer, r)
			return answer.Code
		}
		for i := range 5 * sourceBurst {
			if got := ask("198.51.100.7:1000"); got != http.StatusOK {
				t.Fatalf("request %d: %d", i, got)
			}
		}
		for _, remote := range []string{"198.51.100.7:1000", "198.51.100.7:2000", "[::ffff:198.51.100.7]:1000"} {
			if got := ask(remote); got != http.StatusTooManyRequests {
				t.Errorf("one request too many: %d", got)
			}
		}
		for _, remote := range []string{"198.51.100.8:1000", "[2001:db8::1]:1000", "127.0.0.1:1000"} {
			if got := ask(remote); got != http.StatusOK {
				t.Errorf("somebody else: %d", got)
			}
		}
		for range 5*sourceBurst - 1 {
			ask("[2001:db8::1]:1000")
		}
		if got := ask("[2001:db8::ffff]:1000"); got != http.StatusTooManyRequests {
			t.Errorf("another address of the same /64: %d", got)
		}
		time.Sleep(time.Second)
		if got := ask("198.51.100.7:1000"); got != http.StatusOK {
			t.Errorf("a second later: %d", got)
		}
		if got := n.Stats().Limited; got != 4 {
			t.Errorf("%d limited, want 4", got)
		}
		salt := n.sources.salt
		n.sweep(time.Now().Add(saltLifetime))
		if n.sources.salt == salt || len(n.sources.limits) != 0 {
			t.Error("sources are remembered for longer than the salt lives")
		}
	})
}

func TestOnlyTheOwnerOpensAQueueOrAMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		c := w.client(n, phoneIP)
		bob, mailbox := w.online(c)

		stranger := newDevice(t)
		if _, err := c.OpenMailbox(t.Context(), stranger.login()); !errors.Is(err, signaling.ErrNotFound) {
			t.Errorf("an unknown account: %v", err)
		}
		thief := bob.login()
		thief.Sign = stranger.sign
		if _, err := c.OpenMailbox(t.Context(), thief); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("a wrong signature: %v", err)
		}
		thief.Device = record.DeviceID{9}
		if _, err := c.OpenMailbox(t.Context(), thief); !errors.Is(err, signaling.ErrNotFound) {
			t.Errorf("an unknown device: %v", err)
		}
		text, err := randomQueue(t).MarshalText()
		must(t, err)
		for path, open := range map[string]signaling.Frame{
			signaling.PathQueues + string(text): signaling.Open{}, // whose id is another one
			signaling.PathMailbox:               signaling.Ping{},
		} {
			ws, _, err := websocket.Dial(t.Context(), n.url+path, &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{DialContext: w.Host(phoneIP).DialContext}}})
			must(t, err)
			must(t, ws.Write(t.Context(), websocket.MessageBinary, open.Append(nil)))
			for err == nil {
				var b []byte
				if _, b, err = ws.Read(t.Context()); err == nil && b[0] == 2 {
					t.Error("opened")
				}
			}
			_ = ws.CloseNow()
		}
		must(t, c.Submit(t.Context(), letter(bob.mailbox, 1), bob.delivery))
		wantLetter(t, mailbox, 1) // undisturbed by all that
	})
}

func TestWhoSaysNothingIsShownOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP, func(c *Config) { c.MaxConnections = 2 })
		transport := &http.Transport{DialContext: w.Host(phoneIP).DialContext}
		defer transport.CloseIdleConnections()
		connect := func() (*websocket.Conn, error) {
			ws, _, err := websocket.Dial(t.Context(), n.url+signaling.PathMailbox, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
			return ws, err
		}
		var silent []*websocket.Conn
		for range 2 {
			ws, err := connect()
			must(t, err)
			silent = append(silent, ws)
		}
		if ws, err := connect(); err == nil {
			_ = ws.CloseNow()
			t.Error("there was room for a third")
		}
		for _, ws := range silent {
			for err := error(nil); err == nil; {
				_, _, err = ws.Read(context.Background())
			}
			_ = ws.CloseNow()
		}
		time.Sleep(time.Second)
		ws, err := connect()
		must(t, err)
		_ = ws.CloseNow()
	})
}
