// Package testaudio is speech for tests and for the simulator, built in, so that no program depends on where it is started.
package testaudio

import _ "embed"

//go:embed speech.wav
var speech []byte

// Speech is a WAV file: about ten seconds of English, 48 kHz, mono, 16 bit. It must not be changed.
func Speech() []byte { return speech }
