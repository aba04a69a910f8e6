package record

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAccountIDIsWrittenInFourGroups(t *testing.T) {
	text, err := AccountKeyFrom([32]byte{1}).ID().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	// Computed apart: sha256("taciturn/1 account" ‖ 01 00…) in base32, lower case, the first 20 letters.
	if want := "2psxq-6ajst-ptea6-vzcyu"; string(text) != want {
		t.Fatalf("got %s, want %s", text, want)
	}
}

func TestAccountIDParsesWhatItWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b [KeySize]byte
		genBytes(t, "key", b[:])
		id := AccountKeyFrom(b).ID()
		if last := id.Bytes()[accountIDBytes-1]; last&0x0f != 0 {
			t.Fatalf("last byte %#x", last)
		}
		text, err := id.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseAccountID(string(text)); err != nil || got != id {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

func TestAccountIDHasOneSpelling(t *testing.T) {
	good := "abcde-fghij-klmno-pqrst"
	if _, err := ParseAccountID(good); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "abcde", strings.ToUpper(good), good + "-", good[1:], "abcdefghijklmnopqrst", "abcde-fghij-klmno-pqrs1",
		"abcde-fghij-klmno-pqrs\n", "abcde-fghij-klmno\n-pqrs", "abcde_fghij_klmno_pqrst", "abcde-fghij-klmno-pqrs="} {
		if _, err := ParseAccountID(text); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseAccountID(f *testing.F) {
	f.Add("abcde-fghij-klmno-pqrst")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseAccountID(text)
		if err != nil {
			return
		}
		again, err := id.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		wantSameBytes(t, []byte(text), again)
	})
}

func TestWhatNamesSomebodyPrintsAsItsTypeName(t *testing.T) {
	// covers C11
	list, prekey := aliceList(), phonePrekey(1)
	for want, v := range map[string]any{
		"record.AccountKey": list.Account,
		"record.AccountID":  list.Account.ID(),
		"record.DeviceKey":  list.Devices[0].Key,
		"record.DeviceID":   list.Devices[0].ID,
		"record.Device":     list.Devices[0],
		"record.DeviceList": list,
		"record.PrekeyID":   prekey.ID,
		"record.Prekey":     prekey,
		"record.Published":  alicePublished(),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s prints %q", verb, got)
			}
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		if !strings.HasSuffix(log.String(), " v="+want+"\n") {
			t.Errorf("%s is logged as %s", want, log.String())
		}
	}
}
