package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/turn"
	"github.com/urfave/cli/v2"
)

// role says which halves of the service this process is.
type role string

const (
	roleAll       role = "all"
	roleSignaling role = "signaling"
	roleRelay     role = "relay"
)

func (r role) signaling() bool { return r == roleAll || r == roleSignaling }
func (r role) relay() bool     { return r == roleAll || r == roleRelay }

const (
	maxShards    = 256
	defaultDrain = 25 * time.Second // less than what Kubernetes grants
)

// config is everything that flags and environment decide. It is not changed after configFrom.
type config struct {
	role         role
	listen       netip.AddrPort // TCP: signaling, and TURN in role all; loopback only while there is no TLS
	tls          certificateFiles
	publicName   publicName     // of the TCP port; zero: the address of the relay
	turnURLs     []string       // that replace those that follow from the listeners
	adminListen  netip.AddrPort // loopback only
	turnListen   netip.AddrPort
	turnPublic   netip.AddrPort // where clients reach the relay
	secrets      []turn.Secret  // the first mints, all verify
	dataDir      string         // empty: memory
	natsURL      string         // empty: embedded
	registration bool
	shards       int
	drain        time.Duration
	drainTo      []netip.AddrPort // relays that take the calls of a draining one
	logFormat    string
}

func flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "role", Value: string(roleAll), EnvVars: []string{"TACITURND_ROLE"}, Usage: "`ROLE` of this process: all, signaling or relay"},
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", EnvVars: []string{"TACITURND_LISTEN"}, Usage: "signaling, web phone and TURN over TCP and TLS on `ADDRESS:PORT` (without a certificate it is plain HTTP, so loopback only)"},
		&cli.PathFlag{Name: "tls-cert", EnvVars: []string{"TACITURND_TLS_CERT"}, Usage: "`FILE` with the certificate and its chain, PEM; read again on SIGHUP"},
		&cli.PathFlag{Name: "tls-key", EnvVars: []string{"TACITURND_TLS_KEY"}, Usage: "`FILE` with its private key, PEM, mode 0600"},
		&cli.StringFlag{Name: "public-name", EnvVars: []string{"TACITURND_PUBLIC_NAME"}, DefaultText: "the relay's address, the listening port", Usage: "`NAME[:PORT]` at which clients reach the TCP port; one that the certificate is for"},
		&cli.StringFlag{Name: "turn-listen", Value: "127.0.0.1:3478", EnvVars: []string{"TACITURND_TURN_LISTEN"}, Usage: "STUN and TURN on UDP `ADDRESS:PORT`; of a relay that runs alone on TCP as well"},
		&cli.StringFlag{Name: "turn-public", EnvVars: []string{"TACITURND_TURN_PUBLIC"}, DefaultText: "where it listens", Usage: "`ADDRESS:PORT` at which clients reach the relay"},
		&cli.StringSliceFlag{Name: "turn-url", EnvVars: []string{"TACITURND_TURN_URL"}, DefaultText: "what this process, or a relay at --turn-public, listens on", Usage: "`URL` of a relay to give to phones, such as turns:calls.example.org:443?transport=tcp; repeat for more"},
		&cli.StringSliceFlag{Name: "turn-secret-file", EnvVars: []string{"TACITURND_TURN_SECRET_FILE"}, Usage: "`FILE` with the relay secret, mode 0600; repeat to accept an older one too; without it a fresh secret in memory"},
		&cli.IntFlag{Name: "turn-shards", EnvVars: []string{"TACITURND_TURN_SHARDS"}, DefaultText: "one for each core", Usage: "`NUMBER` of sockets the relay reads from in parallel"},
		&cli.StringFlag{Name: "admin-listen", Value: "127.0.0.1:8081", EnvVars: []string{"TACITURND_ADMIN_LISTEN"}, Usage: "metrics and health on loopback `ADDRESS:PORT`; \"off\" for none"},
		&cli.PathFlag{Name: "data-dir", EnvVars: []string{"TACITURND_DATA_DIR"}, DefaultText: "memory only", Usage: "`DIRECTORY` for accounts and device lists"},
		&cli.StringFlag{Name: "nats", EnvVars: []string{"TACITURND_NATS"}, DefaultText: "an embedded one without sockets", Usage: "`URL` of an existing NATS cluster"},
		&cli.BoolFlag{Name: "closed", EnvVars: []string{"TACITURND_CLOSED"}, Usage: "refuse new accounts"},
		&cli.DurationFlag{Name: "drain", DefaultText: "25s, on loopback none", EnvVars: []string{"TACITURND_DRAIN"}, Usage: "`TIME` that calls get to end after SIGTERM; 0s for none"},
		&cli.StringSliceFlag{Name: "drain-to", EnvVars: []string{"TACITURND_DRAIN_TO"}, Usage: "`ADDRESS:PORT` of another relay with the same secret, to which new clients are sent meanwhile; repeat for the other address family"},
		&cli.StringFlag{Name: "log", Value: "auto", EnvVars: []string{"TACITURND_LOG"}, Usage: "log `FORMAT`: text, json or auto, which is text on a terminal"},
	}
}

