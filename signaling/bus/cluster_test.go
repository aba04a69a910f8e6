package bus_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/taciturn-voice/taciturn/signaling/bus"
)

// cluster is a NATS server as an operator has one, of one node.
func cluster(t *testing.T) (url string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), Username: "service", Password: "s3cr3t",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("no NATS server")
	}
	return "nats://service:s3cr3t@" + s.Addr().String()
}

func node(t *testing.T, url string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(bus.Config{URL: url, Replicas: 1, Log: quiet})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { shut(t, b) })
	return b
}

func TestNodesOfAClusterReachOneAnother(t *testing.T) {
	url := cluster(t)
	// They start at once, and agree on a key all the same.
	var nodes [3]*bus.Bus
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() { nodes[i], _ = bus.Open(bus.Config{URL: url, Replicas: 1, Log: quiet}) })
	}
	wg.Wait()
	for i, b := range nodes {
		if b == nil {
			t.Fatalf("node %d does not open", i)
		}
		defer shut(t, b)
		if b.Subject(queue('a')) != nodes[0].Subject(queue('a')) || b.Key("x") != nodes[0].Key("x") {
			t.Errorf("node %d has another key", i)
		}
	}
	subscribe(t, nodes[0], nodes[0].Subject(queue('a')), echo)
	for _, b := range nodes {
		wantAnswer(t, b, b.Subject(queue('a')), "hello", "re: hello")
	}
	create(t, bucket(t, nodes[1]), "key", "value")
	wantValue(t, bucket(t, nodes[2]), "key", "value")
	_, err := nodes[2].Request(within(t, patience), nodes[2].Subject(queue('b')), nil)
	wantError(t, "a queue that no node holds", err, bus.ErrNoResponders)
}

func TestTheKeyOfAClusterOutlivesItsNodes(t *testing.T) {
	url := cluster(t)
	first, err := bus.Open(bus.Config{URL: url, Replicas: 1, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	subject := first.Subject(queue('a'))
	shut(t, first)
	if node(t, url).Subject(queue('a')) != subject {
		t.Error("a node that comes later has another key")
	}
	if node(t, cluster(t)).Subject(queue('a')) == subject {
		t.Error("two clusters have one key")
	}
}

func TestWhatCannotBeReachedIsSaidWithoutItsAddress(t *testing.T) {
	good := cluster(t)
	for what, url := range map[string]string{
		"nobody listens":   "nats://service:s3cr3t@127.0.0.1:1",
		"a wrong password": strings.Replace(good, "s3cr3t", "wr0ng", 1),
		"no address":       "nats://service:s3cr3t@:::",
	} {
		start := time.Now()
		b, err := bus.Open(bus.Config{URL: url, Replicas: 1, Log: quiet})
		if err == nil {
			t.Errorf("%s: opened", what)
			shut(t, b)
			continue
		}
		for _, secret := range []string{"s3cr3t", "wr0ng", "service", "127.0.0.1"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error says %q: %v", what, secret, err)
			}
		}
		if time.Since(start) > patience {
			t.Errorf("%s: it took %v", what, time.Since(start))
		}
	}
}
