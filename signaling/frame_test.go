package signaling

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

func TestAFrameIsReadAsItWasWritten(t *testing.T) {
	for name, f := range everyFrame() {
		b := f.Append([]byte("before"))
		if string(b[:6]) != "before" {
			t.Errorf("%s: Append does not append", name)
		}
		got, err := ParseFrame(b[6:])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, f) {
			t.Errorf("%s became %T of other content", name, got)
		}
	}
}

// The table of the package documentation, by type byte and size.
func TestFramesHaveTheSizesThatTheTableSays(t *testing.T) {
	for name, want := range map[string]struct{ first, size int }{
		"challenge":     {1, 33},
		"ready":         {2, 1},
		"refused":       {3, 2},
		"deliver":       {4, 1 + 8 + 4 + 4096},
		"pong":          {5, 1},
		"no relay":      {6, 5},
		"login":         {16, 1 + 23 + 8 + 64},
		"open":          {17, 33},
		"ack":           {18, 9},
		"ping":          {19, 1},
		"relay request": {20, 5},
		"leave":         {21, 1},
	} {
		b := everyFrame()[name].Append(nil)
		if int(b[0]) != want.first || len(b) != want.size {
			t.Errorf("%s: type %d and %d bytes, not %d and %d", name, b[0], len(b), want.first, want.size)
		}
		limit := MaxServerFrame
		if b[0] >= 16 {
			limit = MaxPhoneFrame
		}
		if len(b) > limit {
			t.Errorf("%s: %d bytes, the limit says %d", name, len(b), limit)
		}
	}
}

func TestAnotherLengthIsNoFrame(t *testing.T) {
	// covers N1
	for name, f := range everyFrame() {
		b := f.Append(nil)
		for size := range b {
			if name == "relay" && size == 5 {
				continue // an answer without a pair
			}
			got, err := ParseFrame(b[:size])
			if err != ErrFormat || got != nil {
				t.Fatalf("%s, %d of %d bytes: %v", name, size, len(b), err)
			}
		}
		_, err := ParseFrame(append(slices.Clone(b), 0))
		wantFormat(t, name+" and a byte more", err)
	}
}

func TestWhatIsUnknownIsNoFrame(t *testing.T) {
	known := make(map[byte]bool)
	for _, f := range everyFrame() {
		known[f.Append(nil)[0]] = true
	}
	for first := range 256 {
		if known[byte(first)] {
			continue
		}
		for _, size := range []int{1, 2, 33, MaxServerFrame} {
			b := make([]byte, size)
			b[0] = byte(first)
			_, err := ParseFrame(b)
			wantFormat(t, fmt.Sprintf("type %d of %d bytes", first, size), err)
		}
	}
	for _, reason := range []byte{0, 4, 255} {
		_, err := ParseFrame([]byte{3, reason})
		wantFormat(t, "an unknown reason", err)
	}
	_, err := ParseFrame(nil)
	wantFormat(t, "nothing", err)
}

func TestALoginNamesAnAccountInItsOneText(t *testing.T) {
	good := everyFrame()["login"].Append(nil)
	for what, letter := range map[string]byte{"a capital": 'A', "a digit outside the alphabet": '1', "a line end": '\n', "junk": 0xff} {
		bad := slices.Clone(good)
		bad[1] = letter
		_, err := ParseFrame(bad)
		wantFormat(t, what, err)
	}
}

func TestReasonsAreErrorsThatCallersKnow(t *testing.T) {
	for reason, want := range map[Reason]error{ReasonNotFound: ErrNotFound, ReasonRefused: ErrRefused, ReasonUnavailable: ErrUnavailable} {
		if got := reason.err(); got != want {
			t.Errorf("reason %d is %v, not %v", reason, got, want)
		}
	}
}

func TestADeliveryDoesNotAliasWhatItWasReadFrom(t *testing.T) {
	b := everyFrame()["deliver"].Append(nil)
	f, err := ParseFrame(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if *f.(Deliver).Envelope != *sealed() {
		t.Error("the envelope changes with the buffer of the connection")
	}
}

func TestAgeTravelsInMilliseconds(t *testing.T) {
	b := Deliver{Age: 1999*time.Millisecond + 999*time.Microsecond, Envelope: new(envelope.Envelope)}.Append(nil)
	if got := binary.BigEndian.Uint32(b[9:]); got != 1999 {
		t.Errorf("%d ms", got)
	}
}

func TestTimesOfAConnectionFitTogether(t *testing.T) {
	if PhoneSilence-PingInterval < 5*time.Second {
		t.Error("a pong that is a little late ends a phone's connection")
	}
	if ServerSilence < 2*PingInterval {
		t.Error("one lost ping ends a phone's connection")
	}
}

func FuzzFrame(f *testing.F) {
	for _, frame := range everyFrame() {
		f.Add(frame.Append(nil))
	}
	f.Add(Relay{1, largestPair()}.Append(nil))
	f.Add(Relay{1, &RelayPair{Expires: time.Unix(0, 0)}}.Append(nil))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := ParseFrame(b)
		if err != nil {
			if frame != nil {
				t.Fatal("a partial result")
			}
			return
		}
		if again := frame.Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%T: %d bytes became %d others", frame, len(b), len(again))
		}
	})
}
