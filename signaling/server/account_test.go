package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
)

func TestWhatADevicePublishesIsWhatOthersLookUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		c := w.client(n, phoneIP)
		bob := newDevice(t)
		if _, err := c.Directory(t.Context(), bob.id()); !errors.Is(err, signaling.ErrNotFound) {
			t.Errorf("before the registration: %v", err)
		}
		must(t, c.Register(t.Context(), bob.registration()))
		must(t, c.Register(t.Context(), bob.registration())) // doing it again changes nothing
		got, err := c.Directory(t.Context(), bob.id())
		must(t, err)
		if string(got.Append(nil)) != string(bob.published.Append(nil)) {
			t.Error("something else is published")
		}
		must(t, c.Publish(t.Context(), bob.published, got.List.Devices[0].ID, bob.sign))

		forged := bob.published
		forged.List.Epoch++ // not signed by the account
		if err := c.Publish(t.Context(), forged, got.List.Devices[0].ID, bob.sign); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("a forged list: %v", err)
		}
		if err := c.Publish(t.Context(), bob.published, got.List.Devices[0].ID, newDevice(t).sign); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("somebody else's signature: %v", err)
		}
		thief := newDevice(t)
		thief.mailbox = bob.mailbox
		if err := c.Register(t.Context(), thief.registration()); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("somebody else's mailbox: %v", err)
		}
	})
}

func TestRegistrationCanBeClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		open, closed := w.node(nodeIP), w.node(nodeIP2, func(c *Config) { c.RegistrationOpen = false })
		early, late := newDevice(t), newDevice(t)
		must(t, w.client(open, phoneIP).Register(t.Context(), early.registration()))
		c := w.client(closed, phoneIP)
		must(t, c.Register(t.Context(), early.registration()))
		if err := c.Register(t.Context(), late.registration()); !errors.Is(err, signaling.ErrRefused) || !strings.Contains(err.Error(), "closed") {
			t.Errorf("a new account: %v", err)
		}
	})
}

func TestRelayCredentialsAreOneCallsWorth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		minted := 0
		n := w.node(nodeIP, func(c *Config) {
			c.RelayHosts = []string{"203.0.113.9"}
			c.MintRelay = func(now time.Time) (signaling.RelayPair, error) {
				minted++
				return signaling.RelayPair{URLs: []string{"turn:203.0.113.9"}, Expires: now.Add(time.Minute), Caller: signaling.RelayLogin{Username: "a", Password: "b"}}, nil
			}
		})
		c := w.client(n, phoneIP)
		_, mailbox := w.online(c)
		for range mintBurst {
			pair, err := mailbox.RelayCredentials(t.Context())
			must(t, err)
			if pair.Caller.Username != "a" || pair.URLs[0] != "turn:203.0.113.9" {
				t.Fatal("another pair arrived")
			}
		}
		if _, err := mailbox.RelayCredentials(t.Context()); !errors.Is(err, signaling.ErrUnavailable) || minted != mintBurst {
			t.Errorf("one pair too many: %v", err)
		}
		time.Sleep(mintEvery)
		_, err := mailbox.RelayCredentials(t.Context())
		must(t, err)
		hosts, err := c.RelayHosts(t.Context())
		must(t, err)
		if !slices.Equal(hosts, []string{"203.0.113.9"}) {
			t.Errorf("hosts %v", hosts)
		}

		bare := w.client(w.node(nodeIP2), phoneIP)
		_, mailbox = w.online(bare)
		if _, err := mailbox.RelayCredentials(t.Context()); !errors.Is(err, signaling.ErrUnavailable) {
			t.Errorf("a server without a relay: %v", err)
		}
	})
}

func TestNonsenseIsAnsweredWithAnErrorAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		for _, test := range []struct {
			method, path, body string
			header             http.Header
			want               int
		}{
			{"GET", "/v1/directory/nobody", "", nil, 404},
			{"GET", "/v1/queues/short", "", nil, 404},
			{"GET", "/v1/unknown", "", nil, 404},
			{"PUT", "/v1/directory/nobody", "x", nil, 400},
			{"POST", "/v1/registrations", "x", nil, 400},
			{"POST", "/v1/registrations", strings.Repeat("x", signaling.MaxRegistrationSize+1), nil, 413},
			{"POST", "/v1/envelopes", strings.Repeat("x", 1<<20), nil, 400},
		} {
			r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			answer := httptest.NewRecorder()
			n.Handler().ServeHTTP(answer, r)
			if answer.Code != test.want || !strings.HasPrefix(answer.Body.String(), `{"error":"`) {
				t.Errorf("%s %s: %d %q, want %d", test.method, test.path, answer.Code, answer.Body, test.want)
			}
		}
		bob := newDevice(t)
		body := signaling.Registration{Mailbox: bob.mailbox, DeliveryKeyHash: bob.delivery.Hash(), Published: bob.published}.Append(nil)
		device := signaling.EncodeHeader([]byte{1, 0, 0, 0, 0, 0, 0, 0})
		for want, header := range map[int]http.Header{
			http.StatusPreconditionRequired: {},
			http.StatusBadRequest:           {"If-None-Match": {"*"}, signaling.HeaderDevice: {device}},
			http.StatusForbidden:            {"If-None-Match": {"*"}, signaling.HeaderDevice: {device}, signaling.HeaderSignature: {signaling.EncodeHeader(make([]byte, 64))}},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, signaling.PathRegistrations, strings.NewReader(string(body)))
			r.Header = header
			answer := httptest.NewRecorder()
			n.Handler().ServeHTTP(answer, r)
			if answer.Code != want {
				t.Errorf("header %v: %d, want %d", header, answer.Code, want)
			}
		}
	})
}

// The page for other people's clients names the same endpoints as the code.
func TestTheOpenAPIPageDescribesEveryEndpoint(t *testing.T) {
	page, err := os.ReadFile("../../docs/openapi.yaml")
	must(t, err)
	var documented []string
	path := ""
	for line := range strings.Lines(string(page)) {
		if m := regexp.MustCompile(`^  (/\S+):\s*$`).FindStringSubmatch(line); m != nil {
			path = m[1]
		}
		if m := regexp.MustCompile(`^    (get|put|post|delete):\s*$`).FindStringSubmatch(line); m != nil {
			documented = append(documented, strings.ToUpper(m[1])+" "+path)
		}
	}
	var served []string
	for _, r := range (&Server{}).table() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %q\nserved     %q", documented, served)
	}
	for status, message := range messages {
		if !strings.Contains(string(page), message) {
			t.Errorf("the message of %d is not in the page", status)
		}
	}
}
