package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// onlineWithin is how long a phone may take to reach its server before a command gives up.
const onlineWithin = 10 * time.Second

const durationHint = "write durations like 12s or 5m"

// online runs phone while work runs, and stops it afterwards.
func online(ctx context.Context, cfg calls.Config, work func(context.Context, *calls.Phone) error) error {
	phone, err := calls.New(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go serveLoop(ctx, phone, served)
	ready, stop := context.WithTimeout(ctx, onlineWithin)
	err = phone.WaitOnline(ready)
	stop()
	if err == nil {
		err = work(ctx, phone)
	}
	cancel()
	return errors.Join(explain(err), <-served)
}

func serveLoop(ctx context.Context, phone *calls.Phone, served chan<- error) {
	err := phone.Serve(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	served <- err
}

func callCommand(c *cli.Context, s session) error {
	if c.Args().Len() != 1 {
		return command.Usagef("taciturn call NAME, or taciturn call LINK", "call needs exactly one contact or link")
	}
	if c.Duration("for") < 0 || c.Duration("patience") <= 0 {
		return command.Usagef(durationHint, "--for and --patience must be positive")
	}
	p, err := s.open()
	if err != nil {
		return err
	}
	contact, err := contactFor(p, c.Args().First())
	if err != nil {
		return err
	}
	voice, err := openVoice(c.String("play"), c.Path("record"), s.stderr)
	if err != nil {
		return err
	}
	err = online(c.Context, calls.Config{Profile: p, RingVisibility: calls.RingNobody, Log: quiet()}, func(ctx context.Context, phone *calls.Phone) error {
		call, err := phone.Dial(ctx, contact, voice.audio())
		if err != nil {
			return err // online explains it
		}
		return s.follow(ctx, call, c.Duration("for"), c.Duration("patience"))
	})
	return errors.Join(err, voice.Close())
}

// contactFor finds a contact by name, or keeps a link that was never seen before under the start of its id, so that the
// next call knows whether the keys have changed.
func contactFor(p *calls.Profile, name string) (identity.Contact, error) {
	if contact, ok := p.Contact(name); ok {
		return contact, nil
	}
	if !strings.Contains(name, "#") {
		return identity.Contact{}, unknownContact()
	}
	contact, err := p.ContactForLink(name)
	if err != nil {
		return identity.Contact{}, explain(err)
	}
	return contact, nil
}

func listenCommand(c *cli.Context, s session) error {
	if c.Args().Present() {
		return command.Usagef("taciturn listen --answer", "listen takes no argument")
	}
	if c.Duration("for") < 0 {
		return command.Usagef(durationHint, "--for must be positive")
	}
	visible, ok := map[string]calls.RingVisibility{"contacts": calls.RingContacts, "everyone": calls.RingEveryone, "nobody": calls.RingNobody}[c.String("ring-visible")]
	if !ok {
		return command.Usagef("--ring-visible is contacts, everyone or nobody", "unknown --ring-visible %q", c.String("ring-visible"))
	}
	p, err := s.open()
	if err != nil {
		return err
	}
	// Wrong files are found now, not when somebody is on the line.
	if err := checkVoice(c.String("play"), c.Path("record")); err != nil {
		return err
	}
	return online(c.Context, calls.Config{Profile: p, RingVisibility: visible, Log: quiet()}, func(ctx context.Context, phone *calls.Phone) error {
		s.say("online", "listening; stop with Ctrl-C")
		answers := readLines(s.stdin)
		for recorded := 0; ; {
			select {
			case <-ctx.Done():
				return nil
			case call, ok := <-phone.Incoming():
				if !ok {
					return nil
				}
				kept, err := s.take(ctx, c, call, answers, numbered(c.Path("record"), recorded))
				if err != nil {
					return err
				}
				if kept {
					recorded++
				}
				if c.Bool("once") {
					return nil
				}
			}
		}
	})
}

// take asks the human, or accepts at once with --answer, and follows the call to its end. It says whether it has filled the
// file record.
func (s session) take(ctx context.Context, c *cli.Context, call *calls.Call, answers <-chan string, record string) (recorded bool, err error) {
	s.incoming(call)
	if !c.Bool("answer") {
		select {
		case <-call.Done():
			_ = s.follow(ctx, call, 0, 0)
			return false, nil
		case <-ctx.Done():
			call.Hangup()
			return false, nil
		case line, ok := <-answers:
			if !ok || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y") {
				_ = call.Reject()
				_ = s.follow(ctx, call, 0, 0)
				return false, nil
			}
		}
	}
	voice, err := openVoice(c.String("play"), record, s.stderr)
	if err != nil {
		_ = call.Reject()
		return false, err
	}
	err = call.Accept(voice.audio())
	if err == nil {
		err = s.follow(ctx, call, c.Duration("for"), 0)
	}
	// One call that went wrong is no reason to stop listening for the next, unless there is no next.
	if call.Result() != callstate.ResultUnset && !c.Bool("once") {
		err = nil
	}
	return voice.recorded(), errors.Join(err, voice.Close())
}

// readLines turns a blocking reader into a channel; the goroutine lives as long as stdin does.
func readLines(r io.Reader) <-chan string {
	lines := make(chan string)
	go scanLoop(r, lines)
	return lines
}

// follow prints what happens until the call has ended. limit hangs up after so much talking, patience after so much ringing.
func (s session) follow(ctx context.Context, call *calls.Call, limit, patience time.Duration) error {
	var over <-chan time.Time
	if patience > 0 {
		over = time.After(patience)
	}
	stopped, gaveUp := ctx.Done(), false
	for {
		select {
		case <-stopped:
			stopped = nil
			call.Hangup()
		case <-over:
			over, gaveUp = nil, true
			call.Hangup()
		case event, ok := <-call.Events():
			if !ok {
				if gaveUp && call.Result() == callstate.Cancelled {
					return command.Failed(errors.New("nobody answered"), "is the other phone running taciturn listen? --patience waits longer")
				}
				return s.ended(call)
			}
			s.event(event, call)
			if event.Kind == calls.EventState && event.State == calls.StateTalking {
				over = nil
				if limit > 0 {
					over = time.After(limit)
				}
			}
		}
	}
}

// ended turns the call's result into this command's exit code.
func (s session) ended(call *calls.Call) error {
	result := call.Result()
	if err := explain(call.Err()); err != nil {
		return err
	}
	hint := ""
	switch result {
	case callstate.HungUp, callstate.Cancelled, callstate.AnsweredElsewhere:
		return nil
	case callstate.Unreachable:
		return command.Failed(errors.New("the other phone is not online"), "it must be running: taciturn listen")
	case callstate.ConnectFailed:
		hint = "is the relay reachable from both sides?"
	case callstate.MediaLost:
		hint = "nothing was heard from the other side any more; is the relay running? call again"
	case callstate.Declined, callstate.NoAnswer, callstate.Missed, callstate.Busy, callstate.OffHours:
		hint = "call again later"
	case callstate.Unsupported:
		hint = "the two phones have no way to talk in common: use the same version of taciturn on both sides"
	}
	return command.Failed(fmt.Errorf("the call ended: %v", result), hint)
}
