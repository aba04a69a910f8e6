package signaling

import (
	"context"

	"github.com/coder/websocket"
)

// dial opens a WebSocket with the browser's own. It shows no status of a failed attempt.
func (c *Client) dial(ctx context.Context, url string) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return conn, nil
}
