// Command echo is an echo service: it takes every call and lets the caller hear themselves, a second later.
//
//	go run ./docs/examples/echo -server http://127.0.0.1:8080 -dir echo.profile
//
// It prints its contact link, which is what callers need; the profile directory keeps it the same from run to run. Ctrl-C ends it, and its calls.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
)

func main() {
	server := flag.String("server", "http://127.0.0.1:8080", "where to register, if there is no profile yet")
	dir := flag.String("dir", "echo.profile", "directory of the profile, made if it is missing")
	max := flag.Int("max", 10, "calls at once; further callers hear busy")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *server, *dir, *max); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, dir string, max int) error {
	profile, err := calls.OpenProfile(dir, nil)
	if errors.Is(err, fs.ErrNotExist) {
		profile, err = calls.CreateProfile(ctx, dir, server, nil)
	}
	if err != nil {
		return err
	}
	// A service has no presence to hide: whoever has its link may see that it rings.
	phone, err := calls.New(calls.Config{Profile: profile, MaxCalls: max, RingVisibility: calls.RingEveryone})
	if err != nil {
		return err
	}
	fmt.Println(profile.Link())

	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() {
		for {
			select {
			case call := <-phone.Incoming():
				wg.Go(func() { answer(call) })
			case <-ctx.Done():
				return
			}
		}
	})
	if err := phone.Serve(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}

// answer holds one call until it ends. It does not say whose.
func answer(call *calls.Call) {
	loop := make(echo, delayFrames+headroom)
	for range delayFrames {
		loop <- make([]int16, audio.FrameSamples)
	}
	if err := call.Accept(calls.Audio{Source: loop, Sink: loop}); err != nil {
		fmt.Fprintln(os.Stderr, "echo: the caller has gone")
		return
	}
	<-call.Done()
	fmt.Fprintln(os.Stderr, "echo: a call ended:", call.Result())
}

const (
	delayFrames = 50 // of 20 ms: people notice an echo of a second and understand it
	headroom    = 10
)

// echo is both ends of a call's audio: what is written is read again.
type echo chan []int16

// WriteFrame drops what nobody reads in time.
func (e echo) WriteFrame(pcm []int16) error {
	select {
	case e <- append([]int16(nil), pcm...):
	default:
	}
	return nil
}

// ReadFrame never waits, for a call cannot end before it returns.
func (e echo) ReadFrame(pcm []int16) error {
	select {
	case heard := <-e:
		copy(pcm, heard)
	default:
		clear(pcm)
	}
	return nil
}
