package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/cmd/internal/meet"
	"github.com/urfave/cli/v2"
)

// maxTurnURLs is what fits into an offer: UDP, TCP and TLS, and one to spare.
const maxTurnURLs = 4

// publicName is where clients reach a TCP port.
type publicName struct {
	host string
	port uint16 // 0: where it listens
}

// readPublic reads what clients are told of the TCP port.
func (cfg *config) readPublic(c *cli.Context) (err error) {
	if cfg.tls, err = certificateFilesFrom(c.Path("tls-cert"), c.Path("tls-key")); err != nil {
		return err
	}
	if cfg.publicName, err = parsePublicName(c.String("public-name")); err != nil {
		return err
	}
	for _, u := range c.StringSlice("turn-url") {
		if !meet.Valid(u) {
			return command.Usage(errors.New("--turn-url is not the URL of a relay"), "write it like turn:203.0.113.1:3478?transport=udp or turns:calls.example.org:443?transport=tcp")
		}
		cfg.turnURLs = append(cfg.turnURLs, u)
	}
	if len(cfg.turnURLs) > maxTurnURLs {
		return command.Usage(fmt.Errorf("more than %d relay URLs do not fit into an offer", maxTurnURLs), "one each for UDP, TCP and TLS is enough")
	}
	return nil
}

func parsePublicName(text string) (publicName, error) {
	if text == "" {
		return publicName{}, nil
	}
	wrong := command.Usage(errors.New("--public-name is not a host name"), "write it as calls.example.org, or calls.example.org:443")
	name := publicName{host: text}
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return publicName{}, wrong
		}
		name = publicName{host, uint16(n)}
	}
	if !meet.Valid(meet.URLTLS(name.host, 443)) {
		return publicName{}, wrong
	}
	return name, nil
}

// relayURLs are what phones are told to use; tcp is the relay's port in this process, 0 for none.
func (cfg *config) relayURLs(tcp uint16) []string {
	if len(cfg.turnURLs) > 0 {
		return cfg.turnURLs
	}
	urls := []string{meet.URL(cfg.turnPublic)}
	host, port := cfg.turnPublic.Addr().String(), cfg.turnPublic.Port()
	if cfg.role == roleAll {
		port = tcp
	}
	if cfg.role != roleSignaling {
		if cfg.publicName.host != "" {
			host = cfg.publicName.host
		}
		if cfg.publicName.port != 0 {
			port = cfg.publicName.port
		}
	}
	// A proxy in front of plain HTTP would not understand TURN.
	if proxied := cfg.role == roleAll && !cfg.tls.given() && cfg.listen.Addr().IsLoopback() && !cfg.turnPublic.Addr().IsLoopback(); !proxied {
		urls = append(urls, meet.URLTCP(host, port))
	}
	if cfg.tls.given() && cfg.role != roleSignaling {
		urls = append(urls, meet.URLTLS(host, port))
	}
	return urls
}
