package mercadopago

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// panelEvents are what can be ticked in an application's webhooks, with the
// topics behind each (docs/providers/mercadopago-online.md §2.10).
var panelEvents = []struct {
	Name        string
	Recommended bool
	Topics      []string
}{
	{"payments", true, []string{topicPayment}},
	{"subscriptions", false, []string{topicSubscription, topicPlan, topicInvoice}},
	{"merchant_orders", false, []string{topicMerchant}},
	{"orders", false, []string{topicOrder}},
	{"chargebacks", false, []string{"topic_chargebacks_wh"}},
	{"mp_connect", false, []string{"mp-connect"}},
}

// ticked are the names of the events whose topics are all there; no topics are
// all events.
func ticked(topics []string) map[string]bool {
	on := map[string]bool{}
	for _, e := range panelEvents {
		on[e.Name] = len(topics) == 0 || !slices.ContainsFunc(e.Topics, func(t string) bool { return !slices.Contains(topics, t) })
	}
	return on
}

// topicsOf are the topics behind events.
func topicsOf(names []string) (topics []string) {
	for _, e := range panelEvents {
		if slices.Contains(names, e.Name) {
			topics = append(topics, e.Topics...)
		}
	}
	return topics
}

// SimulateNotice sends a test notice to a mode's address as the panel's button
// does: a true signature, an invented resource. It goes with the others, by
// Run or Deliver.
func (s *Simulator) SimulateNotice(userID, id int64, test bool, topic, resource string) (err error) {
	e := s.do(func() {
		p, a, now := s.application(userID, id), s.accounts[userID], s.clock.Now()
		if p == nil {
			err = ErrApplication
			return
		}
		hooks, key := p.Live, "live:"+text(id)
		if p.own(a) {
			key = "panel"
		}
		if test {
			hooks, key = p.Probe, "probe:"+text(id)
		}
		if hooks.URL == "" {
			err = ErrNoAddress
			return
		}
		action := map[string]string{topicPayment: "payment.updated", topicOrder: "order.processed", topicMerchant: "update", "mp-connect": "application.authorized"}[topic]
		s.enqueue(&notice{UserID: userID, Topic: topic, Action: cmp.Or(action, "updated"), Resource: resource, BodyID: true,
			Body: object{"action": cmp.Or(action, "updated"), "api_version": "v1", "application_id": text(id), "data": object{"id": resource},
				"date_created": classicTime(now), "live_mode": false, "type": topic, "user_id": text(userID)}}, target{hooks.URL, "webhook", key}, now)
	})
	return cmp.Or(e, err)
}

// webhookURL says whether the panel takes the address.
func (s *Simulator) webhookURL(v string) bool {
	u, err := url.Parse(v)
	return err == nil && u.Host != "" && len(v) <= 248 && (&preferenceCheck{loopback: s.cfg.AllowLoopback}).safe(v) && !strings.Contains(v, "#")
}
