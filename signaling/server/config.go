package server

import (
	"errors"
	"log/slog"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/directory"
)

// Defaults of Config. They fit a machine with one core and 512 MiB.
const (
	defaultMaxConnections = 12_000
	defaultMaxQueuedBytes = 128 << 20
	defaultPerSource      = 200
)

// Config says what a Server works with. It must not be changed after New.
type Config struct {
	// Directory holds the accounts. Required.
	Directory *directory.Directory
	// Bus connects the nodes; it must outlive the server. Required.
	Bus *bus.Bus
	// MintRelay makes one call's pair of relay credentials. It may run concurrently. Default: there is no relay.
	MintRelay func(now time.Time) (signaling.RelayPair, error)
	// RelayHosts are the relays that phones of this server may use. Default: none.
	RelayHosts []string
	// RegistrationOpen lets anybody create an account.
	RegistrationOpen bool
	// MaxConnections bounds WebSockets. Default 12,000; negative: no bound.
	MaxConnections int
	// MaxQueuedBytes bounds the envelopes of all boxes together. Default 128 MiB; negative: no bound.
	MaxQueuedBytes int64
	// PerSource bounds requests per second of one source prefix; ten times as many may come at once. Default 200; negative:
	// no bound.
	PerSource int
	// Log receives states and counts. Default: slog.Default().
	Log *slog.Logger
}

func (cfg Config) withDefaults() (Config, error) {
	if cfg.Directory == nil || cfg.Bus == nil {
		return Config{}, errors.New("server: a directory and a bus are required")
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = defaultMaxConnections
	}
	if cfg.MaxQueuedBytes == 0 {
		cfg.MaxQueuedBytes = defaultMaxQueuedBytes
	}
	if cfg.PerSource == 0 {
		cfg.PerSource = defaultPerSource
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return cfg, nil
}
