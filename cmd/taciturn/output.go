package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/signaling"
)

// line is one JSON object of --json output.
type line struct {
	Event  string       `json:"event"`
	At     time.Time    `json:"at"`
	State  string       `json:"state,omitempty"`
	Muted  *bool        `json:"muted,omitempty"`
	Poor   *bool        `json:"poor,omitempty"`
	From   string       `json:"from,omitempty"`
	Code   string       `json:"code,omitempty"`
	Result string       `json:"result,omitempty"`
	Stats  *calls.Stats `json:"stats,omitempty"`
}

func (s session) print(l line, text string) {
	if s.json {
		_ = json.NewEncoder(s.stdout).Encode(l)
		return
	}
	fmt.Fprintln(s.stdout, text)
}

// say reports something that is not about a call.
func (s session) say(event, text string) { s.print(line{Event: event, At: time.Now()}, text) }

// incoming shows who calls: this is the user's own screen, the one place where a name belongs.
func (s session) incoming(call *calls.Call) {
	from := call.PeerName()
	if from == "" {
		from = call.PeerAddress()
	}
	s.print(line{Event: "incoming", At: time.Now(), From: from}, from+" is calling; accept? [y/n]")
}

// resultNotes say more than a result's name, where that helps.
var resultNotes = map[calls.Result]string{
	callstate.ConnectFailed: ", no voice got through the relay",
	callstate.MediaLost:     ", nothing arrives from the other side any more",
	callstate.NoAnswer:      ", it rang and nobody accepted",
	callstate.Unreachable:   ", the other phone is not online",
}

func (s session) event(e calls.Event, call *calls.Call) {
	l := line{Event: e.Kind.String(), At: e.At}
	text := ""
	switch e.Kind {
	case calls.EventState:
		l.State = e.State.String()
		text = l.State
		if e.State == calls.StateTalking {
			l.Code = call.Code()
			text = "talking; to be sure that nobody listens, compare this code aloud: " + l.Code
		}
		if e.State == calls.StateEnded {
			return // EventEnded says it with the result
		}
	case calls.EventFirstVoice:
		text = "the other side can be heard"
	case calls.EventPeerMuted:
		l.Muted = &e.Muted
		text = "the other side has unmuted"
		if e.Muted {
			text = "the other side has muted"
		}
	case calls.EventSourceEnded:
		text = "the file has been played; silence from here on"
	case calls.EventVoiceAlarm:
		text = "warning: packets arrive that the other side did not send; playback is muted"
	case calls.EventPathLost:
		text = "the other side is not heard; looking for another way"
	case calls.EventPathBack:
		text = "the other side is heard again"
	case calls.EventQuality:
		stats := call.Stats()
		l.Poor, l.Stats = &e.Poor, &stats
		text = network(e.Poor, stats.QualityNow)
	case calls.EventEnded:
		stats := call.Stats()
		l.Result, l.Stats = e.Result.String(), &stats
		text = "ended: " + l.Result + resultNotes[e.Result]
		if stats.FramesReceived > 0 {
			text += fmt.Sprintf(" (%d frames sent, %d received, %.2f %% lost", stats.FramesSent, stats.FramesReceived, 100*stats.LostRatio())
			if q := stats.Quality; q != nil {
				text += fmt.Sprintf("; %s %.2f of %.2f", q.Scale, q.MOS, q.Ceiling)
			}
			text += ")"
		}
	}
	s.print(l, text)
}

// network says how the network is to somebody who talks, and to somebody who wants to know why.
func network(poor bool, q *calls.Quality) string {
	text := "your network is good again"
	if poor {
		text = "your network is poor"
	}
	if q != nil {
		text += fmt.Sprintf(" (%s %.1f of %.1f, %.0f %% concealed, %.0f ms from mouth to ear)", q.Scale, q.MOS, q.Ceiling, 100*q.Concealed, 1000*q.MouthToEar)
	}
	return text
}

// scanLoop sends the lines of r until it ends.
func scanLoop(r io.Reader, lines chan<- string) {
	defer close(lines)
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		lines <- scanner.Text()
	}
}

// quiet is the phone's log: a person at a terminal reads events instead.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// hints say what can be done about a failure.
var hints = []struct {
	is   error
	hint string
}{
	{signaling.ErrUnavailable, "is taciturnd running there? init --server URL names the server"},
	{calls.ErrOffline, "is taciturnd running there? taciturn id shows the server"},
	{signaling.ErrRefused, "the server takes no new accounts now; ask whoever runs it"},
	{signaling.ErrRateLimited, "wait a minute and try again"},
	{calls.ErrUnknownContact, "ask for a fresh link: taciturn id --link on the other phone"},
	{calls.ErrBlocked, "taciturn contact unblock NAME ends that"},
	{calls.ErrContactChanged, "compare safety numbers before calling again: taciturn contact verify NAME"},
	{calls.ErrNoRelay, "is the relay running? taciturnd prints its address at start"},
	{identity.ErrDuplicate, "nothing was changed; taciturn contact list shows the names"},
	{identity.ErrName, "choose another name"},
	{identity.ErrFull, "taciturn contact remove NAME makes room"},
}

// explain adds to a failure what can be done about it.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*command.Error](err); ok {
		return err
	}
	if errors.Is(err, identity.ErrFormat) {
		return command.Failed(errors.New("this is not a contact link"), "it looks like https://host/#c/… and is printed by taciturn id --link; quote it, for # begins a comment in some shells")
	}
	for _, known := range hints {
		if errors.Is(err, known.is) {
			return command.Failed(err, known.hint)
		}
	}
	return err
}
