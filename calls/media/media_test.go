package media

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

func TestTwoPhonesExchangeFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5*time.Millisecond)
		defer w.stop()
		alice, bob := w.connected()
		t.Log("set-up", alice.Stats().SetupTime, bob.Stats().SetupTime)
		frame := bytes.Repeat([]byte{7}, 115)
		buf := make([]byte, MaxFrameBytes)
		for range 3 {
			if err := alice.WriteFrame(frame); err != nil {
				t.Fatal(err)
			}
			n, _, err := bob.ReadFrame(buf)
			if err != nil || !bytes.Equal(buf[:n], frame) {
				t.Fatal(n, err)
			}
			if err := bob.WriteFrame(frame[:100]); err != nil {
				t.Fatal(err)
			}
			n, _, err = alice.ReadFrame(buf)
			if err != nil || n != 100 {
				t.Fatal(n, err)
			}
		}
		t.Logf("%+v", alice.Stats())
		t.Logf("%+v", bob.Stats())
		alice.Close()
		bob.Close()
	})
}
