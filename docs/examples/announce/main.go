// Command announce calls a contact and plays a file to whoever picks up, the way a company's software alerts people.
//
//	go run ./docs/examples/announce -play testdata/audio/speech.wav LINK
//
// It hangs up at the end of the file. Exit code 0 means that the file was played to somebody, 1 that it was not, 2 a usage error. Without -dir
// the caller is somebody new each time; with one it keeps its keys, so that the callee can save it as a contact.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
)

func main() {
	server := flag.String("server", "http://127.0.0.1:8080", "where to register, if there is no profile yet")
	dir := flag.String("dir", "", "directory of the profile, made if it is missing; none: a new one in memory")
	play := flag.String("play", "", "WAV or Ogg-Opus file")
	record := flag.String("record", "", "keep what the other side says in this .wav or .opus file")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: announce -play FILE [flags] LINK")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *play == "" || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *server, *dir, *play, *record, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "announce:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, dir, play, record, link string) (err error) {
	message, err := audio.OpenFile(play)
	if err != nil {
		return err
	}
	defer message.Close()
	sound := calls.Audio{Source: message}
	if record != "" {
		file, err2 := audio.CreateFile(record)
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		sound.Sink = file
	}
	profile, err := open(ctx, dir, server)
	if err != nil {
		return err
	}
	contact, err := profile.ContactForLink(link)
	if err != nil {
		return fmt.Errorf("the link: %w", err)
	}
	phone, err := calls.New(calls.Config{Profile: profile})
	if err != nil {
		return err
	}
	serving, offline := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- phone.Serve(serving) }()
	defer func() { offline(); <-served }()
	if err := phone.WaitOnline(ctx); err != nil {
		return err
	}

	call, err := phone.Dial(ctx, contact, sound)
	if err != nil {
		return err
	}
	played := false
	for event := range call.Events() {
		switch event.Kind {
		case calls.EventState:
			fmt.Fprintln(os.Stderr, event.State)
		case calls.EventSourceEnded:
			played = true
			call.Hangup()
		}
	}
	if err := call.Err(); err != nil {
		return err
	}
	if !played {
		return fmt.Errorf("not heard to the end: %v", call.Result())
	}
	return nil
}

// open reads the profile in dir, or makes one.
func open(ctx context.Context, dir, server string) (*calls.Profile, error) {
	if dir == "" {
		return calls.CreateProfile(ctx, "", server, nil)
	}
	profile, err := calls.OpenProfile(dir, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return calls.CreateProfile(ctx, dir, server, nil)
	}
	return profile, err
}
