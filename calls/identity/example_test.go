package identity_test

import (
	"fmt"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
)

// Two people exchange links, keep each other as contacts, and compare what makes the first contact safe.
func Example() {
	now := time.Now()
	alice, err := identity.Generate(now, "https://a.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	bob, err := identity.Generate(now, "https://b.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := bob.Link().MarshalText() // what Bob sends to Alice
	link, err := identity.ParseLink(string(text))
	if err != nil {
		fmt.Println(err)
		return
	}
	contact := identity.ContactFrom("bob", link)
	fmt.Println(contact.Trust)
	if identity.SafetyNumber(alice.Account(), contact.Account) == identity.SafetyNumber(bob.Account(), alice.Account()) {
		contact.Verify() // they have read it to one another
	}
	fmt.Println(contact.Trust)
	fmt.Println(link) // names and secrets print as their types
	// Output:
	// unknown
	// verified
	// identity.Link
}
