package calls

import (
	"context"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// renewEvery is how often a call that is well gets a new key. The caller sees to it.
const renewEvery = 30 * time.Minute

// recovery is what a call's restarts are made of; owned by the call's loop.
type recovery struct {
	renewal  *seal.Renewal            // since CONFIRM
	roots    []voiceRoot              // of restarts before voice has begun
	share    *seal.Share              // of ours that is under way
	asking   *seal.Restart            // the same
	answered *seal.RestartAck         // the answer to it
	asked    map[uint32]*seal.Restart // theirs, by epoch
	late     []seal.Candidate         // of this side, found after its transport was told
	toward   record.DeviceID          // whose transport ConnectMedia was given
	reaching bool                     // ConnectMedia was said
}

// keyed: both sides can make the first voice root.
func (c *Call) keyed(root *seal.MediaRoot) { c.root, c.renewal = root, root.Renewal() }

// sendRestart asks for a new key, and says where this side is now.
func (c *Call) sendRestart(epoch uint32) {
	local, err := c.ready.conn.Local()
	if err != nil {
		return // closing
	}
	share, err := seal.NewShare()
	if err != nil {
		return
	}
	c.forgetAsking()
	t := transportOf(local)
	c.share = share
	c.asking = &seal.Restart{Epoch: epoch, Ufrag: t.Ufrag, Pwd: t.Pwd, Candidates: t.Candidates, EphemeralKey: share.Public()}
	c.log.Debug("restart asked for")
	c.sendTo(c.chosen, c.asking)
}

// answerRestart answers theirs.
func (c *Call) answerRestart(epoch uint32) {
	theirs := c.asked[epoch]
	if theirs == nil || c.renewal == nil {
		return
	}
	c.reach(media.Description{Ufrag: theirs.Ufrag, Pwd: theirs.Pwd, Candidates: candidatesOf(theirs.Candidates)})
	local, err := c.ready.conn.Local()
	if err != nil {
		return // closing
	}
	t := transportOf(local)
	ack := &seal.RestartAck{Epoch: epoch, Ufrag: t.Ufrag, Pwd: t.Pwd, Candidates: t.Candidates}
	root, err := c.renewal.Answer(theirs, ack)
	if err != nil {
		c.log.Warn("a restart could not be answered")
		return
	}
	for e := range c.asked {
		if e <= epoch {
			delete(c.asked, e)
		}
	}
	c.renewed(voiceRoot{root: root, restart: epoch})
	c.sendTo(c.chosen, ack)
}

// finishRestart takes the answer to ours.
func (c *Call) finishRestart(epoch uint32) {
	ack := c.answered
	if ack == nil || ack.Epoch != epoch || c.asking == nil || c.renewal == nil {
		return
	}
	root, err := c.renewal.Finish(c.share, c.asking, ack)
	c.forgetAsking()
	if err != nil {
		c.log.Warn("the answer to a restart is useless")
		return
	}
	c.renewed(voiceRoot{root: root, restart: epoch, asked: true})
	c.reach(media.Description{Ufrag: ack.Ufrag, Pwd: ack.Pwd, Candidates: candidatesOf(ack.Candidates)})
}

func (c *Call) forgetAsking() {
	if c.share != nil {
		c.share.Wipe()
	}
	c.share, c.asking, c.answered = nil, nil, nil
}

// renewed puts the root of a restart into use, now or when voice begins.
func (c *Call) renewed(r voiceRoot) {
	c.restarts.Add(1)
	if c.voice == nil {
		c.roots = append(c.roots, r)
		return
	}
	c.voice.keys.renew(r)
	r.root.Wipe()
}

// reach tells media what the other side said of its own in the middle of a call.
func (c *Call) reach(d media.Description) {
	if c.ready.conn.Restart(d) != nil {
		c.log.Debug("an address of the other side was refused")
	}
}

// impaired: nothing is heard.
func (c *Call) impaired() {
	if !c.lost {
		c.lost = true
		c.emit(Event{Kind: EventPathLost, State: StateTalking})
	}
	c.step(callstate.MediaImpaired{})
}

// restored: authentic voice arrives, with the key of this restart.
func (c *Call) restored(restart uint32) {
	if c.lost {
		c.lost = false
		c.emit(Event{Kind: EventPathBack, State: StateTalking})
	}
	c.step(callstate.MediaRestored{Epoch: restart})
}

// reconnect makes the call's connections for signaling anew: the way to the relay is gone, and with it perhaps theirs. It may
// be a minute before they notice.
func (c *Call) reconnect() {
	if peer := c.peerClient(); peer != nil {
		peer.Reconnect()
	}
	if c.ready.queue != nil {
		c.ready.queue.Reconnect()
	}
	c.suspect()
}

// suspect: the path is another one now, or will be, so the key is renewed.
func (c *Call) suspect() {
	if c.voice != nil {
		c.voice.watch.suspect.Store(true)
		c.step(callstate.MediaImpaired{})
	}
}

// networkChanged: the sockets may be those of a network that is gone.
func (c *Call) networkChanged() {
	if peer := c.peerClient(); peer != nil {
		peer.Reconnect()
	}
	if c.ready.conn == nil {
		return
	}
	c.ready.conn.NetworkChanged()
	c.suspect()
}

// trickle tells the other side of addresses of this side that were found late.
func (c *Call) trickle(found []media.Candidate) {
	late := transportOf(media.Description{Candidates: found}).Candidates
	c.late = append(c.late, late...)
	if over := len(c.late) - seal.MaxCandidates; over > 0 {
		c.late = c.late[over:]
	}
	switch {
	case c.caller == nil:
		c.trickleTo(record.DeviceID{})
	case c.chosen != record.DeviceID{}:
		c.trickleTo(c.chosen)
	default:
		for device := range c.remotes {
			c.trickleTo(device)
		}
	}
}

// trickleTo tells one device, once there is a session with it.
func (c *Call) trickleTo(device record.DeviceID) {
	if len(c.late) > 0 {
		c.sendTo(device, &seal.Candidates{Candidates: c.late})
	}
}

// candidates are addresses that the other side has found late.
func (c *Call) candidates(device record.DeviceID, m *seal.Candidates) {
	if c.reaching && c.toward == device && c.ready.conn != nil {
		_ = c.ready.conn.AddCandidates(candidatesOf(m.Candidates)) // refused ones are counted
		return
	}
	d, known := c.remotes[device]
	if room := media.MaxCandidates - len(d.Candidates); known && room > 0 {
		d.Candidates = append(d.Candidates, candidatesOf(m.Candidates[:min(room, len(m.Candidates))])...)
		c.remotes[device] = d
	}
}

// relogin fetches relays with credentials of our own: those of the offer have expired, or the relay does not know them any
// more.
func (c *Call) relogin(role media.Role) func(context.Context) ([]media.Relay, error) {
	return func(ctx context.Context) ([]media.Relay, error) {
		pair, err := c.phone.relayCredentials(ctx)
		if err != nil {
			return nil, err
		}
		login := pair.Caller
		if role == media.Callee {
			login = pair.Callee
		}
		return relaysOf(pair.URLs, login.Username, login.Password), nil
	}
}

func relaysOf(urls []string, user, password string) []media.Relay {
	relays := make([]media.Relay, len(urls))
	for i, u := range urls {
		relays[i] = media.Relay{URL: u, Username: user, Password: password}
	}
	return relays
}
