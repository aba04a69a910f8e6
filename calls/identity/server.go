package identity

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxServerBytes = 255

// validServer says whether server is a base URL in its one spelling: scheme, lower-case host, port if it has one, and
// nothing else. Plain http is for a server on this machine: elsewhere it would show who looks up whom.
func validServer(server string) bool {
	if len(server) > maxServerBytes {
		return false
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme+"://"+u.Host != server || !validPort(u) {
		return false
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	if err != nil && !validName(host) {
		return false
	}
	if err == nil && (ip.Zone() != "" || ip.String() != host) {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return host == "localhost" || ip.IsLoopback()
	}
	return false
}

// validPort refuses an empty port and leading zeros.
func validPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

// validName accepts labels of lower-case letters, digits and hyphens; international names are written as xn--….
func validName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
