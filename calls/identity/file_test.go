package identity

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

// wantSame checks that a file gave back the identity that made it.
func wantSame(t *testing.T, got, want *Identity) {
	t.Helper()
	if !bytes.Equal(seal(t, got, ""), seal(t, want, "")) {
		t.Fatal("another identity came out of the file")
	}
	id := want.Published().Prekeys[0].ID
	a, _ := got.Prekey(id)
	b, _ := want.Prekey(id)
	if a.Public() != b.Public() || got.Device() != want.Device() || got.SignDevice("l", nil) != want.SignDevice("l", nil) {
		t.Fatal("what came out of the file acts differently")
	}
}

func TestAKeyFileGivesBackWhatItWasMadeOf(t *testing.T) {
	id := generate(t)
	for _, when := range []time.Duration{0, rotateEvery, rotateEvery + graceAfterRotation} {
		maintain(t, id, start.Add(when))
		for _, passphrase := range []string{"", "correct horse"} {
			got, err := Open(seal(t, id, passphrase), []byte(passphrase))
			if err != nil {
				t.Fatalf("%v later, %d prekeys: %v", when, len(id.s.prekeys), err)
			}
			wantSame(t, got, id)
		}
	}
}

func TestSealCostsWhatThePackagePromises(t *testing.T) {
	// The one test that pays the real price.
	id := generate(t)
	file, err := id.Seal([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	head := file[len(fileMagic)+1:]
	if binary.BigEndian.Uint32(head) != 3 || binary.BigEndian.Uint32(head[4:]) != 64<<10 {
		t.Fatal("not three passes over 64 MiB")
	}
	got, err := Open(file, []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, got, id)
}

func TestALockedFileShowsNoSecret(t *testing.T) {
	// covers C11
	id := generate(t)
	prekey, _ := id.Prekey(id.Published().Prekeys[0].ID)
	seed, err := prekey.Private().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mailbox, delivery, account := id.Mailbox().Bytes(), id.DeliveryKey().Bytes(), id.Account().Bytes()
	plain, sealed := seal(t, id, ""), seal(t, id, "correct horse")
	for name, secret := range map[string][]byte{
		"account seed": id.s.account[:32],
		"device seed":  id.s.device[:32],
		"prekey seed":  seed,
		"mailbox":      mailbox[:],
		"delivery key": delivery[:],
		"account key":  account[:],
		"server":       []byte(server),
	} {
		if !bytes.Contains(plain, secret) {
			t.Errorf("the search is void: %s is not even in the plain file", name)
		}
		if bytes.Contains(sealed, secret) {
			t.Errorf("%s stands in the locked file", name)
		}
	}
	if bytes.Contains(sealed, []byte("correct horse")) {
		t.Error("the passphrase stands in the locked file")
	}
	if bytes.Equal(sealed, seal(t, id, "correct horse")) {
		t.Error("the same key was used for two files")
	}
}

func TestALockedFileNeedsItsPassphrase(t *testing.T) {
	file := seal(t, generate(t), "correct horse")
	for passphrase, want := range map[string]error{"": ErrNeedPassphrase, "battery staple": ErrPassphrase, "correct horse\n": ErrPassphrase, "correct horse": nil} {
		if _, err := Open(file, []byte(passphrase)); !errors.Is(err, want) {
			t.Errorf("%q: %v", passphrase, err)
		}
	}
	plain := seal(t, generate(t), "")
	if _, err := Open(plain, []byte("whatever")); err != nil {
		t.Errorf("a passphrase for a plain file: %v", err)
	}
}

func TestEveryFlippedByteOfAKeyFileIsNoticed(t *testing.T) {
	id := generate(t)
	plain := seal(t, id, "")
	for i := range plain {
		plain[i] ^= 0x01
		if _, err := Open(plain, nil); !errors.Is(err, ErrFormat) {
			t.Fatalf("plain, byte %d: %v", i, err)
		}
		plain[i] ^= 0x01
	}
	locked := seal(t, id, "correct horse")
	memory := len(fileMagic) + 1 + 4
	salt := memory + 4 + 1
	for i := range locked {
		flip, want := byte(0x01), ErrPassphrase
		if i < salt {
			flip, want = 0x80, ErrFormat // out of bounds
		}
		if i == memory+2 || i == memory+3 {
			flip, want = 0x40, ErrPassphrase // within bounds, but another key
		}
		locked[i] ^= flip
		if _, err := Open(locked, []byte("correct horse")); !errors.Is(err, want) {
			t.Fatalf("locked, byte %d: %v", i, err)
		}
		locked[i] ^= flip
	}
	if _, err := Open(locked, []byte("correct horse")); err != nil {
		t.Fatalf("the test did not put the bytes back: %v", err)
	}
}

func TestAKeyFileIsReadWholeOrNotAtAll(t *testing.T) {
	id := generate(t)
	for name, file := range map[string][]byte{"plain": seal(t, id, ""), "locked": seal(t, id, "correct horse")} {
		for n := range file {
			if _, err := Open(file[:n], nil); !errors.Is(err, ErrFormat) && (name == "plain" || !errors.Is(err, ErrNeedPassphrase)) {
				t.Fatalf("%s cut after %d bytes: %v", name, n, err)
			}
		}
		if _, err := Open(append(file, 0), []byte("correct horse")); err == nil {
			t.Fatalf("%s with a byte too many", name)
		}
	}
}

func TestAFileMustNotExhaustItsReader(t *testing.T) {
	for name, c := range map[string]cost{
		"no pass":         {0, 8, 1},
		"passes":          {maxPasses + 1, 8, 1},
		"no thread":       {1, 8, 0},
		"threads":         {1, maxMemoryKiB, maxThreads + 1},
		"too little room": {1, 7, 1},
		"memory":          {1, maxMemoryKiB + 1, 1},
		"memory at most":  {1, 1<<32 - 1, 1},
	} {
		file := append([]byte(fileMagic), formSealed)
		file = binary.BigEndian.AppendUint32(file, c.passes)
		file = binary.BigEndian.AppendUint32(file, c.memoryKiB)
		file = append(file, c.threads)
		file = append(file, make([]byte, saltSize+100)...)
		if _, err := Open(file, []byte("p")); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	huge := sealPlain(make([]byte, maxPayload+1))
	if _, err := Open(huge, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("a file without end: %v", err)
	}
}

// The checksum of a plain file is no signature: whoever can write it can compute it. What stands in it must still fit
// together.
func TestAKeyFileMustFitTogether(t *testing.T) {
	other := generate(t)
	for name, spoil := range map[string]func(*state){
		"another account's list": func(s *state) { s.list = other.s.list },
		"another account key":    func(s *state) { s.account = other.s.account },
		"another device key":     func(s *state) { s.device = other.s.device },
		"another mailbox":        func(s *state) { s.mailbox = other.s.mailbox },
		"another prekey":         func(s *state) { s.prekeys = other.s.prekeys },
		"another prekey seed":    func(s *state) { s.prekeys[0].seed = other.s.prekeys[0].seed },
		"no prekey":              func(s *state) { s.prekeys = nil },
		"current one superseded": func(s *state) { s.prekeys[0].superseded = start },
		"the same prekey twice":  func(s *state) { s.prekeys = append(s.prekeys, s.prekeys[0]); s.prekeys[1].superseded = start },
		"an unsigned list":       func(s *state) { s.list.Signature[0]++ },
		"an unsigned prekey":     func(s *state) { s.prekeys[0].public.Signature[0]++ },
		"a server that is none":  func(s *state) { s.server = "gopher://old" },
		"two current prekeys": func(s *state) {
			s.prekeys = append(s.prekeys, s.prekeys[0])
			s.prekeys[1].public.ID = record.PrekeyID{}
		},
		"a list with another kind": func(s *state) { s.list.Devices[0].Kind = record.KindWeb; s.list.Sign(s.signAccountLocked) },
	} {
		id := generate(t)
		spoil(id.s.state)
		if _, err := Open(seal(t, id, ""), nil); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Open, then Seal, gives the same bytes. Fuzzing cannot guess a checksum or a tag, so the input also serves as the payload
// of a plain file, and sealed files are opened only if that is quick.
func FuzzOpen(f *testing.F) {
	id := generate(f)
	plain := seal(f, id, "")
	f.Add(plain)
	f.Add(plain[len(fileMagic)+1 : len(plain)-32])
	f.Add(seal(f, id, "p"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, file := range [][]byte{b, sealPlain(b)} {
			opened, err := Open(file, nil)
			switch {
			case err == nil:
				again, err := opened.Seal(nil)
				if err != nil || !bytes.Equal(again, file) {
					t.Fatalf("opened and sealed again: other bytes, %v", err)
				}
			case errors.Is(err, ErrNeedPassphrase):
				head := file[len(fileMagic)+1:]
				if binary.BigEndian.Uint32(head) <= 2 && binary.BigEndian.Uint32(head[4:]) <= 64 {
					_, _ = Open(file, []byte("p"))
				}
			case !errors.Is(err, ErrFormat):
				t.Fatalf("an error that callers do not know: %v", err)
			}
		}
	})
}
