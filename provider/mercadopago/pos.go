package mercadopago

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"posta"
	"posta/provider"
)

// pos is what we read of a till, of either version.
type pos struct {
	ID         text   `json:"id"`
	ExternalID string `json:"external_id"`
	Code       string `json:"qr_code"`
	QR         place  `json:"qr"`
	Response   place  `json:"qr_response"`
}

type place struct {
	Image    string `json:"image"`
	Poster   string `json:"template_document"`
	Template string `json:"template_image"`
	Code     string `json:"qr_code"`
	Data     string `json:"qr_data"`
}

func (p pos) place() provider.TillPlace {
	return provider.TillPlace{Ref: string(p.ID), QR: first(p.Code, p.QR.Code, p.Response.Code, p.Response.Data),
		Image: first(p.QR.Image, p.Response.Image)}
}

func (p pos) poster() string {
	return first(p.QR.Poster, p.QR.Template, p.Response.Poster, p.Response.Template, p.QR.Image, p.Response.Image)
}

// longestName is how many characters of a till's name the provider takes.
const longestName = 44

// tillBody is the body for a version: docs/providers/mercadopago.md §2.2, §2.3.
func tillBody(version string, t provider.Till) map[string]any {
	body := map[string]any{"name": short(t.Name, longestName), "external_id": t.Code}
	if version == TillsV2 {
		body["name"] = first(short(plainName(t.Name), longestName), t.Code)
	}
	if t.StoreCode != "" {
		body["external_store_id"] = t.StoreCode
	}
	switch {
	case version == TillsV2 && t.StoreRef != "":
		body["store_id"] = t.StoreRef
	case version == TillsV1 && digits(t.StoreRef):
		body["store_id"] = json.Number(t.StoreRef)
	}
	if version == TillsV1 {
		body["fixed_amount"] = true // the buyer cannot type the amount
	}
	return body
}

var unaccented = strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ü", "u", "ñ", "n", "ã", "a", "õ", "o", "â", "a",
	"ê", "e", "ô", "o", "à", "a", "ç", "c", "Á", "A", "É", "E", "Í", "I", "Ó", "O", "Ú", "U", "Ü", "U", "Ñ", "N", "Ã", "A", "Õ", "O", "Ç", "C")

// plainName writes a name with what version 2 takes: letters without accents,
// digits, hyphens, underscores and inner spaces.
func plainName(name string) string {
	return strings.Join(strings.FieldsFunc(unaccented.Replace(name), func(r rune) bool {
		return !plainWord(string(r))
	}), " ")
}

func tillPath(version string, ref ...string) string {
	if version == TillsV2 {
		return path(append([]string{"v2", "pos"}, ref...)...)
	}
	return path(append([]string{"pos"}, ref...)...)
}

// PutTill keeps a till by the configured version of the interface, or by the
// newer one where an account has no longer the older.
func (c *connector) PutTill(ctx context.Context, t provider.Till) (provider.TillPlace, error) {
	got, err := c.putTill(ctx, c.tills, t)
	if c.tills == TillsV1 && withdrawn(err) {
		return c.putTill(ctx, TillsV2, t)
	}
	return got, err
}

// withdrawn reports whether err says that there is no such interface, rather
// than no such thing.
func withdrawn(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return true
	}
	return false
}

func (c *connector) putTill(ctx context.Context, version string, t provider.Till) (provider.TillPlace, error) {
	body := tillBody(version, t)
	key := posta.NewULID(c.clock.Now())
	update := http.MethodPut
	if version == TillsV2 {
		update = http.MethodPatch
	}
	var made pos
	ref, err := c.put(t.Ref, putting{
		find: func() (string, error) { return c.findTill(ctx, version, t.Code) },
		update: func(ref string) error {
			_, err := c.do(ctx, call{method: update, path: tillPath(version, ref), key: key, body: body}, &made)
			return err
		},
		create: func() (string, error) {
			err := c.must(ctx, call{method: http.MethodPost, path: tillPath(version), key: key, body: body}, &made)
			return string(made.ID), err
		},
	})
	if err != nil {
		return provider.TillPlace{}, err
	}
	// Only a look at the one till tells the text of its QR.
	if whole, err := c.till(ctx, version, ref); err == nil {
		made = whole
	}
	made.ID = text(ref)
	return made.place(), nil
}

func (c *connector) till(ctx context.Context, version, ref string) (pos, error) {
	var p pos
	err := c.must(ctx, call{method: http.MethodGet, path: tillPath(version, ref)}, &p)
	return p, err
}

// findTill gives the provider's id of the till with our code, "" if none has it.
func (c *connector) findTill(ctx context.Context, version, code string) (string, error) {
	var found struct {
		Results []pos `json:"results"`
		Data    []pos `json:"data"`
	}
	err := c.must(ctx, call{method: http.MethodGet, path: tillPath(version), query: url.Values{"external_id": {code}}}, &found)
	if version == TillsV2 && posta.ErrorCode(err) == posta.CodeNotFound {
		return "", nil
	}
	for _, p := range append(found.Results, found.Data...) {
		if p.ExternalID == code {
			return string(p.ID), err
		}
	}
	return "", err
}

// DeleteTill removes a till; one that is not there is no error.
func (c *connector) DeleteTill(ctx context.Context, t provider.Till) error {
	ref, err := c.refOf(ctx, t)
	if err != nil || ref == "" {
		return unlessGone(err)
	}
	_, err = c.do(ctx, call{method: http.MethodDelete, path: tillPath(c.tills, ref)}, nil)
	return unlessGone(err)
}

func (c *connector) refOf(ctx context.Context, t provider.Till) (string, error) {
	if t.Ref != "" {
		return t.Ref, nil
	}
	return c.findTill(ctx, c.tills, t.Code)
}

// Poster downloads the printable QR, a PDF where there is one.
func (c *connector) Poster(ctx context.Context, t provider.Till) (string, []byte, error) {
	ref, err := c.refOf(ctx, t)
	if err != nil {
		return "", nil, err
	}
	if ref == "" {
		return "", nil, posta.Errorf(posta.CodeNotFound, "the till is not at the provider")
	}
	p, err := c.till(ctx, c.tills, ref)
	if err != nil {
		return "", nil, err
	}
	if p.poster() == "" {
		return "", nil, posta.Errorf(posta.CodeNotFound, "the provider has no poster of the till")
	}
	return c.picture(ctx, p.poster())
}
