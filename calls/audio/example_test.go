package audio_test

import (
	"fmt"

	"github.com/taciturn-voice/taciturn/calls/audio"
)

// Silence costs as many bytes as speech: what is said does not show.
func ExampleNewEncoder() {
	encoder, err := audio.NewEncoder(audio.EncoderConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	pcm, out := make([]int16, audio.FrameSamples), make([]byte, 1500)
	silence, _ := encoder.Encode(pcm, out)
	for i := range pcm {
		pcm[i] = int16(i * 37 % 20000)
	}
	noise, _ := encoder.Encode(pcm, out)
	fmt.Println(silence, noise)
	// Output: 80 80
}
