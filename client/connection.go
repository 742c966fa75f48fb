package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"posta"
)

// Connection is a merchant's account at a provider. Secrets are not told.
type Connection struct {
	ID           posta.ConnectionID `json:"id"`
	Mode         posta.Mode         `json:"mode"`
	Provider     string             `json:"provider"`
	Name         string             `json:"name"`
	HookURL      string             `json:"hook_url"` // where the provider sends its notices
	Country      string             `json:"country"`
	Account      string             `json:"account,omitempty"` // the provider's own id
	CheckedAt    *time.Time         `json:"checked_at,omitempty"`
	LostAt       *time.Time         `json:"lost_at,omitempty"` // since when the provider refuses the credentials
	GrantedUntil *time.Time         `json:"granted_until,omitempty"`
}

// Checked is whose a connection's credentials are.
type Checked struct {
	Account  string `json:"account"`
	Nickname string `json:"nickname,omitempty"`
	Country  string `json:"country,omitempty"`
	Test     bool   `json:"test"`
	Pair     string `json:"pair,omitempty"` // same or unproven; "" where there is one key only
}

// Connections lists the connections of the key's mode.
func (c *Client) Connections(ctx context.Context) ([]Connection, error) {
	var out struct{ Data []Connection }
	err := c.Do(ctx, http.MethodGet, "/v1/connections", "", nil, &out)
	return out.Data, err
}

// CheckConnection asks the provider whose the credentials are.
func (c *Client) CheckConnection(ctx context.Context, key string, id posta.ConnectionID) (who Checked, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/connections/"+url.PathEscape(string(id))+"/check", key, nil, &who)
	return who, err
}
