package main

import (
	"testing"

	"github.com/taciturn-voice/taciturn/calls"
)

func TestAPoorNetworkIsSaidInPlainWords(t *testing.T) {
	q := &calls.Quality{Scale: "MOS_CQEF", MOS: 2.61, Ceiling: 4.22, Concealed: 0.083, MouthToEar: 0.1234}
	for want, got := range map[string]string{
		"your network is poor (MOS_CQEF 2.6 of 4.2, 8 % concealed, 123 ms from mouth to ear)": network(true, q),
		"your network is good again": network(false, nil),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
