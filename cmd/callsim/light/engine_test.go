package light_test

import (
	"context"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/light"
	"github.com/taciturn-voice/taciturn/cmd/callsim/target"
)

// world is a server, an engine and two people.
type world struct {
	*testing.T
	server     *target.Embedded
	engine     *light.Engine
	alice, bob *light.Person
}

func newWorld(t *testing.T, shards int) *world {
	t.Helper()
	ctx := t.Context()
	server, err := target.Start(context.Background(), target.Config{})
	if err != nil {
		t.Fatalf("start a server: %v", err)
	}
	t.Cleanup(func() { _ = server.Close() })
	voice := make([][]byte, 50)
	for i := range voice {
		voice[i] = make([]byte, 80)
	}
	engine, err := light.New(light.Config{Voice: voice, Shards: shards})
	if err != nil {
		t.Fatalf("make an engine: %v", err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	w := &world{T: t, server: server, engine: engine}
	if w.alice, err = engine.Register(ctx, server.URL); err != nil {
		t.Fatalf("register alice: %v", err)
	}
	if w.bob, err = engine.Register(ctx, server.URL); err != nil {
		t.Fatalf("register bob: %v", err)
	}
	return w
}

func TestTwoPeopleTalk(t *testing.T) {
	w := newWorld(t, 1)
	o := w.engine.Call(t.Context(), w.alice, w.bob, light.Plan{Ring: 200 * time.Millisecond, Talk: time.Second})
	if o.Result != light.ResultTalked || o.Failure != "" {
		t.Fatalf("the call ended with %v at %q", o.Result, o.Failure)
	}
	for who, r := range map[string]light.Reception{"alice": o.Caller, "bob": o.Callee} {
		if r.Received < 30 || r.Unauthentic != 0 || r.Sizes != 1 || r.SizeBytes != 147 {
			t.Errorf("%s heard %+v", who, r)
		}
	}
	if o.Times.Acknowledged.IsZero() {
		t.Error("the hang-up was not acknowledged")
	}
	if n := w.engine.Live(); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}
