package scenario

import (
	"slices"

	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// nats are the routers that a scenario can put phones behind.
var nats = []struct {
	name string
	nat  netsim.NAT
}{
	{None, netsim.NAT{}},
	{"endpoint-independent", netsim.NAT{Mapping: netsim.Independent, Filtering: netsim.Independent}},
	{"address-restricted", netsim.NAT{Mapping: netsim.Independent, Filtering: netsim.AddressDependent}},
	{"port-restricted", netsim.NAT{Mapping: netsim.Independent, Filtering: netsim.PortDependent}},
	{"symmetric", netsim.NAT{Mapping: netsim.PortDependent, Filtering: netsim.PortDependent}},
}

// NATs are their names.
func NATs() (names []string) {
	for _, n := range nats {
		names = append(names, n.name)
	}
	return names
}

// Access is the access network of a phone: a profile, behind a NAT if it brings none of its own.
func Access(profile, nat string) (netsim.Profile, bool) {
	p, ok := netsim.Profile{Name: Perfect}, true
	if profile != Perfect {
		p, ok = netsim.ByName(profile)
	}
	i := slices.IndexFunc(nats, func(n struct {
		name string
		nat  netsim.NAT
	}) bool {
		return n.name == nat
	})
	if !ok || i < 0 {
		return netsim.Profile{}, false
	}
	if p.NAT == (netsim.NAT{}) {
		p.NAT = nats[i].nat
	}
	return p, true
}

// profiles are the names that a scenario may use.
func profiles() []string {
	names := []string{Perfect}
	for _, p := range netsim.Profiles() {
		names = append(names, p.Name)
	}
	return names
}