// configFrom is the only reader of flags and environment.
func configFrom(c *cli.Context) (config, error) {
	cfg := config{
		role:         role(c.String("role")),
		dataDir:      c.Path("data-dir"),
		natsURL:      c.String("nats"),
		registration: !c.Bool("closed"),
		shards:       c.Int("turn-shards"),
		drain:        c.Duration("drain"),
		logFormat:    c.String("log"),
	}
	switch cfg.role {
	case roleAll, roleSignaling, roleRelay:
	default:
		return config{}, command.Usage(fmt.Errorf("unknown role %q", cfg.role), "--role is all, signaling or relay")
	}
	if c.IsSet("turn-shards") && (cfg.shards < 1 || cfg.shards > maxShards) {
		return config{}, command.Usage(fmt.Errorf("--turn-shards must be 1 to %d", maxShards), "leave it out for one on each core")
	}
	switch cfg.logFormat {
	case "auto", "text", "json":
	default:
		return config{}, command.Usage(fmt.Errorf("unknown log format %q", cfg.logFormat), "--log is auto, text or json")
	}
	var err error
	if err = cfg.readPublic(c); err != nil {
		return config{}, err
	}
	if cfg.role.signaling() {
		if cfg.listen, err = address("listen", c.String("listen")); err != nil {
			return config{}, err
		}
		if !cfg.listen.Addr().IsLoopback() && !cfg.tls.given() {
			return config{}, command.Usage(errors.New("signaling without TLS may listen on loopback only"), "give --tls-cert and --tls-key, or listen on 127.0.0.1 and put a TLS proxy in front")
		}
	}
	if cfg.turnListen, err = address("turn-listen", c.String("turn-listen")); err != nil {
		return config{}, err
	}
	cfg.turnPublic = cfg.turnListen
	if c.String("turn-public") != "" {
		if cfg.turnPublic, err = address("turn-public", c.String("turn-public")); err != nil {
			return config{}, err
		}
	}
	if cfg.turnPublic.Addr().IsUnspecified() {
		return config{}, command.Usage(errors.New("the relay listens on every address, so clients cannot know which one to use"), "name one with --turn-public ADDRESS:PORT")
	}
	if !c.IsSet("drain") && !cfg.turnPublic.Addr().IsLoopback() {
		cfg.drain = defaultDrain
	}
	if c.String("admin-listen") != "off" {
		if cfg.adminListen, err = address("admin-listen", c.String("admin-listen")); err != nil {
			return config{}, err
		}
		if !cfg.adminListen.Addr().IsLoopback() {
			return config{}, command.Usage(errors.New("the admin listener may be on loopback only"), "--admin-listen 127.0.0.1:8081, or off")
		}
	}
	for _, text := range c.StringSlice("drain-to") {
		at, err := address("drain-to", text)
		if err != nil {
			return config{}, err
		}
		cfg.drainTo = append(cfg.drainTo, at)
	}
	cfg.secrets, err = secretsFrom(cfg.role, c.StringSlice("turn-secret-file"))
	return cfg, err
}

func address(flag, text string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}, command.Usage(fmt.Errorf("--%s: %q is not an IP address with a port", flag, text), "write it as 127.0.0.1:3478 or [::1]:3478")
	}
	return a, nil
}

// secretsFrom reads the shared secrets. A process that is both roles needs none: it draws one that dies with it.
func secretsFrom(r role, paths []string) ([]turn.Secret, error) {
	if len(paths) == 0 {
		if r != roleAll {
			return nil, command.Usage(errors.New("roles that run apart must share a relay secret"), "taciturnd secret relay.secret, then --turn-secret-file relay.secret for both")
		}
		s, err := turn.GenerateSecret()
		return []turn.Secret{s}, err
	}
	secrets := make([]turn.Secret, 0, len(paths))
	for i, path := range paths {
		s, err := readSecret(path)
		if err != nil {
			return nil, fmt.Errorf("relay secret file %d: %w", i+1, err)
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}

func readSecret(path string) (turn.Secret, error) {
	text, err := readFile(path, true)
	defer clear(text)
	switch {
	case errors.Is(err, errOthersRead):
		return turn.Secret{}, command.Failed(err, "chmod 600 the file")
	case errors.Is(err, fs.ErrNotExist):
		return turn.Secret{}, command.Failed(err, "taciturnd secret FILE makes one")
	case err != nil:
		return turn.Secret{}, command.Failed(err, "check the path and the permissions")
	}
	s, err := turn.ParseSecret(text)
	if err != nil {
		return turn.Secret{}, command.Failed(err, "taciturnd secret FILE makes a valid one")
	}
	return s, nil
}
