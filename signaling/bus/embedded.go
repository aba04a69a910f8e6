package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

// Limits of an embedded store. An account is about 8 KiB, so memory holds some thousand of them: enough to try things.
const (
	maxMemoryBytes = 64 << 20
	maxStoreBytes  = 16 << 30
)

// startEmbedded runs a server whose store is in dir, or in memory if dir is empty.
func startEmbedded(dir string) (e *embedded, err error) {
	e = &embedded{events: &serverLog{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if dir == "" {
		if e.temp, err = os.MkdirTemp("", "taciturn-"); err != nil {
			return e, fmt.Errorf("make a temporary directory: %w", bare(err))
		}
		dir = e.temp
	} else {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return e, fmt.Errorf("make the data directory: %w", bare(err))
		}
		if e.lock, err = lockDir(dir); err != nil {
			return e, err
		}
		if err := verifyStore(dir); err != nil {
			return e, err
		}
	}
	e.server, err = server.NewServer(&server.Options{
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             true, // the default flushes every two minutes
		JetStreamMaxMemory:     maxMemoryBytes,
		JetStreamMaxStore:      maxStoreBytes,
		MaxPayload:             1 << 20,
	})
	if err != nil {
		return e, fmt.Errorf("set up the embedded bus: %w", bare(err))
	}
	e.server.SetLoggerV2(e.events, false, false, false)
	e.server.Start()
	switch {
	case e.events.fatal.Load(): // a server that gave up is never ready
		return e, errors.New("the store does not open; is the data directory writable?")
	case !e.server.ReadyForConnections(openTimeout):
		return e, errors.New("the embedded bus does not start")
	case !e.server.JetStreamEnabled():
		return e, errors.New("the store does not open; is the data directory writable?")
	case e.events.problems.Load() != 0:
		markDamaged(dir)
		return e, ErrDamaged
	}
	return e, nil
}

// close stops the server, waits for its goroutines and gives the directory back. It is safe after a failed start.
func (e *embedded) close() error {
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	var errs []error
	if e.lock != nil {
		errs = append(errs, e.lock.release())
	}
	if e.temp != "" {
		errs = append(errs, bare(os.RemoveAll(e.temp)))
	}
	return errors.Join(errs...)
}

// serverLog counts what the embedded server complains about. Its lines are not passed on: they name clients.
type serverLog struct {
	problems atomic.Uint64
	fatal    atomic.Bool
}

// staleIndex are the complaints about an index that is older than the blocks, as a crash leaves it: NATS then reads the
// blocks, which verifyStore has found whole.
var staleIndex = []string{"Stream state outdated", "Recovering stream state from index errored: prior state file"}

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}
func (l *serverLog) Fatalf(string, ...any)  { l.fatal.Store(true) }
func (l *serverLog) Errorf(string, ...any)  { l.problems.Add(1) }
func (l *serverLog) Warnf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !slices.ContainsFunc(staleIndex, func(known string) bool { return strings.Contains(line, known) }) {
		l.problems.Add(1)
	}
}

// bare strips the path from a file error: it may name a person.
func bare(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}
