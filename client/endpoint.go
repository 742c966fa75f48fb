package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// Endpoint is an address of the merchant's that events are sent to.
type Endpoint struct {
	ID          posta.EndpointID `json:"id"`
	Mode        posta.Mode       `json:"mode"`
	URL         string           `json:"url"`
	Description string           `json:"description,omitempty"`
	Events      []string         `json:"events"`
	State       string           `json:"state"`
	Reason      string           `json:"reason,omitempty"` // why it is disabled
	Secret      string           `json:"secret,omitempty"` // told once, by CreateEndpoint
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
}

// NewEndpoint asks for an endpoint.
type NewEndpoint struct {
	URL         string   `json:"url"`
	Description string   `json:"description,omitempty"`
	Events      []string `json:"events"` // "payment.paid", "payment.*", "*"
}

// EndpointChange changes what it names; nil stays.
type EndpointChange struct {
	URL         *string   `json:"url,omitempty"`
	Description *string   `json:"description,omitempty"`
	Events      *[]string `json:"events,omitempty"`
	Enabled     *bool     `json:"enabled,omitempty"`
}

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	ID         posta.DeliveryID `json:"id"`
	EndpointID posta.EndpointID `json:"endpoint_id"`
	EventID    posta.EventID    `json:"event_id"`
	Type       string           `json:"type"`
	Test       bool             `json:"test,omitempty"`
	State      string           `json:"state"`
	Reason     string           `json:"reason,omitempty"`
	Attempts   int              `json:"attempts"`
	Status     int              `json:"status,omitempty"` // of the last answer
	DueAt      *time.Time       `json:"due_at,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	EndedAt    *time.Time       `json:"ended_at,omitempty"`
	// Body and Log are told by Delivery only.
	Body json.RawMessage   `json:"body,omitempty"`
	Log  []DeliveryAttempt `json:"log,omitempty"`
}

// DeliveryAttempt is one try.
type DeliveryAttempt struct {
	Number     int       `json:"number"`
	At         time.Time `json:"at"`
	DurationMS int64     `json:"duration_ms"`
	Status     int       `json:"status,omitempty"`
	Answer     string    `json:"answer,omitempty"`
	Failure    string    `json:"failure,omitempty"`
	Error      string    `json:"error,omitempty"`
}

// Endpoints lists the endpoints of the key's mode.
func (c *Client) Endpoints(ctx context.Context) ([]Endpoint, error) {
	var out struct{ Data []Endpoint }
	err := c.Do(ctx, http.MethodGet, "/v1/endpoints", "", nil, &out)
	return out.Data, err
}

// CreateEndpoint has events sent to an address; its secret is told this once.
func (c *Client) CreateEndpoint(ctx context.Context, key string, in NewEndpoint) (e Endpoint, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/endpoints", key, in, &e)
	return e, err
}

// UpdateEndpoint changes, stops or starts an endpoint.
func (c *Client) UpdateEndpoint(ctx context.Context, id posta.EndpointID, change EndpointChange) (e Endpoint, err error) {
	err = c.Do(ctx, http.MethodPatch, "/v1/endpoints/"+url.PathEscape(string(id)), "", change, &e)
	return e, err
}

// RemoveEndpoint takes an endpoint away for good.
func (c *Client) RemoveEndpoint(ctx context.Context, id posta.EndpointID) error {
	return c.Do(ctx, http.MethodDelete, "/v1/endpoints/"+url.PathEscape(string(id)), "", nil, nil)
}

// TestEndpoint sends an endpoint an event that tells of nothing.
func (c *Client) TestEndpoint(ctx context.Context, key string, id posta.EndpointID) (d Delivery, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/endpoints/"+url.PathEscape(string(id))+"/test", key, nil, &d)
	return d, err
}

// Deliveries lists an endpoint's, newest first: those in the state, or all with
// "". next is the after of the page that follows, "" at the end.
func (c *Client) Deliveries(ctx context.Context, id posta.EndpointID, state string, limit int, after string) (list []Delivery, next string, err error) {
	query := url.Values{}
	for name, value := range map[string]string{"state": state, "after": after} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	var out struct {
		Data []Delivery
		Next string
	}
	err = c.Do(ctx, http.MethodGet, "/v1/endpoints/"+url.PathEscape(string(id))+"/deliveries?"+query.Encode(), "", nil, &out)
	return out.Data, out.Next, err
}

// Delivery gets one with what is sent and every try.
func (c *Client) Delivery(ctx context.Context, id posta.DeliveryID) (d Delivery, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/deliveries/"+url.PathEscape(string(id)), "", nil, &d)
	return d, err
}

// SendDelivery sends one again, with the same webhook-id.
func (c *Client) SendDelivery(ctx context.Context, key string, id posta.DeliveryID) (d Delivery, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/deliveries/"+url.PathEscape(string(id))+"/send", key, nil, &d)
	return d, err
}
