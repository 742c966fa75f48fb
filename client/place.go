package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"posta"
)

// Store is a merchant's shop.
type Store struct {
	ID         posta.StoreID      `json:"id"`
	Mode       posta.Mode         `json:"mode"`
	Connection posta.ConnectionID `json:"connection_id"`
	Name       string             `json:"name"`
	Ready      bool               `json:"ready"`
}

// Till is a place where one payment at a time is charged.
type Till struct {
	ID    posta.TillID  `json:"id"`
	Mode  posta.Mode    `json:"mode"`
	Store posta.StoreID `json:"store_id"`
	Name  string        `json:"name"`
	Ready bool          `json:"ready"`
	QR    string        `json:"qr"`
}

// Notification is what a provider sent, and what was made of it.
type Notification struct {
	ID         posta.NotificationID `json:"id"`
	Connection posta.ConnectionID   `json:"connection_id"`
	State      string               `json:"state"`
	Result     string               `json:"result"`
	Signature  string               `json:"signature"`
	Topic      string               `json:"topic"`
	Resource   string               `json:"resource"`
	PaymentID  posta.PaymentID      `json:"payment_id"`
	ReceivedAt time.Time            `json:"received_at"`
	Body       []byte               `json:"body"` // only of one that was got
}

// Stores lists the stores in use.
func (c *Client) Stores(ctx context.Context) ([]Store, error) {
	var out struct{ Data []Store }
	err := c.Do(ctx, http.MethodGet, "/v1/stores", "", nil, &out)
	return out.Data, err
}

// Tills lists the tills in use.
func (c *Client) Tills(ctx context.Context) ([]Till, error) {
	var out struct{ Data []Till }
	err := c.Do(ctx, http.MethodGet, "/v1/tills", "", nil, &out)
	return out.Data, err
}

// Notifications lists what providers sent, newest first; after is the last
// page's next, payment "" does not choose.
func (c *Client) Notifications(ctx context.Context, payment posta.PaymentID, after string) (list []Notification, next string, err error) {
	var out struct {
		Data []Notification
		Next string
	}
	err = c.Do(ctx, http.MethodGet, query("/v1/notifications", "payment_id", string(payment), "after", after), "", nil, &out)
	return out.Data, out.Next, err
}

// Notification gets one, with its body as it came.
func (c *Client) Notification(ctx context.Context, id posta.NotificationID) (n Notification, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/notifications/"+url.PathEscape(string(id)), "", nil, &n)
	return n, err
}

// Replay has a notification handled again.
func (c *Client) Replay(ctx context.Context, key string, id posta.NotificationID) error {
	return c.Do(ctx, http.MethodPost, "/v1/notifications/"+url.PathEscape(string(id))+"/replay", key, nil, nil)
}

// ReplayRange has all notifications received in a time handled again and gives
// how many.
func (c *Client) ReplayRange(ctx context.Context, key string, from, to time.Time) (int, error) {
	var out struct{ Count int }
	err := c.Do(ctx, http.MethodPost, "/v1/notifications/replay", key, map[string]time.Time{"from": from.UTC(), "to": to.UTC()}, &out)
	return out.Count, err
}
