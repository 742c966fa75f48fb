package app

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"posta"
	"posta/live"
	"posta/seal"
	"posta/webhook"
	"posta/work"
)

const (
	sweepEvents     = "events"
	sweepDeliveries = "deliveries"
)

// loopback is where a demo's shops are, beside the public internet.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func (a *App) newWebhooks(box *seal.Box) *webhook.Service {
	return &webhook.Service{Store: a.Store, Box: box, Clock: a.config.Clock, Log: a.config.Log, Networks: a.config.EndpointNetworks,
		Committed: a.Hub.Wake, Wake: func() { a.loop.Wake(sweepDeliveries) }}
}

// sending is the work of telling merchants' systems what happened.
func (a *App) sending() []work.Sweep {
	return []work.Sweep{
		{Name: sweepEvents, Run: a.Webhooks.SweepEvents, Every: 2 * time.Second},
		{Name: sweepDeliveries, Run: a.Webhooks.SweepDeliveries, Every: time.Second, Limit: 512},
	}
}

// announced has events sent to endpoints as soon as they are relayed.
type announced struct {
	live.Store
	app *App
}

// EventsAfter lists events, and has them published where there are any.
func (s announced) EventsAfter(ctx context.Context, position int64, limit int) ([]posta.Event, error) {
	events, err := s.Store.EventsAfter(ctx, position, limit)
	if len(events) > 0 {
		s.app.loop.Wake(sweepEvents)
	}
	return events, err
}

// Networks reads networks as they are typed: 10.1.0.0/16, or one address.
// Errors: invalid with field networks.
func Networks(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		p, err := netip.ParsePrefix(text)
		if ip, single := netip.ParseAddr(text); err != nil && single == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, posta.Invalid("networks", "malformed")
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
