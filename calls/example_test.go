package calls_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
)

// A phone that calls somebody and plays a file to them, the way a company's software alerts people.
func ExamplePhone_Dial() {
	announce := func(ctx context.Context, dir, link, file string) error {
		profile, err := calls.OpenProfile(dir, nil)
		if err != nil {
			return err
		}
		phone, err := calls.New(calls.Config{Profile: profile})
		if err != nil {
			return err
		}
		ctx, hangUp := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- phone.Serve(ctx) }()
		defer func() { hangUp(); <-served }()
		if err := phone.WaitOnline(ctx); err != nil {
			return err
		}
		contact, err := profile.ContactForLink(link)
		if err != nil {
			return err
		}
		message, err := audio.OpenFile(file)
		if err != nil {
			return err
		}
		defer message.Close()
		call, err := phone.Dial(ctx, contact, calls.Audio{Source: message})
		if err != nil {
			return err
		}
		for event := range call.Events() {
			if event.Kind == calls.EventSourceEnded {
				call.Hangup()
			}
		}
		return call.Err()
	}
	err := announce(context.Background(), "/nonexistent", "https://calls.example.org/#c/…", "alarm.wav")
	fmt.Println(err)
	// Output: file does not exist
}

// A phone that takes every call and lets the caller hear themselves.
func ExamplePhone_Incoming() {
	echo := func(ctx context.Context, profile *calls.Profile) error {
		phone, err := calls.New(calls.Config{Profile: profile})
		if err != nil {
			return err
		}
		go func() {
			for call := range phone.Incoming() {
				loop := make(echoed, 50)
				if err := call.Accept(calls.Audio{Source: loop, Sink: loop}); err != nil {
					log.Print("the caller has gone")
				}
			}
		}()
		return phone.Serve(ctx)
	}
	err := echo(context.Background(), nil)
	fmt.Println(err)
	// Output: calls: Config.Profile is missing
}

// echoed is both ends of a call's audio: what is written is read again.
type echoed chan []int16

func (e echoed) WriteFrame(pcm []int16) error {
	select {
	case e <- append([]int16(nil), pcm...):
	default: // nobody has read for a second
	}
	return nil
}

// ReadFrame never waits: a call cannot end before its Source returns.
func (e echoed) ReadFrame(pcm []int16) error {
	select {
	case heard := <-e:
		copy(pcm, heard)
	default:
		clear(pcm)
	}
	return nil
}

// What became of a call, in words.
func ExampleResult() {
	explain := func(call *calls.Call) string {
		if errors.Is(call.Err(), calls.ErrContactChanged) {
			return "their keys have changed: compare safety numbers first"
		}
		return call.Result().String()
	}
	_ = explain
	var result calls.Result
	fmt.Println(result)
	// Output: unset
}
