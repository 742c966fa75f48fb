package api

import (
	"context"
	"net/http"

	"posta"
)

// Device is a terminal as the provider of a connection knows it.
type Device struct {
	ID         string           `json:"id" doc:"the provider's own: the code of a terminal" example:"NEWLAND_N950__N950NCB801293324"`
	Integrated bool             `json:"integrated" doc:"it takes its charges from here; otherwise amounts are typed on it"`
	Till       posta.TillID     `json:"till_id,omitempty" doc:"the till to which the provider ties it"`
	Terminal   posta.TerminalID `json:"terminal_id,omitempty" doc:"the terminal in use here that it is"`
}

// DeviceList is all terminals that a provider knows of a connection.
type DeviceList struct {
	Data []Device `json:"data"`
}

// Integration says where a terminal takes its charges from.
type Integration struct {
	Integrated bool `json:"integrated" doc:"true: from here; false: it works alone"`
}

func (a *server) devices() {
	const tag = "Terminals"
	add(a, http.MethodGet, "/v1/connections/{id}/devices", about{id: "list_devices", tag: tag, summary: "Ask the provider which terminals it knows",
		text: "Not every provider keeps such a list.", codes: append([]posta.Code{posta.CodeModeMismatch}, byProvider...),
		answer: DeviceList{Data: []Device{{ID: "NEWLAND_N950__N950NCB801293324", Integrated: true}}}},
		func(ctx context.Context, in *ConnectionPath) (*struct{ Body DeviceList }, error) {
			key := callOf(ctx).key
			id, err := found[posta.ConnectionID](in.ID)
			if err != nil {
				return nil, err
			}
			all, err := a.Tills.Devices(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, ofProvider(err)
			}
			out := DeviceList{Data: []Device{}}
			for _, d := range all {
				till, _ := posta.FromAlphanumeric[posta.TillID](d.Till) // another system's, if it is none of ours
				out.Data = append(out.Data, Device{ID: d.ID, Integrated: d.Integrated, Till: till, Terminal: d.Terminal})
			}
			return &struct{ Body DeviceList }{out}, nil
		})
	add(a, http.MethodPost, "/v1/connections/{id}/devices/{device}/integrated", about{id: "set_device_integrated", tag: tag,
		summary: "Have a terminal take its charges from here, or work alone", status: http.StatusNoContent,
		codes: append([]posta.Code{posta.CodeModeMismatch}, byProvider...), request: Integration{Integrated: true}},
		func(ctx context.Context, in *struct {
			ConnectionPath
			Device string `path:"device" doc:"the provider's own id" maxLength:"100" example:"NEWLAND_N950__N950NCB801293324"`
			Body   Integration
		}) (*none, error) {
			key := callOf(ctx).key
			id, err := found[posta.ConnectionID](in.ID)
			if err != nil {
				return nil, err
			}
			return nil, ofProvider(a.Tills.SetIntegrated(ctx, key.MerchantID, key.Mode, id, in.Device, in.Body.Integrated))
		})
}
