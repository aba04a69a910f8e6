package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// onlineWithin is how long a phone may take to reach its server before a command gives up.
const onlineWithin = 10 * time.Second

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
		return command.Usagef("write durations like 12s or 5m", "--for and --patience must be positive")
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
			return err
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
		for {
			select {
			case <-ctx.Done():
				return nil
			case call, ok := <-phone.Incoming():
				if !ok {
					return nil
				}
				if err := s.take(ctx, c, call, answers); err != nil {
					return err
				}
				if c.Bool("once") {
					return nil
				}
			}
		}
	})
}

// take asks the human, or accepts at once with --answer, and follows the call to its end.
func (s session) take(ctx context.Context, c *cli.Context, call *calls.Call, answers <-chan string) error {
	s.incoming(call)
	if !c.Bool("answer") {
		select {
		case <-call.Done():
			return s.follow(ctx, call, 0, 0)
		case <-ctx.Done():
			call.Hangup()
			return nil
		case line, ok := <-answers:
			if !ok || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y") {
				_ = call.Reject()
				return s.follow(ctx, call, 0, 0)
			}
		}
	}
	voice, err := openVoice(c.String("play"), c.Path("record"), s.stderr)
	if err != nil {
		_ = call.Reject()
		return err
	}
	err = call.Accept(voice.audio())
	if err == nil {
		err = s.follow(ctx, call, c.Duration("for"), 0)
	}
	// One caller who gave up is no reason to stop listening.
	if result := call.Result(); result != callstate.ResultUnset {
		err = nil
	}
	return errors.Join(err, voice.Close())
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
	stopped := ctx.Done()
	for {
		select {
		case <-stopped:
			stopped = nil
			call.Hangup()
		case <-over:
			over = nil
			call.Hangup()
		case event, ok := <-call.Events():
			if !ok {
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
	switch result := call.Result(); result {
	case callstate.HungUp, callstate.Cancelled, callstate.AnsweredElsewhere:
		return nil
	case callstate.Unreachable:
		return command.Failed(errors.New("the other phone is not online"), "it must be running: taciturn listen")
	case callstate.ConnectFailed, callstate.MediaLost:
		return command.Failed(fmt.Errorf("the call ended: %v", result), "is the relay reachable from both sides?")
	default:
		return command.Failed(fmt.Errorf("the call ended: %v", result), "")
	}
}

// voice is the audio of one call with what must be closed afterwards.
type voice struct {
	source  audio.Source
	sink    audio.Sink
	closers []io.Closer
}

func (v *voice) audio() calls.Audio { return calls.Audio{Source: v.source, Sink: v.sink} }

func (v *voice) Close() error {
	var errs []error
	for _, c := range v.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// openVoice opens files before the call and devices where no file is named. A machine without sound can still talk:
// it is said once on stderr.
func openVoice(play, record string, stderr io.Writer) (_ *voice, err error) {
	v := &voice{}
	defer func() {
		if err != nil {
			_ = v.Close()
		}
	}()
	switch play {
	case "":
		microphone, merr := audio.OpenMicrophone()
		if merr != nil {
			fmt.Fprintln(stderr, "taciturn: note: no microphone here, sending silence")
			v.source = audio.NewSilence()
			break
		}
		v.source, v.closers = microphone, append(v.closers, microphone)
	case "mic":
		microphone, err := audio.OpenMicrophone()
		if err != nil {
			return nil, command.Failed(err, "start PulseAudio or PipeWire, or use --play FILE")
		}
		v.source, v.closers = microphone, append(v.closers, microphone)
	case "silence":
		v.source = audio.NewSilence()
	case "tone":
		v.source = audio.NewTone(440)
	default:
		file, err := audio.OpenFile(play)
		if err != nil {
			return nil, command.Failed(fmt.Errorf("--play: %w", err), "give a WAV or Ogg-Opus file, or mic, tone, silence")
		}
		v.source, v.closers = file, append(v.closers, file)
	}
	if record != "" {
		file, err := audio.CreateFile(record)
		if err != nil {
			return nil, command.Failed(fmt.Errorf("--record: %w", err), "name a file ending in .wav or .opus in a directory you may write to")
		}
		v.sink, v.closers = file, append(v.closers, file)
		return v, nil
	}
	speaker, serr := audio.OpenSpeaker()
	if serr != nil {
		fmt.Fprintln(stderr, "taciturn: note: no speaker here, what is heard is thrown away; --record FILE keeps it")
		return v, nil
	}
	v.sink, v.closers = speaker, append(v.closers, speaker)
	return v, nil
}

// checkVoice opens and closes what can be checked before a call without touching a device.
func checkVoice(play, record string) error {
	switch play {
	case "", "mic", "tone", "silence":
	default:
		file, err := audio.OpenFile(play)
		if err != nil {
			return command.Failed(fmt.Errorf("--play: %w", err), "give a WAV or Ogg-Opus file, or mic, tone, silence")
		}
		_ = file.Close()
	}
	if record != "" && !strings.HasSuffix(record, ".wav") && !strings.HasSuffix(record, ".opus") && !strings.HasSuffix(record, ".ogg") {
		return command.Usagef("name a file ending in .wav or .opus", "--record: the ending of the file says its format")
	}
	return nil
}
