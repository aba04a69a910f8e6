package envelope

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
)

// counting is a source of bytes 1, 2, 3 and so on.
type counting byte

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		*c++
		b[i] = byte(*c)
	}
	return len(b), nil
}

func TestAQueueIDHasOneText(t *testing.T) {
	q, err := NewQueueID(new(counting))
	if err != nil {
		t.Fatal(err)
	}
	text, err := q.MarshalText()
	if err != nil || string(text) != "AQIDBAUGBwgJCgsMDQ4PEA" {
		t.Fatalf("text %q, %v", text, err)
	}
	if again, err := ParseQueueID(string(text)); err != nil || again != q {
		t.Errorf("its own text: %v", err)
	}
	for name, bad := range map[string]string{
		"nothing":               "",
		"one letter short":      "AQIDBAUGBwgJCgsMDQ4PE",
		"one letter more":       "AQIDBAUGBwgJCgsMDQ4PEAA",
		"padded":                "AQIDBAUGBwgJCgsMDQ4PEA==",
		"unused bits set":       "AQIDBAUGBwgJCgsMDQ4PEB",
		"the other alphabet":    "AQIDBAUGBwgJCgsMDQ4+/A",
		"a line end inside":     "AQIDBAUGBwg\nJCgsMDQ4PE",
		"a line end at the end": "AQIDBAUGBwgJCgsMDQ4P\r\n",
		"a space":               " QIDBAUGBwgJCgsMDQ4PEA",
		"more than bytes":       "AQIDBAUGBwgJCgsMDQ4é",
	} {
		if q, err := ParseQueueID(bad); err != ErrQueueID || !q.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAQueueIDIsZeroUntilItIsDrawn(t *testing.T) {
	q, err := NewQueueID(new(counting))
	if err != nil || q.IsZero() || !(QueueID{}).IsZero() {
		t.Errorf("zero is told wrongly: %v", err)
	}
	if QueueIDFrom(q.Bytes()) != q {
		t.Error("its bytes make another queue")
	}
}

func TestNamesAreNotDrawnFromAnEmptySource(t *testing.T) {
	for _, source := range []io.Reader{iotest.ErrReader(io.ErrClosedPipe), strings.NewReader("too short")} {
		q, err := NewQueueID(source)
		if err == nil || !q.IsZero() {
			t.Errorf("a queue id: %v", err)
		}
		k, err := NewDeliveryKey(source)
		if err == nil || !k.IsZero() {
			t.Errorf("a delivery key: %v", err)
		}
	}
	if _, err := NewQueueID(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestDeliveryKeysAreEqualByAllTheirBytes(t *testing.T) {
	// covers C11
	k, err := NewDeliveryKey(new(counting))
	if err != nil || k.IsZero() || !(DeliveryKey{}).IsZero() {
		t.Fatalf("zero is told wrongly: %v", err)
	}
	if !k.Equal(DeliveryKeyFrom(k.Bytes())) {
		t.Error("a key does not equal itself")
	}
	for i := range DeliveryKeySize {
		b := k.Bytes()
		b[i] ^= 1
		if other := DeliveryKeyFrom(b); k.Equal(other) || k.Hash() == other.Hash() {
			t.Errorf("byte %d does not matter", i)
		}
	}
}

func TestAServerStoresALabelledHashOfTheKey(t *testing.T) {
	// covers C9
	k := DeliveryKeyFrom([DeliveryKeySize]byte{1, 2, 3})
	b := k.Bytes()
	hash := k.Hash()
	if hash != sha256.Sum256(append([]byte("taciturn/1 delivery"), b[:]...)) {
		t.Error("the hash is another one: stored hashes would fit no key any more")
	}
	if hash == sha256.Sum256(b[:]) {
		t.Error("the hash has no label")
	}
}

func TestWhatNamesSomebodyPrintsAsItsTypeName(t *testing.T) {
	// covers C11
	var env Envelope
	copy(env[:], letter(0xca, 0xfe))
	queue, key := QueueIDFrom([QueueIDSize]byte{0xca, 0xfe}), DeliveryKeyFrom([DeliveryKeySize]byte{0xca, 0xfe})
	header := Header{queue, KeyID{0xca, 0xfe}}
	for _, c := range []struct {
		want string
		v    any
	}{
		{"envelope.Envelope", env},
		{"envelope.Envelope", &env},
		{"envelope.KeyID", header.KeyID},
		{"envelope.Header", header},
		{"envelope.Header", &header},
		{"envelope.QueueID", queue},
		{"envelope.QueueID", &queue},
		{"envelope.DeliveryKey", key},
		{"envelope.DeliveryKey", &key},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, c.v); got != c.want {
				t.Errorf("%s of %T prints %q", verb, c.v, got)
			}
		}
		for _, handler := range []func(io.Writer, *slog.HandlerOptions) slog.Handler{
			func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) },
			func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) },
		} {
			var log strings.Builder
			slog.New(handler(&log, nil)).Info("m", "v", c.v)
			if !strings.Contains(log.String(), c.want) || strings.Contains(log.String(), "yv4") {
				t.Errorf("%T is logged as %s", c.v, log.String())
			}
		}
	}
	for _, err := range []error{ErrSize, ErrVersion, ErrQueueID} {
		if strings.Contains(err.Error(), hex.EncodeToString([]byte{0xca, 0xfe})) {
			t.Errorf("%v echoes its input", err)
		}
	}
}

func FuzzQueueID(f *testing.F) {
	f.Add("AQIDBAUGBwgJCgsMDQ4PEA")
	f.Add("AQIDBAUGBwgJCgsMDQ4PEB")
	f.Add("AQIDBAUGBwgJCgsMDQ4PEA==")
	f.Add("\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQueueID(text)
		if err != nil {
			return
		}
		again, err := q.MarshalText()
		if err != nil || string(again) != text {
			t.Fatalf("%q became %q, %v", text, again, err)
		}
	})
}
