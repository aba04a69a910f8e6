package identity

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

func TestWhatIsSecretOrNamesSomebodyPrintsAsItsTypeName(t *testing.T) {
	// covers C11
	id := generate(t)
	prekey, _ := id.Prekey(id.Published().Prekeys[0].ID)
	contact := known(t, 1)
	book := bookOf(t, "bob")
	for _, c := range []struct {
		want string
		v    any
	}{
		{"identity.Identity", id},
		{"identity.Identity", *id},
		{"identity.Prekey", prekey},
		{"identity.Prekey", &prekey},
		{"identity.Link", id.Link()},
		{"identity.Contact", contact},
		{"identity.Contact", &contact},
		{"identity.Book", *book},
		{"identity.Book", book},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, c.v); got != c.want {
				t.Errorf("%s of %T prints %q", verb, c.v, got)
			}
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", c.v)
		if !strings.HasSuffix(log.String(), " v="+c.want+"\n") {
			t.Errorf("%T is logged as %s", c.v, log.String())
		}
	}
}

func TestNoVerbReachesASecretThroughAnotherType(t *testing.T) {
	// covers C11
	id := generate(t)
	prekey, _ := id.Prekey(id.Published().Prekeys[0].ID)
	outer := struct {
		id     *Identity
		value  Identity
		prekey Prekey
	}{id, *id, prekey}
	seed, err := prekey.Private().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// As decimal lists, %v and %d show bytes; %x shows them as hex.
	for _, secret := range [][]byte{id.s.account[:32], id.s.device[:32], seed} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%s", "%q"} {
			got := fmt.Sprintf(verb, outer)
			decimal := regexp.MustCompile(`[^0-9]+`).ReplaceAllString(fmt.Sprint(secret), " ")
			if strings.Contains(got, strings.TrimSpace(decimal)) || strings.Contains(got, hex.EncodeToString(secret)) || strings.Contains(got, string(secret)) {
				t.Errorf("%s shows a secret", verb)
			}
		}
	}
}

func TestJSONRefusesSecrets(t *testing.T) {
	// covers C11
	id := generate(t)
	prekey, _ := id.Prekey(id.Published().Prekeys[0].ID)
	for _, v := range []any{id, *id, prekey, &prekey, map[string]any{"deep": []any{id}}} {
		if text, err := json.Marshal(v); !errors.Is(err, errSecret) {
			t.Errorf("%T: %s, %v", v, text, err)
		}
	}
}

func TestErrorsSayNothingOfTheirInput(t *testing.T) {
	// covers C11
	const canary = "canary"
	_, linkErr := ParseLink("https://" + canary + "/#c/" + canary)
	_, openErr := Open([]byte(canary), []byte(canary))
	_, bookErr := ParseBook([]byte(canary))
	_, serverErr := Generate(start, canary+"://")
	_, recordErr := record.ParseDeviceList([]byte(canary))
	for _, err := range []error{linkErr, openErr, bookErr, serverErr, recordErr} {
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatConcernsOrganisationsPrintsAsItsTypeName(t *testing.T) {
	// covers C11
	s := GenerateSigner()
	e, err := s.Endorse(personNamed("bob").key(), start, EndorsementLifetime)
	if err != nil {
		t.Fatal(err)
	}
	for want, v := range map[string]any{"identity.Signer": s, "identity.Anchor": Anchor{"work", s.Key()}, "record.Endorsement": e, "record.OrganisationKey": s.Key()} {
		if got := fmt.Sprintf("%v", v); got != want {
			t.Errorf("%T prints %q", v, got)
		}
	}
}
