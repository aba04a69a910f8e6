package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/cmd/callsim/target"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

const (
	// answerAfter is how long the callee's human needs to press accept: long enough for the path to be warmed, as in life.
	answerAfter = time.Second
	// graceful is how long after the planned end a call may take to end.
	graceful = 75 * time.Second
	// onlineWithin bounds connecting all phones.
	onlineWithin = 30 * time.Second
)

// runQuick places the calls and prints the verdict.
func runQuick(ctx context.Context, cfg quickConfig, stdout, stderr io.Writer) error {
	q := &quick{cfg: cfg, observer: newObserver(), meter: newMeter()}
	report, err := q.run(ctx, stderr)
	if err != nil {
		return err
	}
	if cfg.json {
		err = report.writeJSON(stdout)
	} else {
		err = report.writeText(stdout)
	}
	if err != nil {
		return err
	}
	return report.err()
}

// quick is one run.
type quick struct {
	cfg      quickConfig
	observer *observer
	clip     *clip
	meter    *meter
	server   string
	phones   sync.WaitGroup
}

// pair is one call: two phones and what they heard.
type pair struct {
	alice, bob           *calls.Phone
	aliceCall, bobCall   *calls.Call
	aliceHeard, bobHeard recorder
}

func (q *quick) run(ctx context.Context, stderr io.Writer) (*Report, error) {
	started := time.Now()
	var err error
	if q.clip, err = loadClip(); err != nil {
		return nil, fmt.Errorf("load the speech: %w", err)
	}
	if !q.cfg.ownEncoder {
		for _, p := range q.clip.packets {
			q.observer.secret(p)
		}
	}
	q.server = q.cfg.server
	if q.server == "" {
		e, err := target.Start(ctx, target.Config{WatchRelay: q.observer.watchRelay, WatchHTTP: q.observer.watchHTTP})
		if err != nil {
			return nil, fmt.Errorf("start the embedded server: %w", err)
		}
		defer e.Close()
		q.server = e.URL
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); q.phones.Wait() }()
	bar := progress(stderr, q.cfg)
	pairs, err := q.connect(ctx)
	if err != nil {
		return nil, err
	}
	stopMeter := q.meter.start()
	var running sync.WaitGroup
	for i, p := range pairs {
		delay := q.cfg.ramp * time.Duration(i) / time.Duration(len(pairs))
		running.Go(func() { q.call(ctx, p, delay); _ = bar.Add(1) })
	}
	running.Wait()
	stopMeter()
	_ = bar.Finish()
	if ctx.Err() != nil {
		return nil, command.Failed(errors.New("interrupted"), "nothing was judged")
	}
	return q.report(started, pairs), nil
}

// progress is a bar on a terminal and nothing elsewhere.
func progress(w io.Writer, cfg quickConfig) *progressbar.ProgressBar {
	visible := false
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		visible = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return progressbar.NewOptions(cfg.calls, progressbar.OptionSetWriter(w), progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(fmt.Sprintf("calls of %v", cfg.talk)), progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
}

// connect makes two people for each call and brings their phones online.
func (q *quick) connect(ctx context.Context) ([]*pair, error) {
	ready, cancel := context.WithTimeout(ctx, onlineWithin)
	defer cancel()
	pairs := make([]*pair, q.cfg.calls)
	for i := range pairs {
		alice, err := q.profile(ready)
		if err != nil {
			return nil, err
		}
		bob, err := q.profile(ready)
		if err != nil {
			return nil, err
		}
		// Each knows the other, so that the phone rings before its human answers.
		if err := errors.Join(alice.AddContact("callee", bob.Link()), bob.AddContact("caller", alice.Link())); err != nil {
			return nil, err
		}
		p := &pair{}
		if p.alice, err = q.phone(ctx, alice); err != nil {
			return nil, err
		}
		if p.bob, err = q.phone(ctx, bob); err != nil {
			return nil, err
		}
		pairs[i] = p
	}
	for _, p := range pairs {
		if err := errors.Join(p.alice.WaitOnline(ready), p.bob.WaitOnline(ready)); err != nil {
			return nil, command.Failed(fmt.Errorf("connect the phones: %w", err), "is the server reachable?")
		}
	}
	return pairs, nil
}

// profile is a new person whose keys and id must not show up on any wire.
func (q *quick) profile(ctx context.Context) (*calls.Profile, error) {
	p, err := calls.CreateProfile(ctx, "", q.server, nil)
	if err != nil {
		return nil, command.Failed(err, "is the server running, and does it accept new accounts?")
	}
	key := p.Account().Bytes()
	q.observer.secret(key[:])
	q.observer.secret([]byte(p.Address()[:23]))
	return p, nil
}

func (q *quick) phone(ctx context.Context, p *calls.Profile) (*calls.Phone, error) {
	cfg := calls.Config{Profile: p, Log: slog.New(slog.DiscardHandler), NewEncoder: q.encoder}
	if q.cfg.server != "" {
		// Somebody else's relay cannot be watched, but the phones' own sockets can.
		cfg.ListenPacket = func(network, address string) (net.PacketConn, error) {
			c, err := net.ListenPacket(network, address)
			if err != nil {
				return nil, err
			}
			return q.observer.watchPhone(c), nil
		}
	}
	phone, err := calls.New(cfg)
	if err != nil {
		return nil, err
	}
	q.phones.Go(func() { _ = phone.Serve(ctx) })
	return phone, nil
}

func (q *quick) encoder() (audio.Encoder, error) {
	if !q.cfg.ownEncoder {
		return &sharedEncoder{clip: q.clip}, nil
	}
	e, err := audio.NewEncoder(audio.EncoderConfig{})
	if err != nil {
		return nil, err
	}
	return &watchedEncoder{e, q.observer}, nil
}

// call is one call from press to hang-up.
func (q *quick) call(ctx context.Context, p *pair, delay time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, delay+q.cfg.talk+graceful)
	defer cancel()
	if !sleep(ctx, delay) {
		return
	}
	contact, ok := p.alice.Profile().Contact("callee")
	if !ok {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { q.answer(ctx, p) })
	defer both.Wait()
	call, err := p.alice.Dial(ctx, contact, calls.Audio{Source: &speaker{clip: q.clip}, Sink: &p.aliceHeard})
	if err != nil {
		cancel()
		return
	}
	p.aliceCall = call
	for event := range call.Events() {
		if event.Kind == calls.EventState && event.State == calls.StateTalking {
			both.Go(func() { sleep(ctx, q.cfg.talk); call.Hangup() })
		}
	}
	<-call.Done()
	cancel() // nobody is going to ring any more
}

// answer takes the call after a human's while.
func (q *quick) answer(ctx context.Context, p *pair) {
	select {
	case call, ok := <-p.bob.Incoming():
		if !ok {
			return
		}
		p.bobCall = call
		if !sleep(ctx, answerAfter) {
			return
		}
		if call.Accept(calls.Audio{Source: &speaker{clip: q.clip}, Sink: &p.bobHeard}) == nil {
			<-call.Done()
		}
	case <-ctx.Done():
	}
}

// sleep is false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
