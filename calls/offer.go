package calls

import (
	"errors"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// offered handles one envelope from the mailbox: a new call, news about one that is already ringing, or junk. Junk is
// dropped without an answer: a stranger must not learn that somebody is here.
func (p *Phone) offered(d *signaling.Delivery) {
	now := time.Now()
	p.profile.mu.Lock()
	incoming, err := seal.OpenMailbox(p.profile.id, &d.Envelope, now, d.Age, p.profile.replay)
	var saved error
	if err == nil {
		saved = p.profile.saveReplayLocked()
	}
	p.profile.mu.Unlock()
	if err != nil {
		p.log.Debug("an envelope was dropped", "stale", errors.Is(err, seal.ErrStale), "replayed", errors.Is(err, seal.ErrReplayed))
		return
	}
	if saved != nil {
		// Without the memory of this offer it could ring again after a restart: refuse the call rather than forget.
		p.log.Error("the memory of offers could not be written; not ringing")
		return
	}
	switch in := incoming.(type) {
	case *seal.Callee:
		p.ring(in, now, d.Age)
	case *seal.Late:
		p.late(in)
	}
}

// ring makes a call out of a verified offer.
func (p *Phone) ring(callee *seal.Callee, now time.Time, age time.Duration) {
	offer := callee.Offer()
	contact, known := p.profile.knows(offer.Account)
	if known {
		updated, err := p.profile.updateContact(contact, record.Published{List: offer.List}, now)
		if err != nil {
			p.log.Warn("a contact's device list is older than one seen before; not ringing")
			return
		}
		contact = updated
		if offer.BestSuite() < contact.HighestSuite {
			p.log.Warn("a contact offers weaker cryptography than before; not ringing")
			return
		}
	} else {
		contact.Account = offer.Account
		contact.Server = offer.ReplyServer
	}
	caller := Caller{Address: Address(contact), Name: contact.Name, Known: known}
	verdict := VerdictRing
	if p.cfg.Screen != nil {
		verdict = p.cfg.Screen(caller)
	}
	if p.profile.mayCall(contact) != nil {
		verdict = VerdictBlock
	}
	p.board.offered(arrival{callee: callee, contact: contact, event: callstate.Offered{
		From:     callstate.Party{Account: offer.Account.ID(), Device: offer.Device},
		ID:       offer.CallID,
		Signed:   offer.Time,
		Age:      age,
		Visible:  p.cfg.RingVisibility == RingEveryone || (p.cfg.RingVisibility == RingContacts && known),
		Blocked:  verdict == VerdictBlock,
		OffHours: verdict == VerdictOffHours,
	}})
}

// late is a message of a caller to a device that never sent RING: the caller has given up, or another device answered.
func (p *Phone) late(l *seal.Late) {
	said := callstate.Received{Type: l.Message.Type()}
	if hangup, ok := l.Message.(*seal.Hangup); ok {
		said.Hangup = hangup.Reason
	}
	p.board.withdrawn(callstate.Party{Account: l.List.Account.ID(), Device: l.Device}, l.CallID, said)
}
