package calls

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	// pollNetwork is how often addresses are looked at where the operating system does not say that they change.
	pollNetwork = 2 * time.Second
	// settleNetwork is how long a change may take: a new address comes with several messages.
	settleNetwork = 50 * time.Millisecond
)

// watchNetwork calls changed when the addresses of this machine have changed.
func watchNetwork(ctx context.Context, changed func()) {
	hints := make(chan struct{}, 1)
	stop := networkHints(hints)
	defer stop()
	tick := time.NewTicker(pollNetwork)
	defer tick.Stop()
	before := localAddresses()
	for {
		select {
		case <-hints:
			select {
			case <-time.After(settleNetwork):
			case <-ctx.Done():
				return
			}
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if now := localAddresses(); now != before {
			before = now
			changed()
		}
	}
}

// localAddresses is a text that is another one when the addresses are: those that reach further than the next router.
func localAddresses() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	var far []string
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			far = append(far, n.String())
		}
	}
	slices.Sort(far)
	return strings.Join(far, " ")
}
