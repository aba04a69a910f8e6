package envelope

import (
	"bytes"
	"errors"
	"testing"
)

// letter is an envelope for a queue, its sealed part full of junk.
func letter(queue, key byte) []byte {
	env := Header{QueueIDFrom([QueueIDSize]byte{queue}), KeyID{key}}.Append(nil)
	return append(env, bytes.Repeat([]byte{0xa5}, Size-HeaderSize)...)
}

func TestAnEnvelopeHasTheSizesThatItsTableSays(t *testing.T) {
	for name, c := range map[string]struct{ got, want int }{
		"envelope":   {Size, 4096},
		"header":     {HeaderSize, 26},
		"enc":        {EncSize, 1120},
		"ciphertext": {CiphertextSize, 2950},
		"queue id":   {QueueIDSize, 16},
		"key id":     {KeyIDSize, 8},
		"key":        {DeliveryKeySize, 16},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d bytes, the table says %d", name, c.got, c.want)
		}
	}
}

func TestTheHeaderLiesWhereItsTableSays(t *testing.T) {
	var queue [QueueIDSize]byte
	var key KeyID
	for i := range queue {
		queue[i] = byte(0x10 + i)
	}
	for i := range key {
		key[i] = byte(0x80 + i)
	}
	got := Header{QueueIDFrom(queue), key}.Append([]byte("before"))
	want := append([]byte("before"), 1, 1)
	want = append(append(want, queue[:]...), key[:]...)
	if !bytes.Equal(got, want) {
		t.Errorf("header %x, not %x", got, want)
	}
	h, err := ParseHeader(append(want[len("before"):], make([]byte, Size-HeaderSize)...))
	if err != nil || h.Queue.Bytes() != queue || h.KeyID != key {
		t.Errorf("parsed to something else, or not at all: %v", err)
	}
}

func TestAnEnvelopeOfAnotherSizeIsRefused(t *testing.T) {
	// covers N1
	for _, size := range []int{0, 1, HeaderSize, 4095, 4097, 2 * Size} {
		env := append(letter(1, 2), make([]byte, Size)...)[:size]
		if h, err := ParseHeader(env); !errors.Is(err, ErrSize) || h != (Header{}) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := ParseHeader(nil); !errors.Is(err, ErrSize) {
		t.Errorf("nothing: %v", err)
	}
}

func TestAnotherVersionOrClassIsRefused(t *testing.T) {
	for at := range 2 {
		for value := range 256 {
			env := letter(1, 2)
			env[at] = byte(value)
			_, err := ParseHeader(env)
			if value == 1 && err != nil {
				t.Errorf("the known one: %v", err)
			}
			if value != 1 && !errors.Is(err, ErrVersion) {
				t.Errorf("byte %d is %d: %v", at, value, err)
			}
		}
	}
}

func TestOnlyTheHeaderIsRead(t *testing.T) {
	// covers P6
	one, other := letter(1, 2), letter(1, 2)
	for i := HeaderSize; i < Size; i++ {
		other[i] ^= 0xff
	}
	a, errA := ParseHeader(one)
	b, errB := ParseHeader(other)
	if errA != nil || errB != nil || a != b {
		t.Errorf("two envelopes for one queue and key are told apart: %v, %v", errA, errB)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(letter(1, 2))
	f.Add(letter(0, 0))
	f.Add(letter(1, 2)[:Size-1])
	f.Add(append(letter(1, 2), 0))
	f.Fuzz(func(t *testing.T, env []byte) {
		h, err := ParseHeader(env)
		if err != nil {
			if h != (Header{}) {
				t.Fatal("a partial result")
			}
			return
		}
		if len(env) != Size {
			t.Fatalf("%d bytes accepted", len(env))
		}
		if again := h.Append(nil); !bytes.Equal(again, env[:HeaderSize]) {
			t.Fatalf("parsed and appended: %x became %x", env[:HeaderSize], again)
		}
	})
}
