package signaling

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// maxSignings bounds how often a change is signed anew because the account stands at another revision than assumed: once
// to learn it, and then once for each other device that changes the account in the same moment.
const maxSignings = 4

// Sign is a device's signature over label ‖ 0x00 ‖ msg.
type Sign = func(label string, msg []byte) [record.SignatureSize]byte

// RegisterRequest is what a server must know to hold a device's mailbox.
type RegisterRequest struct {
	Published       record.Published
	Mailbox         envelope.QueueID
	DeliveryKeyHash [sha256.Size]byte
	Device          record.DeviceID // one of Published.List
	Sign            Sign            // by that device
}

// Register creates the account, or adds the device and its mailbox to it, or replaces the device's mailbox and delivery
// key. Doing it again changes nothing.
func (c *Client) Register(ctx context.Context, r RegisterRequest) error {
	body := Registration{r.Mailbox, r.DeliveryKeyHash, r.Published}.Append(nil)
	return c.change(ctx, http.MethodPost, PathRegistrations, body, r.Device, r.Sign)
}

// Publish replaces the account's device list and the device's prekeys.
func (c *Client) Publish(ctx context.Context, p record.Published, device record.DeviceID, sign Sign) error {
	path, err := directoryPath(p.List.Account.ID())
	if err != nil {
		return err
	}
	return c.change(ctx, http.MethodPut, path, p.Append(nil), device, sign)
}

// change sends a signed request: first as if the account were new, then for the revision that the server names.
func (c *Client) change(ctx context.Context, method, path string, body []byte, device record.DeviceID, sign Sign) error {
	var revision Revision
	for range maxSignings {
		signature := sign(LabelRequest, RequestMessage(method, c.base.Host, path, revision, body))
		header := http.Header{
			HeaderDevice:    {EncodeHeader(device[:])},
			HeaderSignature: {EncodeHeader(signature[:])},
		}
		if revision == (Revision{}) {
			header.Set("If-None-Match", "*")
		} else {
			header.Set("If-Match", revision.Tag())
		}
		got, err := c.do(ctx, request{method: method, path: path, header: header, body: body})
		if err != nil {
			return err
		}
		if got.status != http.StatusPreconditionFailed {
			if got.status == http.StatusForbidden && path == PathRegistrations {
				return fmt.Errorf("%w: registration is closed on this server", ErrRefused)
			}
			return statusError(got.status)
		}
		revision = Revision{}
		if tag := got.header.Get("ETag"); tag != "" {
			if revision, err = ParseTag(tag); err != nil {
				return ErrUnavailable // not a server of ours
			}
		}
	}
	return fmt.Errorf("%w: the account changes too fast", ErrUnavailable)
}

// Directory looks up what an account publishes. The caller must verify it: a server may lie.
func (c *Client) Directory(ctx context.Context, account record.AccountID) (record.Published, error) {
	path, err := directoryPath(account)
	if err != nil {
		return record.Published{}, err
	}
	got, err := c.do(ctx, request{method: http.MethodGet, path: path, limit: int64(record.MaxPublishedSize)})
	if err == nil {
		err = statusError(got.status)
	}
	if err != nil {
		return record.Published{}, err
	}
	return record.ParsePublished(got.body)
}

func directoryPath(account record.AccountID) (string, error) {
	text, err := account.MarshalText()
	return PathDirectory + string(text), err
}
