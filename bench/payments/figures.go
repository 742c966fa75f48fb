package main

import (
	"context"
	"time"

	"posta"
	"posta/bench/load"
	"posta/inbox"
	"posta/payment"
)

// figures sums up the samples.
func (s *side) figures(elapsed time.Duration) load.Figures {
	pick := func(of func(sample) time.Duration) load.Result {
		var all []time.Duration
		for _, one := range s.samples {
			all = append(all, of(one))
		}
		return load.Summarize(all, elapsed)
	}
	whole := pick(func(one sample) time.Duration { return one.whole })
	created := pick(func(one sample) time.Duration { return one.created })
	noticed := pick(func(one sample) time.Duration { return one.noticed })
	return load.Figures{"per_second": int(whole.PerSecond), "paid": len(s.samples), "not_pending_at_once": s.declined,
		"p50_ms": load.Milliseconds(whole.P50), "p99_ms": load.Milliseconds(whole.P99),
		"create_p50_ms": load.Milliseconds(created.P50), "create_p99_ms": load.Milliseconds(created.P99),
		"buyer_to_till_p50_ms": load.Milliseconds(noticed.P50), "buyer_to_till_p99_ms": load.Milliseconds(noticed.P99)}
}

// split takes a share of the paid payments and tells the hub's own time from
// notice to till apart from the time that the provider took to answer the fetch.
func (s *side) split(ctx context.Context, figures load.Figures) error {
	var own, fetch, all []time.Duration
	list, _, err := s.hub.Payments.List(ctx, payment.Filter{MerchantID: s.merchant, Mode: posta.Test, State: payment.Paid, Page: posta.Page{Limit: 100}})
	if err != nil {
		return err
	}
	for _, p := range list {
		notices, err := s.hub.Inbox.List(ctx, inbox.Filter{MerchantID: s.merchant, Payment: p.ID})
		if err != nil {
			return err
		}
		calls, err := s.hub.Store.CallsOf(ctx, p.ID)
		if err != nil {
			return err
		}
		events, err := s.hub.Store.EventsAbout(ctx, p.MerchantID, p.ID)
		if err != nil {
			return err
		}
		for _, n := range notices {
			var provider time.Duration
			for _, c := range calls {
				if c.Tag.Notification == n.ID {
					provider += c.Duration
				}
			}
			for _, e := range events {
				if e.Type == "payment.paid" && n.Result == "changed" {
					took := e.CreatedAt.Sub(n.Delivery.ReceivedAt)
					all, fetch, own = append(all, took), append(fetch, provider), append(own, took-provider)
				}
			}
		}
	}
	o, f, a := load.Summarize(own, time.Second), load.Summarize(fetch, time.Second), load.Summarize(all, time.Second)
	figures["notice_to_paid_p50_ms"], figures["notice_to_paid_p99_ms"] = load.Milliseconds(a.P50), load.Milliseconds(a.P99)
	figures["of_it_provider_p50_ms"], figures["of_it_provider_p99_ms"] = load.Milliseconds(f.P50), load.Milliseconds(f.P99)
	figures["of_it_own_p50_ms"], figures["of_it_own_p99_ms"] = load.Milliseconds(o.P50), load.Milliseconds(o.P99)
	figures["notices_measured"] = len(own)
	return nil
}
