package calls

import (
	"context"
	"testing"
)

// The watch ends when it is told to, and says nothing where nothing changes. It runs on the real machine.
func TestTheNetworkWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		watchNetwork(ctx, func() { t.Log("the addresses of this machine have changed") })
	}()
	cancel()
	<-done
	hints := make(chan struct{}, 1)
	networkHints(hints)() // opens and closes
	if a, b := localAddresses(), localAddresses(); a != b {
		t.Log("the addresses of this machine have changed")
	}
}
