package signaling

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Our choices.
const (
	userAgent       = "taciturn" // the same for everybody: a version would tell phones apart
	answerTimeout   = 10 * time.Second
	exchangeTime    = 20 * time.Second // of a request, from looking up the name to the last byte of the answer
	handshakeTime   = 10 * time.Second
	idleTimeout     = 30 * time.Second
	maxIdlePerHost  = 2
	maxHeaderBytes  = 16 << 10
	contentTypeOurs = "application/octet-stream"
)

// Config says which server. It must not be changed after New.
type Config struct {
	// Server is the base URL: "https://calls.example.org", nothing after the host.
	Server string
	// DialContext replaces the operating system's network: for tests and simulators. It may run concurrently.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Log receives states and counts. Default: slog.Default().
	Log *slog.Logger
}

// Client talks to one server. All methods may be called from any goroutine.
type Client struct {
	// Static after New.
	base      url.URL
	log       *slog.Logger
	transport *http.Transport
	http      *http.Client

	// Guarded by mu.
	mu     sync.Mutex
	open   map[io.Closer]struct{} // queues and mailboxes, which Close closes
	closed bool
	round  context.Context // of requests under way; Reconnect ends it
	next   context.CancelFunc
}

// New checks cfg. It does no I/O and starts nothing.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.Server)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || (u.Path != "" && u.Path != "/") ||
		u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("signaling: a server is written like https://calls.example.org")
	}
	for _, letter := range u.Host {
		if letter > '~' { // the host is signed as it travels
			return nil, errors.New("signaling: write the server's name in its ASCII form (xn--…)")
		}
	}
	c := &Client{
		base: url.URL{Scheme: u.Scheme, Host: u.Host},
		log:  cfg.Log,
		open: make(map[io.Closer]struct{}),
		transport: &http.Transport{
			DialContext:            cfg.DialContext,
			Protocols:              new(http.Protocols),
			DisableCompression:     true, // no Accept-Encoding
			MaxIdleConnsPerHost:    maxIdlePerHost,
			IdleConnTimeout:        idleTimeout,
			TLSHandshakeTimeout:    handshakeTime,
			ResponseHeaderTimeout:  answerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
	c.transport.Protocols.SetHTTP1(true)
	if cfg.DialContext == nil {
		c.transport.Proxy = http.ProxyFromEnvironment
	}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.round, c.next = context.WithCancel(context.Background())
	c.http = &http.Client{Transport: c.transport, CheckRedirect: refuseRedirect}
	return c, nil
}

// refuseRedirect: a server that moves must say so in its users' addresses; following would tell a third one.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Close closes queues, mailboxes and idle connections. It may be called more than once.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.next()
	open := c.open
	c.open = make(map[io.Closer]struct{})
	c.mu.Unlock()
	for closer := range open {
		_ = closer.Close()
	}
	c.transport.CloseIdleConnections()
	return nil
}

// Reconnect says that the connections of this client go through a network that is gone. Requests under way fail at once with
// ErrUnavailable, queues connect anew, and mailboxes fail, whose owners do the same.
func (c *Client) Reconnect() {
	c.mu.Lock()
	c.next()
	if !c.closed {
		c.round, c.next = context.WithCancel(context.Background())
	}
	var open []io.Closer
	for closer := range c.open {
		open = append(open, closer)
	}
	c.mu.Unlock()
	for _, o := range open {
		switch o := o.(type) {
		case *Queue:
			o.Reconnect()
		case *Mailbox:
			o.socket.close()
		}
	}
	c.transport.CloseIdleConnections()
}

// adopt remembers what Close must close; false if it is too late for that.
func (c *Client) adopt(closer io.Closer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.open[closer] = struct{}{}
	}
	return !c.closed
}

func (c *Client) forget(closer io.Closer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, closer)
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// request is one request over HTTP.
type request struct {
	method, path string
	header       http.Header // may be nil
	body         []byte
	limit        int64 // of the answer's body; an error's is always read a little
}

// answer is what came back, of any status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends r and reads the whole answer. It fails with ErrUnavailable, ErrClosed or the context's cancellation.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	if c.isClosed() {
		return answer{}, ErrClosed
	}
	c.mu.Lock()
	round := c.round
	c.mu.Unlock()
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	defer context.AfterFunc(round, cancel)()
	failed := func(err error) error {
		if outer.Err() == nil && round.Err() != nil {
			return ErrUnavailable
		}
		return cause(ctx, err)
	}
	u := c.base
	u.Path = r.path
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return answer{}, ErrFormat
	}
	if r.header != nil {
		req.Header = r.header
	}
	if len(r.body) != 0 {
		req.Header.Set("Content-Type", contentTypeOurs)
	}
	req.Header.Set("User-Agent", userAgent)
	// Not sent. It lets the transport repeat a request on a fresh connection when the server has just closed an idle one:
	// envelopes are dropped when seen twice, and signed requests are carried out once.
	req.Header["Idempotency-Key"] = []string{}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, failed(err)
	}
	defer resp.Body.Close()
	limit := max(r.limit, 1<<10)
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return answer{}, failed(err)
	}
	if int64(len(body)) > limit {
		return answer{}, ErrUnavailable // not a server of ours
	}
	return answer{resp.StatusCode, resp.Header, body}, nil
}
