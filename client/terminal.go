package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"posta"
)

// Terminal is a card terminal of a store.
type Terminal struct {
	ID         posta.TerminalID   `json:"id"`
	Mode       posta.Mode         `json:"mode"`
	Store      posta.StoreID      `json:"store_id"`
	Connection posta.ConnectionID `json:"connection_id"`
	Code       string             `json:"code"` // the provider's own id
	Name       string             `json:"name"`
	Tills      []posta.TillID     `json:"tills"` // none means every till of the store
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
	RemovedAt  *time.Time         `json:"removed_at"`
}

// NewTerminal asks for a terminal.
type NewTerminal struct {
	StoreID      posta.StoreID      `json:"store_id"`
	ConnectionID posta.ConnectionID `json:"connection_id"`
	Code         string             `json:"code"`
	Name         string             `json:"name"`
	Tills        []posta.TillID     `json:"tills,omitempty"`
}

// TerminalChange changes what it names; nil stays.
type TerminalChange struct {
	Name  *string         `json:"name,omitempty"`
	Tills *[]posta.TillID `json:"tills,omitempty"` // an empty one means every till of the store
}

// Device is a terminal as the provider of a connection knows it.
type Device struct {
	ID         string           `json:"id"`
	Integrated bool             `json:"integrated"` // it takes its charges from the hub
	Till       posta.TillID     `json:"till_id"`
	Terminal   posta.TerminalID `json:"terminal_id"` // the hub's, "" if it has none of it
}

// Terminals lists the terminals in use.
func (c *Client) Terminals(ctx context.Context) ([]Terminal, error) {
	var out struct{ Data []Terminal }
	err := c.Do(ctx, http.MethodGet, "/v1/terminals", "", nil, &out)
	return out.Data, err
}

// CreateTerminal adds a terminal to a store.
func (c *Client) CreateTerminal(ctx context.Context, key string, in NewTerminal) (t Terminal, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/terminals", key, in, &t)
	return t, err
}

// Terminal gets a terminal, also one that was removed.
func (c *Client) Terminal(ctx context.Context, id posta.TerminalID) (t Terminal, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/terminals/"+url.PathEscape(string(id)), "", nil, &t)
	return t, err
}

// UpdateTerminal changes a terminal's name or tills.
func (c *Client) UpdateTerminal(ctx context.Context, id posta.TerminalID, change TerminalChange) (t Terminal, err error) {
	err = c.Do(ctx, http.MethodPatch, "/v1/terminals/"+url.PathEscape(string(id)), "", change, &t)
	return t, err
}

// RemoveTerminal takes a terminal out of use.
func (c *Client) RemoveTerminal(ctx context.Context, id posta.TerminalID) error {
	return c.Do(ctx, http.MethodDelete, "/v1/terminals/"+url.PathEscape(string(id)), "", nil, nil)
}

// Devices asks the provider of a connection which terminals it knows.
func (c *Client) Devices(ctx context.Context, id posta.ConnectionID) ([]Device, error) {
	var out struct{ Data []Device }
	err := c.Do(ctx, http.MethodGet, "/v1/connections/"+url.PathEscape(string(id))+"/devices", "", nil, &out)
	return out.Data, err
}

// SetIntegrated has a terminal of the provider's list take its charges from the
// hub, or work alone.
func (c *Client) SetIntegrated(ctx context.Context, key string, id posta.ConnectionID, device string, integrated bool) error {
	return c.Do(ctx, http.MethodPost, "/v1/connections/"+url.PathEscape(string(id))+"/devices/"+url.PathEscape(device)+"/integrated", key,
		map[string]bool{"integrated": integrated}, nil)
}
