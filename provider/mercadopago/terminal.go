package mercadopago

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"posta/provider"
)

// Modes of a terminal, docs/providers/mercadopago.md §5.7.
const (
	modeIntegrated = "PDV"
	modeAlone      = "STANDALONE"
)

// How terminals are listed: the longest page, and where a list that does not
// end is left.
const (
	terminalPage  = 50
	mostTerminals = 5000
)

// Devices lists the account's Point terminals, docs/providers/mercadopago.md §5.7.
func (c *connector) Devices(ctx context.Context) ([]provider.Device, error) {
	var devices []provider.Device
	for len(devices) < mostTerminals {
		var found struct {
			Data struct {
				Terminals []struct {
					ID   string `json:"id"`
					Till text   `json:"external_pos_id"`
					Mode string `json:"operating_mode"`
				} `json:"terminals"`
			} `json:"data"`
			Paging struct {
				Total text `json:"total"`
			} `json:"paging"`
		}
		err := c.must(ctx, call{method: http.MethodGet, path: path("terminals", "v1", "list"),
			query: url.Values{"limit": {strconv.Itoa(terminalPage)}, "offset": {strconv.Itoa(len(devices))}}}, &found)
		if err != nil {
			return nil, err
		}
		for _, t := range found.Data.Terminals {
			devices = append(devices, provider.Device{ID: t.ID, Till: string(t.Till), Integrated: t.Mode == modeIntegrated})
		}
		total, _ := strconv.Atoi(string(found.Paging.Total))
		if len(found.Data.Terminals) == 0 || len(devices) >= total {
			break
		}
	}
	return devices, nil
}

// SetIntegrated sets the terminal's operating mode, which it takes on when it
// is restarted: docs/providers/mercadopago.md §5.7. The provider refuses a
// second integrated one of a till.
func (c *connector) SetIntegrated(ctx context.Context, terminal string, integrated bool) error {
	mode := modeAlone
	if integrated {
		mode = modeIntegrated
	}
	body := map[string]any{"terminals": []map[string]string{{"id": terminal, "operating_mode": mode}}}
	_, err := c.do(ctx, call{method: http.MethodPatch, path: path("terminals", "v1", "setup"), body: body}, nil)
	return err
}
