//go:build js && wasm

package main

import (
	"syscall/js"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// maxVoices bounds the voice roots of a call: the present one, one that the other side has not used yet, and one of a
// restart that overtook it.
const maxVoices = 3

// maxAsked bounds the restarts of the other side that are kept for later: the next, and one that has overtaken it.
const maxAsked = 2

// recovery is what a call's restarts are made of.
type recovery struct {
	renewal *seal.Renewal            // since CONFIRM
	chosen  record.DeviceID          // of a caller, since CONFIRM
	wanted  uint32                   // the restart that JavaScript is gathering for
	share   *seal.Share              // of ours that is under way
	asking  *seal.Restart            // the same
	answer  *seal.RestartAck         // the newest that has come
	asked   map[uint32]*seal.Restart // theirs, by epoch
	ready   bool                     // voice has started
	early   []js.Value               // what to say of restarts from before
}

// voiceRoots is one voice root: each direction goes forward by itself.
type voiceRoots struct{ out, in *seal.MediaRoot }

func (v *voiceRoots) wipe() {
	v.out.Wipe()
	v.in.Wipe()
}

// keyed: both sides can make the first voice root.
func (c *call) keyed(root *seal.MediaRoot) {
	if root == nil || c.renewal != nil {
		return
	}
	c.renewal = root.Renewal()
	c.hold(0, root)
}

// hold keeps the root of a restart, and wipes it here.
func (c *call) hold(restart uint32, root *seal.MediaRoot) {
	c.voices[restart] = &voiceRoots{root.Clone(), root.Clone()}
	root.Wipe()
	for old, v := range c.voices {
		if old+maxVoices <= restart {
			v.wipe()
			delete(c.voices, old)
		}
	}
}

// startVoice asks for voice with the key of CONFIRM, and for those of the restarts that there have been since.
func (c *call) startVoice() {
	out, in := seal.CallerToCallee, seal.CalleeToCaller
	if c.machine.Role() == callstate.Callee {
		out, in = in, out
	}
	c.ask("start-voice", map[string]any{
		"out": int(out), "in": int(in), "bucket": int(c.media.BucketBytes), "bitrate": int(c.media.Bitrate),
	})
	c.ready = true
	c.todo = append(c.todo, c.early...)
	c.early = nil
}

// voiceKey(true of what is sent, direction, restart) is {epoch, base [64]} of the next epoch of one direction. Each is given
// once: the root goes forward and cannot go back.
func (c *call) voiceKey(args []js.Value) any {
	roots := c.voices[uint32(number(arg(args, 2)))]
	if roots == nil {
		return refused("state")
	}
	root := roots.in
	if arg(args, 0).Truthy() {
		root = roots.out
	}
	base := root.Base(uint8(number(arg(args, 1))))
	defer clear(base[:])
	epoch := root.Epoch()
	root.Ratchet()
	return object(map[string]any{"epoch": float64(epoch), "base": toBytes(base[:])})
}

// mediaHeard(now, restart): authentic voice arrives, with the key of this restart.
func (c *call) mediaHeard(args []js.Value) any {
	return c.run(timeOf(arg(args, 0)), callstate.MediaRestored{Epoch: uint32(number(arg(args, 1)))})
}

// sendRestart asks JavaScript to gather again; the answer is restarted.
func (c *call) sendRestart(epoch uint32) {
	c.forgetAsking()
	delete(c.sent, sentKey{c.chosen, seal.TypeRestart})
	c.wanted = epoch
	c.ask("restart", map[string]any{"epoch": float64(epoch)})
}

// restarted(now, epoch, transport) answers todo "restart".
func (c *call) restarted(args []js.Value) any {
	now, epoch := timeOf(arg(args, 0)), uint32(number(arg(args, 1)))
	t, ok := transportFrom(arg(args, 2))
	if c.ended || !ok || epoch == 0 || epoch != c.wanted {
		return c.p.settle(now)
	}
	c.wanted = 0
	share, err := seal.NewShare()
	if err != nil {
		return c.p.settle(now)
	}
	c.p.touch(c)
	c.share = share
	c.asking = &seal.Restart{Epoch: epoch, Ufrag: t.Ufrag, Pwd: t.Pwd, Candidates: t.Candidates, EphemeralKey: share.Public()}
	c.sendTo(now, c.chosen, c.asking)
	return c.p.settle(now)
}

// theirs keeps a RESTART until the machine says what to do about it.
func (c *call) theirs(m *seal.Restart) {
	if m.Epoch > c.machine.Epoch() && m.Epoch <= c.machine.Epoch()+maxAsked {
		c.asked[m.Epoch] = m
	}
}

// answerRestart asks JavaScript to go along with the other side's new path; the answer is answered.
func (c *call) answerRestart(epoch uint32) {
	m := c.asked[epoch]
	if m == nil {
		return
	}
	delete(c.sent, sentKey{c.chosen, seal.TypeRestartAck})
	c.ask("answer-restart", map[string]any{
		"epoch": float64(epoch), "remote": transportTo(seal.Transport{Ufrag: m.Ufrag, Pwd: m.Pwd, Candidates: m.Candidates}),
	})
}

// answered(now, epoch, transport) answers todo "answer-restart".
func (c *call) answered(args []js.Value) any {
	now, epoch := timeOf(arg(args, 0)), uint32(number(arg(args, 1)))
	t, ok := transportFrom(arg(args, 2))
	m := c.asked[epoch]
	if c.ended || !ok || m == nil || c.renewal == nil {
		return c.p.settle(now)
	}
	c.p.touch(c)
	ack := &seal.RestartAck{Epoch: epoch, Ufrag: t.Ufrag, Pwd: t.Pwd, Candidates: t.Candidates}
	root, err := c.renewal.Answer(m, ack)
	if err != nil {
		return c.p.settle(now)
	}
	for e := range c.asked {
		if e <= epoch {
			delete(c.asked, e)
		}
	}
	c.renewed(epoch, root, false)
	c.sendTo(now, c.chosen, ack)
	return c.p.settle(now)
}

// finishRestart takes the answer to ours.
func (c *call) finishRestart(epoch uint32) {
	ack := c.answer
	if ack == nil || ack.Epoch != epoch || c.asking == nil || c.renewal == nil {
		return
	}
	root, err := c.renewal.Finish(c.share, c.asking, ack)
	c.forgetAsking()
	if err != nil {
		return // dead air follows, and another restart
	}
	c.renewed(epoch, root, true)
	c.ask("finish-restart", map[string]any{
		"remote": transportTo(seal.Transport{Ufrag: ack.Ufrag, Pwd: ack.Pwd, Candidates: ack.Candidates}),
	})
}

// renewed puts the root of a restart into use, now or when voice starts.
func (c *call) renewed(restart uint32, root *seal.MediaRoot, asked bool) {
	c.hold(restart, root)
	say := object(map[string]any{"do": "renew-voice", "restart": float64(restart), "asked": asked})
	if c.ready {
		c.todo = append(c.todo, say)
	} else {
		c.early = append(c.early, say)
	}
}

func (c *call) forgetAsking() {
	if c.share != nil {
		c.share.Wipe()
	}
	c.wanted, c.share, c.asking, c.answer = 0, nil, nil, nil
}

// forgetKeys wipes what voice was or would be encrypted with.
func (c *call) forgetKeys() {
	c.forgetAsking()
	if c.renewal != nil {
		c.renewal.Wipe()
	}
	for _, v := range c.voices {
		v.wipe()
	}
	clear(c.voices)
	clear(c.asked)
}
