package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Our choices.
const (
	clusterReplicas  = 3                // survives the loss of one node
	connectTimeout   = 5 * time.Second  // for the first connection
	openTimeout      = 30 * time.Second // for reading an embedded store
	reconnectWait    = 250 * time.Millisecond
	reconnectJitter  = 250 * time.Millisecond
	pendingRequests  = 16 << 10 // waiting for the dispatch loop, 4 KiB each at most
	maxRequestBytes  = 8 << 10  // an envelope and what a node says about it
	reconnectBufSize = 1 << 20  // bytes; more would only deliver stale envelopes
)

var (
	// ErrNoResponders: nobody on any node subscribes to this subject.
	ErrNoResponders = errors.New("bus: no responders")
	// ErrTimeout: somebody subscribes but did not answer in time.
	ErrTimeout = errors.New("bus: no answer in time")
	// ErrUnavailable: the bus is closed, or the cluster cannot be reached.
	ErrUnavailable = errors.New("bus: not available")
	// ErrDamaged: the store in Config.Dir cannot be read completely.
	ErrDamaged = errors.New("bus: the store is damaged; restore it from a backup")
	// ErrLocked: another process uses the store in Config.Dir.
	ErrLocked = errors.New("bus: another process uses this data directory")
)

// Config says where the bus is. It must not be changed after Open.
type Config struct {
	// URL of an existing NATS cluster: one or more nats:// or tls:// addresses separated by commas. Default: embedded.
	URL string
	// Dir holds the store of an embedded bus. Default: memory. Ignored with URL.
	Dir string
	// Replicas of the store on a cluster. Default 3; ignored by an embedded bus.
	Replicas int
	// Log receives states and counts. Default: slog.Default().
	Log *slog.Logger
}

// Stats counts since Open.
type Stats struct {
	Dropped      uint64 // requests dropped because the dispatch loop was behind
	Disconnected uint64 // times the cluster was lost
}

// Bus is a connection to an embedded or a remote NATS. All methods may be called from any goroutine.
type Bus struct {
	// Static after Open.
	log        *slog.Logger
	embedded   *embedded // nil on a cluster
	conn       *nats.Conn
	js         jetstream.JetStream
	replicas   int
	storage    jetstream.StorageType
	subjectKey [32]byte
	arrivals   chan *nats.Msg
	stop       chan struct{} // closed by Close: ends dispatchLoop
	connClosed chan struct{} // closed by NATS when its last callback has run
	wg         sync.WaitGroup

	dropped      atomic.Uint64
	disconnected atomic.Uint64

	// Guarded by mu.
	mu       sync.Mutex
	handlers map[*nats.Subscription]Handler
	closed   bool
}

// Open starts the embedded server or connects to the cluster. It blocks until the store can be used.
func Open(cfg Config) (*Bus, error) {
	b := &Bus{
		log:        cfg.Log,
		replicas:   1,
		storage:    jetstream.MemoryStorage,
		arrivals:   make(chan *nats.Msg, pendingRequests),
		stop:       make(chan struct{}),
		connClosed: make(chan struct{}),
		handlers:   make(map[*nats.Subscription]Handler),
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	if err := b.connect(cfg); err != nil {
		if b.embedded != nil {
			b.embedded.close()
		}
		return nil, err
	}
	b.wg.Go(b.dispatchLoop)
	if err := b.loadSubjectKey(cfg.URL != ""); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Bus) connect(cfg Config) (err error) {
	opts := []nats.Option{
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		nats.ReconnectBufSize(reconnectBufSize),
		// The default handler prints subjects to standard error.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) { b.dropped.Add(1) }),
		nats.DisconnectErrHandler(func(*nats.Conn, error) {
			if b.isClosed() {
				return
			}
			b.disconnected.Add(1)
			b.log.Warn("the bus has lost its cluster and reconnects")
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("the bus is back") }),
		nats.ClosedHandler(func(*nats.Conn) { close(b.connClosed) }),
	}
	url := cfg.URL
	if url == "" {
		if b.embedded, err = startEmbedded(cfg.Dir); err != nil {
			return err
		}
		if cfg.Dir != "" {
			b.storage = jetstream.FileStorage
		}
		opts = append(opts, nats.InProcessServer(b.embedded.server))
	} else {
		b.storage = jetstream.FileStorage
		if b.replicas = cfg.Replicas; b.replicas == 0 {
			b.replicas = clusterReplicas
		}
	}
	if b.conn, err = nats.Connect(url, opts...); err != nil {
		return fmt.Errorf("connect to NATS: %w", cause(err))
	}
	if b.js, err = jetstream.New(b.conn); err != nil {
		return fmt.Errorf("use JetStream: %w", cause(err))
	}
	return nil
}

// Stats counts what was lost.
func (b *Bus) Stats() Stats {
	return Stats{Dropped: b.dropped.Load(), Disconnected: b.disconnected.Load()}
}

// Close ends subscriptions and requests, closes the store, and returns after the last goroutine. It may be called more
// than once.
func (b *Bus) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		b.wg.Wait()
		return nil
	}
	b.conn.Close()
	<-b.connClosed
	close(b.stop)
	b.wg.Wait()
	if b.embedded != nil {
		return b.embedded.close()
	}
	return nil
}

func (b *Bus) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// cause maps an error of NATS to ours: theirs carry URLs (with passwords), subjects and keys.
func cause(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
		return ErrNoResponders
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return ErrTimeout
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return errors.New("bus: the cluster refused the credentials")
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return errors.New("bus: the cluster has no JetStream")
	case errors.As(err, &api):
		return fmt.Errorf("bus: refused by JetStream (code %d)", api.ErrorCode)
	}
	return ErrUnavailable
}

// names of buckets are part of a stream's name in NATS.
func bucketName(name string) string { return "taciturn_" + strings.ToLower(name) }

// embedded is a NATS server without sockets.
type embedded struct {
	server *server.Server
	lock   *dirLock
	temp   string // removed by close
	events *serverLog
}
