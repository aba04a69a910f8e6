package turn

import (
	"net/netip"
	"strings"
	"testing"
)

func TestConfigIsCheckedOnce(t *testing.T) {
	good := Config{Secrets: []Secret{testSecret(t, 's')}, Public4: relay4}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string]func(*Config){
		"no secret":            func(c *Config) { c.Secrets = nil },
		"an unset secret":      func(c *Config) { c.Secrets = append(c.Secrets, Secret{}) },
		"no address":           func(c *Config) { c.Public4 = netip.Addr{} },
		"IPv6 as IPv4":         func(c *Config) { c.Public4 = relay6 },
		"IPv4 as IPv6":         func(c *Config) { c.Public6 = relay4 },
		"mapped IPv4":          func(c *Config) { c.Public6 = netip.MustParseAddr("::ffff:192.0.2.1") },
		"a zone":               func(c *Config) { c.Public6 = netip.MustParseAddr("fe80::1%eth0") },
		"the unspecified":      func(c *Config) { c.Public4 = netip.IPv4Unspecified() },
		"a group":              func(c *Config) { c.Public6 = netip.MustParseAddr("ff02::1") },
		"too many allocations": func(c *Config) { c.MaxAllocations = virtualPorts + 1 },
		"a negative number":    func(c *Config) { c.MaxAllocations = -1 },
		"a negative per tag":   func(c *Config) { c.MaxAllocationsPerTag = -1 },
		"a negative burst":     func(c *Config) { c.UnauthenticatedBurst = -1 },
		"a realm with a quote": func(c *Config) { c.Realm = `a"b` },
		"a realm with a space": func(c *Config) { c.Realm = "a b" },
		"a long realm":         func(c *Config) { c.Realm = strings.Repeat("r", 128) },
	} {
		bad := good
		bad.Secrets = append([]Secret(nil), good.Secrets...)
		change(&bad)
		if _, err := New(bad); err == nil {
			t.Errorf("%s is taken", why)
		}
	}
}

func TestCloseWithoutServing(t *testing.T) {
	s, err := New(Config{Secrets: []Secret{testSecret(t, 's')}, Public4: relay4})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
