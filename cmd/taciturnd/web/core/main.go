//go:build js && wasm

// Command core is the part of the web phone that keeps secrets: identity, contacts, handshake and call state, the same
// packages that the terminal phone runs, compiled to WebAssembly. It does no I/O. Everything that touches the network, the
// microphone, the clock or the disk is JavaScript (../phone), which asks this program what to do:
//
//	core.create(now, server)                      → profile
//	core.open(identity, contacts, replay, phrase) → profile
//	profile.dial(now, contact)                    → {call, steps}
//	profile.offered(now, age, envelope, …)        → steps
//	call.<event>(now, …)                          → steps: [{call, state, deadline, code, todo: […]}, …]
//
// An event goes into package callstate, whose actions come back as todo, in order; an action about an envelope comes back
// as the sealed envelope to submit. One event can move several calls, or begin one: there is a step for each. Nothing here
// waits.
//
// # Conventions
//
// Times are milliseconds since 1970, bytes are Uint8Array, names of states and results are those of the Go packages. A
// function that fails returns an Error whose message is one of a few fixed words; it never throws. No function returns a
// secret but those whose name says so: identityFile, contactsFile and replayFile, which the page stores encrypted, and
// voiceKey, which the worker that encrypts voice needs.
package main

import "syscall/js"

func main() {
	core := js.Global().Get("Object").New()
	export(core, map[string]func([]js.Value) any{
		"create":      create,
		"open":        open,
		"parseLink":   parseLink,
		"needsPhrase": needsPhrase,
	})
	js.Global().Set("taciturnCore", core)
	select {}
}
