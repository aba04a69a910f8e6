package signaling

import (
	"context"
	"net/http"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// Submit hands in an envelope. nil means that it is in the queue of a connected reader; ErrRefused that it is not, for a
// reason the server does not tell: try again later. The key is the mailbox's delivery key; for a per-call queue it is
// random, so that both look alike.
func (c *Client) Submit(ctx context.Context, env *envelope.Envelope, key envelope.DeliveryKey) error {
	k := key.Bytes()
	got, err := c.do(ctx, request{
		method: http.MethodPost,
		path:   PathEnvelopes,
		header: http.Header{HeaderDeliveryKey: {EncodeHeader(k[:])}},
		body:   env[:],
	})
	if err != nil {
		return err
	}
	return statusError(got.status)
}
