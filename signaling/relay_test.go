package signaling

import (
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestARelayPairIsReadAsItWasWritten(t *testing.T) {
	for name, p := range map[string]*RelayPair{
		"a pair":          pair(),
		"the largest":     largestPair(),
		"an empty one":    {URLs: []string{}, Hosts: []string{}, Expires: time.Unix(0, 0)},
		"empty texts":     {URLs: []string{"", ""}, Hosts: []string{""}, Expires: time.Unix(1, 0)},
		"the last second": {URLs: []string{}, Hosts: []string{}, Expires: time.Unix(maxExpiresUnix, 0)},
	} {
		if !p.Valid() {
			t.Errorf("%s cannot be written", name)
		}
		b := Relay{3, p}.Append(nil)
		if len(b) > MaxServerFrame {
			t.Errorf("%s: %d bytes, the limit says %d", name, len(b), MaxServerFrame)
		}
		got, err := ParseFrame(b)
		if err != nil || !reflect.DeepEqual(got, Relay{3, p}) {
			t.Errorf("%s became another one: %v", name, err)
		}
	}
}

func TestAPairThatDoesNotFitIsNotValid(t *testing.T) {
	long := strings.Repeat("x", maxRelayText+1)
	for what, spoil := range map[string]func(p *RelayPair){
		"a long URL":       func(p *RelayPair) { p.URLs[0] = long },
		"a long host":      func(p *RelayPair) { p.Hosts[0] = long },
		"a long username":  func(p *RelayPair) { p.Caller.Username = long },
		"a long password":  func(p *RelayPair) { p.Callee.Password = long },
		"nine URLs":        func(p *RelayPair) { p.URLs = make([]string, maxRelayNames+1) },
		"nine hosts":       func(p *RelayPair) { p.Hosts = make([]string, maxRelayNames+1) },
		"before 1970":      func(p *RelayPair) { p.Expires = time.Unix(-1, 0) },
		"no time":          func(p *RelayPair) { p.Expires = time.Time{} },
		"after 9999":       func(p *RelayPair) { p.Expires = time.Unix(maxExpiresUnix+1, 0) },
		"all of it longer": func(p *RelayPair) { *p = *largestPair(); p.Hosts = slices.Clone(p.URLs) },
	} {
		p := pair()
		spoil(p)
		if p.Valid() {
			t.Errorf("%s can be written", what)
		}
	}
	p := pair()
	if !p.Valid() || !reflect.DeepEqual(p, pair()) {
		t.Error("asking changes the pair")
	}
}

func TestAMarredPairIsRefused(t *testing.T) {
	// covers N1
	good := Relay{3, pair()}.Append(nil)
	const expires, count = 5, 13
	for what, mar := range map[string]func(b []byte){
		"after 9999":  func(b []byte) { binary.BigEndian.PutUint64(b[expires:], maxExpiresUnix+1) },
		"before 1970": func(b []byte) { b[expires] = 0xff },
		"nine URLs":   func(b []byte) { b[count] = maxRelayNames + 1 },
		"one URL":     func(b []byte) { b[count] = 1 },
		"a long URL":  func(b []byte) { b[count+1] = 255 },
	} {
		bad := slices.Clone(good)
		mar(bad)
		_, err := ParseFrame(bad)
		wantFormat(t, what, err)
	}
}
