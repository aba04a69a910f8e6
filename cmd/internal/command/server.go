package command

import (
	"net"
	"net/url"
	"strings"
)

const serverHint = "write it like https://calls.example.org, or http://127.0.0.1:8080 for a server on this machine"

// Server checks the base URL of a server as far as that goes without asking it.
func Server(flag, text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return Usagef(serverHint, "--%s is missing", flag)
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "", strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return Usagef(serverHint, "--%s is not the URL of a server", flag)
	case u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback():
		return Usagef("use https; plain http is for a server on this machine", "--%s: plain http would show everybody who registers", flag)
	}
	return nil
}
