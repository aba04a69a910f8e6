package calls_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
)

func TestACodeThatWasComparedVerifiesTheContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP, func(c *calls.Config) { c.RingVisibility = calls.RingEveryone }), w.person(bobIP, func(c *calls.Config) { c.RingVisibility = calls.RingEveryone })
		caller := alice.dial(bob) // bob does not know her
		if err := caller.Verify(); !errors.Is(err, calls.ErrState) {
			t.Errorf("before there is a code: %v", err)
		}
		callee := bob.wantRing()
		must(t, callee.Accept(bob.audio()))
		wantState(t, caller, calls.StateTalking)
		wantState(t, callee, calls.StateTalking)
		if caller.Code() != callee.Code() {
			t.Fatal("the codes differ")
		}
		must(t, caller.Verify())
		if c := alice.contact(bob); c.Trust != identity.Verified {
			t.Errorf("trust is %v", c.Trust)
		}
		if err := callee.Verify(); !errors.Is(err, identity.ErrUnknown) {
			t.Errorf("a stranger: %v", err)
		}
		bob.contact(alice)
		must(t, callee.Verify())
		caller.Hangup()
		wantResult(t, callee, callstate.HungUp)
	})
}

func TestABlockedContactHearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		name := bob.contact(alice).Name
		must(t, bob.profile.BlockContact(name))
		if err := bob.profile.BlockContact("nobody"); !errors.Is(err, identity.ErrUnknown) {
			t.Errorf("blocking nobody: %v", err)
		}
		if _, err := bob.Dial(t.Context(), bob.contact(alice), bob.audio()); !errors.Is(err, calls.ErrBlocked) {
			t.Errorf("calling whom one has blocked: %v", err)
		}
		blocked := alice.dial(bob)
		bob.wantQuiet(30 * time.Second)
		wantResult(t, blocked, callstate.NoAnswer)
		must(t, bob.profile.UnblockContact(name))
		must(t, bob.profile.VerifyContact(name))
		if c := bob.contact(alice); c.Trust != identity.Verified {
			t.Errorf("trust is %v", c.Trust)
		}
		caller, _ := talk(t, alice, bob)
		caller.Hangup()
		wantResult(t, caller, callstate.HungUp)
	})
}
