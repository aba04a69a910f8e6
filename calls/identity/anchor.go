package identity

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

const maxAnchors = 64

// Anchor is an organisation whose word counts here, under the name that the user gave it. It prints as its type name.
type Anchor struct {
	Name string
	Key  record.OrganisationKey
}

func (a Anchor) valid() bool { return validContactName(a.Name) && !a.Key.IsZero() }

func (Anchor) String() string       { return "identity.Anchor" }
func (Anchor) GoString() string     { return "identity.Anchor" }
func (Anchor) LogValue() slog.Value { return slog.StringValue("identity.Anchor") }

// Raised is a contact whose trust Refresh has changed, in whichever direction.
type Raised struct {
	Contact  string // name
	From, To Trust
}

// TrustOrganisation lets the organisation's word count. It fails with ErrDuplicate, ErrName or ErrFull. Refresh says for
// whom that makes a difference.
func (b *Book) TrustOrganisation(a Anchor) error {
	if !a.valid() {
		return ErrName
	}
	i, taken := slices.BinarySearchFunc(b.anchors, a.Name, func(a Anchor, name string) int { return strings.Compare(a.Name, name) })
	switch {
	case taken || b.trusts(a.Key):
		return ErrDuplicate
	case len(b.anchors) == maxAnchors:
		return ErrFull
	}
	b.anchors = slices.Insert(b.anchors, i, a)
	return nil
}

// DistrustOrganisation ends that, and says whether there was such an organisation.
func (b *Book) DistrustOrganisation(name string) bool {
	before := len(b.anchors)
	b.anchors = slices.DeleteFunc(b.anchors, func(a Anchor) bool { return a.Name == name })
	return len(b.anchors) < before
}

// Organisations are those whose word counts, sorted by name.
func (b *Book) Organisations() []Anchor { return slices.Clone(b.anchors) }

func (b *Book) trusts(key record.OrganisationKey) bool {
	return slices.ContainsFunc(b.anchors, func(a Anchor) bool { return a.Key == key })
}

// Refresh sets every contact's trust as of now: an endorsement by a trusted organisation makes an unknown contact one of the
// organisation's; one that has expired, or whose organisation is trusted no more, no longer does. Who was verified stays so.
func (b *Book) Refresh(now time.Time) (changed []Raised) {
	for _, c := range b.contacts {
		before := c.Trust
		c.refresh(b.trusts, now)
		if c.Trust != before {
			changed = append(changed, Raised{c.Name, before, c.Trust})
		}
	}
	return changed
}

// Endorse keeps an endorsement that came by another way than the link. It fails with ErrEndorsement unless it is one of a
// known contact by a trusted organisation for now, and says which contact it is.
func (b *Book) Endorse(e record.Endorsement, now time.Time) (*Contact, error) {
	c, known := b.ByAccount(e.Account)
	if !known || !b.trusts(e.Organisation) || e.Verify(now) != nil {
		return nil, ErrEndorsement
	}
	c.Endorsement = e
	c.refresh(b.trusts, now)
	return c, nil
}
