package sframe

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type vectors struct {
	Header []struct {
		KID     uint64   `json:"kid"`
		CTR     uint64   `json:"ctr"`
		Encoded hexBytes `json:"encoded"`
	} `json:"header"`
	SFrame []struct {
		Suite    int      `json:"cipher_suite"`
		KID      uint64   `json:"kid"`
		CTR      uint64   `json:"ctr"`
		BaseKey  hexBytes `json:"base_key"`
		Salt     hexBytes `json:"sframe_salt"`
		Metadata hexBytes `json:"metadata"`
		Nonce    hexBytes `json:"nonce"`
		AAD      hexBytes `json:"aad"`
		PT       hexBytes `json:"pt"`
		CT       hexBytes `json:"ct"`
	} `json:"sframe"`
}

func loadVectors(t *testing.T) (v vectors) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/vectors/sframe.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestHeadersAreThoseOfTheRFC(t *testing.T) {
	// covers C5
	all := loadVectors(t).Header
	if len(all) != 289 {
		t.Fatalf("%d header vectors, want 289", len(all))
	}
	for _, v := range all {
		want := header{kid: v.KID, ctr: v.CTR}
		if got := want.append(nil); string(got) != string(v.Encoded) {
			t.Errorf("%+v is encoded as %x, want %x", want, got, v.Encoded)
		}
		got, rest, err := parseHeader(append(v.Encoded, "rest"...))
		if err != nil || got != want || string(rest) != "rest" {
			t.Errorf("%x is read as %+v, %q, %v", v.Encoded, got, rest, err)
		}
		for n := range len(v.Encoded) {
			if _, _, err := parseHeader(v.Encoded[:n]); err != ErrFormat {
				t.Errorf("%d bytes of %x: %v", n, v.Encoded, err)
			}
		}
	}
}

func TestSuiteFiveIsThatOfTheRFC(t *testing.T) {
	// covers C5
	all := loadVectors(t).SFrame
	if len(all) != 1 || all[0].Suite != suite {
		t.Fatalf("%d vectors, want one of suite 5", len(all))
	}
	v := all[0]
	k := deriveKey(v.BaseKey, v.KID)
	if string(k.salt[:]) != string(v.Salt) {
		t.Errorf("salt %x, want %x", k.salt, v.Salt)
	}
	if got := k.counter(v.CTR); string(got) != string(v.Nonce) {
		t.Errorf("nonce %x, want %x", got, v.Nonce)
	}
	encoded := header{kid: v.KID, ctr: v.CTR}.append(nil)
	aad := append(encoded, v.Metadata...)
	if string(aad) != string(v.AAD) {
		t.Errorf("additional data %x, want %x", aad, v.AAD)
	}
	if got := k.seal(encoded[:len(encoded):len(encoded)], v.CTR, v.PT, aad); string(got) != string(v.CT) {
		t.Errorf("sealed %x, want %x", got, v.CT)
	}
	if got, err := k.open(nil, v.CTR, v.CT[len(encoded):], aad); err != nil || string(got) != string(v.PT) {
		t.Errorf("opened %x and %v, want %x", got, err, v.PT)
	}
}

func TestAHeaderHasOneSpelling(t *testing.T) {
	for _, wasteful := range []string{"0805", "8007", "090012", "99000123004567", "0a000100"} {
		b, err := hex.DecodeString(wasteful)
		if err != nil {
			t.Fatal(err)
		}
		if h, _, err := parseHeader(b); err != ErrFormat {
			t.Errorf("%s is read as %+v, %v", wasteful, h, err)
		}
	}
}
