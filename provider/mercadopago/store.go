package mercadopago

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"posta"
	"posta/provider"
)

type storeBody struct {
	Name       string        `json:"name"`
	ExternalID string        `json:"external_id"`
	Location   storeLocation `json:"location"`
}

type storeLocation struct {
	StreetNumber string      `json:"street_number"`
	StreetName   string      `json:"street_name"`
	City         string      `json:"city_name"`
	State        string      `json:"state_name"`
	Latitude     json.Number `json:"latitude"`
	Longitude    json.Number `json:"longitude"`
	Reference    string      `json:"reference,omitempty"`
}

// storeRequest checks what the provider would not say well.
func storeRequest(s provider.Store) (storeBody, error) {
	var p posta.Problems
	p.Add(!coordinate(s.Latitude), "latitude", "malformed")
	p.Add(!coordinate(s.Longitude), "longitude", "malformed")
	return storeBody{Name: s.Name, ExternalID: s.Code, Location: storeLocation{StreetNumber: s.Number, StreetName: s.Street,
		City: s.City, State: s.State, Latitude: json.Number(s.Latitude), Longitude: json.Number(s.Longitude),
		Reference: s.Reference}}, p.Err()
}

func coordinate(s string) bool {
	var n json.Number
	return s != "" && json.Unmarshal([]byte(s), &n) == nil && string(n) == s
}

// PutStore keeps a store: docs/providers/mercadopago.md §2.1.
func (c *connector) PutStore(ctx context.Context, s provider.Store) (string, error) {
	body, err := storeRequest(s)
	if err != nil {
		return "", err
	}
	user, err := c.userID(ctx)
	if err != nil {
		return "", err
	}
	return c.put(s.Ref, putting{
		find: func() (string, error) { return c.findStore(ctx, s.Code) },
		update: func(ref string) error {
			_, err := c.do(ctx, call{method: http.MethodPut, path: path("users", user, "stores", ref), body: body}, nil)
			return err
		},
		create: func() (string, error) {
			var made struct {
				ID text `json:"id"`
			}
			err := c.must(ctx, call{method: http.MethodPost, path: path("users", user, "stores"), body: body}, &made)
			return string(made.ID), err
		},
	})
}

// putting is how one kind of thing is kept at the provider.
type putting struct {
	find   func() (ref string, err error) // by code; "" if there is none
	update func(ref string) error
	create func() (ref string, err error)
}

// put updates what is there and creates what is not. What was deleted in the
// provider's own panel is made again.
func (c *connector) put(ref string, how putting) (string, error) {
	if ref != "" {
		if err := how.update(ref); posta.ErrorCode(err) != posta.CodeNotFound {
			return ref, err
		}
	}
	ref, err := how.find()
	if err != nil {
		return "", err
	}
	if ref != "" {
		return ref, how.update(ref)
	}
	ref, err = how.create()
	if err == nil && ref == "" {
		err = posta.Errorf(posta.CodeProviderUnavailable, "created without an id")
	}
	return ref, err
}

// findStore gives the provider's id of the store with our code, "" if none has it.
func (c *connector) findStore(ctx context.Context, code string) (string, error) {
	user, err := c.userID(ctx)
	if err != nil {
		return "", err
	}
	var found struct {
		Results []struct {
			ID         text   `json:"id"`
			ExternalID string `json:"external_id"`
		} `json:"results"`
	}
	err = c.must(ctx, call{method: http.MethodGet, path: path("users", user, "stores", "search"),
		query: url.Values{"external_id": {code}}}, &found)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return "", nil
	}
	for _, s := range found.Results {
		if s.ExternalID == code {
			return string(s.ID), err
		}
	}
	return "", err
}

// DeleteStore removes a store; one that is not there is no error.
func (c *connector) DeleteStore(ctx context.Context, s provider.Store) error {
	user, err := c.userID(ctx)
	if err == nil && s.Ref == "" {
		s.Ref, err = c.findStore(ctx, s.Code)
	}
	if err != nil || s.Ref == "" {
		return err
	}
	_, err = c.do(ctx, call{method: http.MethodDelete, path: path("users", user, "stores", s.Ref)}, nil)
	return unlessGone(err)
}

func unlessGone(err error) error {
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return nil
	}
	return err
}
