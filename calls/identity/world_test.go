package identity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
	"pgregory.net/rapid"
)

// start is when the stories of these tests begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const server = "https://calls.example.org"

// cheap makes sealed files in microseconds; what it proves does not depend on the cost.
var cheap = cost{passes: 1, memoryKiB: 8, threads: 1}

func generate(t testing.TB) *Identity {
	t.Helper()
	id, err := Generate(start, server)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func maintain(t testing.TB, id *Identity, now time.Time) bool {
	t.Helper()
	changed, err := id.Maintain(now)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func seal(t testing.TB, id *Identity, passphrase string) []byte {
	t.Helper()
	file, err := id.seal([]byte(passphrase), cheap)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// person is an account whose lists a test signs by hand, with keys that follow from a name.
type person struct{ account, device ed25519.PrivateKey }

func personNamed(name string) person {
	account, device := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(name+" phone"))
	return person{ed25519.NewKeyFromSeed(account[:]), ed25519.NewKeyFromSeed(device[:])}
}

func (p person) key() record.AccountKey { return record.AccountKeyFrom(publicOf(p.account)) }

func (p person) link() Link {
	return Link{Account: p.key(), Server: server, ListHash: p.list(1).Hash(), DeliveryKey: envelope.DeliveryKeyFrom([16]byte{7})}
}

// list is the list of an epoch; each epoch begins a day after the one before.
func (p person) list(epoch uint64) record.DeviceList {
	l := record.DeviceList{Account: p.key(), Epoch: epoch, Devices: []record.Device{deviceFor(record.DeviceID{1}, p.device)}}
	l.Issued = start.Add(time.Duration(epoch-1) * 24 * time.Hour)
	l.Expires = l.Issued.Add(record.MaxListLifetime)
	if epoch > 1 {
		l.Previous = p.list(epoch - 1).Hash()
	}
	p.sign(&l)
	return l
}

func (p person) sign(l *record.DeviceList) {
	l.Sign(func(msg []byte) [record.SignatureSize]byte {
		return [record.SignatureSize]byte(ed25519.Sign(p.account, msg))
	})
}

func (p person) publish(epoch uint64) record.Published { return record.Published{List: p.list(epoch)} }

func drawLink(t *rapid.T) Link {
	var account [record.KeySize]byte
	var delivery [envelope.DeliveryKeySize]byte
	l := Link{Server: rapid.SampledFrom(goodServers).Draw(t, "server")}
	copy(account[:], rapid.SliceOfN(rapid.Byte(), record.KeySize, record.KeySize).Draw(t, "account"))
	account[0] |= 1
	copy(delivery[:], rapid.SliceOfN(rapid.Byte(), len(delivery), len(delivery)).Draw(t, "delivery"))
	copy(l.ListHash[:], rapid.SliceOfN(rapid.Byte(), len(l.ListHash), len(l.ListHash)).Draw(t, "hash"))
	l.Account, l.DeliveryKey = record.AccountKeyFrom(account), envelope.DeliveryKeyFrom(delivery)
	return l
}

var goodServers = []string{
	"https://calls.example.org", "https://calls.example.org:8443", "https://a", "https://192.0.2.1", "https://[2001:db8::1]:443",
	"https://xn--bcher-kva.example", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "http://localhost:1",
}

var badServers = []string{
	"", "calls.example.org", "https://", "https:///", "https://calls.example.org/", "https://calls.example.org/x", "https://calls.example.org?",
	"https://calls.example.org#", "HTTPS://calls.example.org", "https://Calls.example.org", "https://calls.example.org:", "https://calls.example.org:0",
	"https://calls.example.org:08", "https://calls.example.org:65536", "https://user@calls.example.org", "https://calls..example", "https://-a.example",
	"https://calls.example.org.", "https://[::1", "https://[0:0::1]", "https://[fe80::1%25eth0]", "http://calls.example.org", "http://192.0.2.1", "ftp://localhost",
	"https://bücher.example", "https://a b", "https://a\n", "https://calls.example.org\x1b[2J",
}
