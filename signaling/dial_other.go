//go:build !js

package signaling

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// dial opens a WebSocket.
func (c *Client) dial(ctx context.Context, url string) (*websocket.Conn, error) {
	conn, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:      c.http,
		HTTPHeader:      http.Header{"User-Agent": {userAgent}},
		CompressionMode: websocket.CompressionDisabled, // sizes of compressed envelopes would differ
	})
	if err == nil {
		return conn, nil
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		if err := statusError(resp.StatusCode); err != nil {
			return nil, err
		}
		return nil, ErrUnavailable // it answers, but not with a WebSocket
	}
	return nil, cause(ctx, err)
}
