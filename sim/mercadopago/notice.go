package mercadopago

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"posta/sim/fault"
)

// notice is one notification on its way (docs/providers/mercadopago.md §8).
type notice struct {
	ID           int64
	UserID       int64
	Channel      string // webhook, feed
	Topic        string
	Action       string
	Resource     string
	Version      int
	URL          string
	Key          string // panel, url, feed, live:APPLICATION, probe:APPLICATION, panel:USER: what signs it
	Body         object // without the id that each attempt gives it
	BodyID       bool   // whether attempts give one
	Status       string // pending, delivered, superseded, dropped, given_up
	Held         bool
	BadSignature bool
	Tries        int
	Attempts     []Attempt
	Rung         int
	Doubled      bool // the immediate duplicate was sent
	Created      time.Time
	NextAt       time.Time

	flying bool
}

// Attempt is one sending of a notice.
type Attempt struct {
	At        time.Time `json:"at"`
	Status    int       `json:"status,omitempty"`
	Error     string    `json:"error,omitempty"`
	RequestID string    `json:"request_id"`
	Signature string    `json:"signature"`
	Millis    float64   `json:"millis"`
}

func (n *notice) key() (string, string) { return "notice", text(n.ID) }

func (n *notice) index(st *state) {
	st.notices[n.ID] = n
	if n.Status == "pending" {
		st.pending[n.ID] = n
	} else {
		delete(st.pending, n.ID)
	}
}

const (
	topicPayment  = "payment"
	topicMerchant = "topic_merchant_order_wh"
	topicOrder    = "order"
)

// target is where a notice goes, in which form and under which key.
type target struct{ url, channel, key string }

// targets says who is told: a notification_url overrides the panel and gets
// both forms unless its source_news says otherwise (§8.1).
func (s *Simulator) targets(a *Account, via via, topic, notificationURL string) []target {
	if notificationURL != "" {
		webhook, feed := !s.switches.FeedOnly, !s.switches.WebhookOnly
		if u, err := url.Parse(notificationURL); err == nil {
			switch u.Query().Get("source_news") {
			case "webhooks":
				webhook, feed = true, false
			case "ipn":
				webhook, feed = false, true
			}
		}
		var list []target
		if webhook {
			list = append(list, target{notificationURL, "webhook", "url"})
		}
		if feed {
			list = append(list, target{notificationURL, "feed", "feed"})
		}
		return list
	}
	var list []target
	if hooks, key := s.hooks(a, via); hooks.URL != "" && (len(hooks.Topics) == 0 || slices.Contains(hooks.Topics, topic)) {
		list = append(list, target{hooks.URL, "webhook", key})
	}
	if a.IPNURL != "" && topic != topicOrder {
		list = append(list, target{a.IPNURL, "feed", "feed"})
	}
	return list
}

func (s *Simulator) announcePayment(p *payment, action string, now time.Time) {
	a := s.accounts[p.UserID]
	for _, t := range s.targets(a, p.via(), topicPayment, p.NotificationURL) {
		n := &notice{UserID: a.UserID, Topic: topicPayment, Action: action, Resource: text(p.ID), Version: p.Version}
		if t.channel == "feed" {
			n.Body = object{"resource": text(p.ID), "topic": "payment"}
		} else {
			n.BodyID = true
			n.Body = object{"live_mode": true, "type": "payment", "date_created": classicTime(p.Updated), "user_id": a.UserID, "api_version": "v1",
				"action": action, "data": object{"id": text(p.ID)}}
		}
		s.enqueue(n, t, now)
	}
}

func (s *Simulator) announceMerchant(m *merchantOrder, action string, now time.Time) {
	a := s.accounts[m.UserID]
	for _, t := range s.targets(a, m.Via, topicMerchant, m.NotificationURL) {
		n := &notice{UserID: a.UserID, Topic: topicMerchant, Action: action, Resource: text(m.ID), Version: m.Version}
		if t.channel == "feed" {
			n.Topic = "merchant_order"
			n.Body = object{"resource": "https://api.mercadolibre.com/merchant_orders/" + text(m.ID), "topic": "merchant_order"}
		} else {
			n.Body = object{"action": action, "application_id": text(m.Via.of(a)), "data": object{"currency_id": "", "marketplace": "NONE", "status": m.Status},
				"date_created": classicTime(now), "id": text(m.ID), "live_mode": !a.Test, "status": m.Status, "type": topicMerchant, "user_id": a.UserID, "version": m.Version}
		}
		s.enqueue(n, t, now)
	}
}

func (s *Simulator) announceOrder(o *order, action string, now time.Time) {
	if o.isIntent() {
		s.announceIntent(o, now)
		return
	}
	a := s.accounts[o.UserID]
	t := a.site()
	data := object{"id": o.ID, "external_reference": o.Ref, "status": o.Status, "status_detail": o.PaymentDetail, "type": o.Type, "version": o.Version}
	if o.Status == "failed" {
		data["transactions"] = object{"payments": []object{{"id": o.PaymentID, "amount": t.text(o.Total), "status": o.PaymentStatus, "status_detail": o.PaymentDetail}}}
	} else if p := s.paid(o); p != nil && o.Status != "action_required" {
		data["total_paid_amount"] = t.text(p.Amount)
		data["transactions"] = object{"payments": []object{{"id": o.PaymentID, "amount": t.text(o.Total), "paid_amount": t.text(p.Amount),
			"payment_method": object{"id": p.Card.method(t), "installments": p.Card.Installments, "type": p.Card.Type},
			"reference":      object{"id": text(p.ID)}, "status": o.PaymentStatus, "status_detail": o.PaymentDetail}}}
	}
	topic := topicOrder
	if s.switches.OrderTopicPlural {
		topic = "orders"
	}
	for _, to := range s.targets(a, o.Via, topicOrder, "") {
		if to.channel != "webhook" {
			continue
		}
		s.enqueue(&notice{UserID: a.UserID, Topic: topic, Action: action, Resource: o.ID, Version: o.Version, BodyID: !s.switches.OrderNoticeBare,
			Body: object{"action": action, "api_version": "v1", "application_id": text(o.Via.of(a)), "date_created": now.UTC().Format(time.RFC3339Nano),
				"live_mode": !a.Test, "type": "order", "user_id": text(a.UserID), "data": data}}, to, now)
	}
}

// enqueue files a notice, drops the older versions that have failed so far,
// and lets the script have its way with it.
func (s *Simulator) enqueue(n *notice, t target, now time.Time) {
	n.URL, n.Channel, n.Key = t.url, t.channel, t.key
	n.Status, n.Created, n.NextAt = "pending", now, now.Add(s.scaled(s.cfg.NoticeDelay))
	path := ""
	if u, err := url.Parse(t.url); err == nil {
		path = u.Path
	}
	for _, old := range s.pending {
		if old.stale(n) && old.Tries > 0 && !old.flying {
			old.Status = "superseded"
			s.put(old)
		}
	}
	d := s.fault.Decide(fault.Call{Operation: "notice." + n.Channel + "." + n.Topic, Method: "POST", Path: path})
	n.BadSignature = d.BadSignature
	n.NextAt = n.NextAt.Add(d.Delay)
	if d.Drop || s.switches.DropNotices {
		n.Status = "dropped"
	}
	if d.Reorder {
		n.Held = true
		n.NextAt = n.NextAt.Add(s.scaled(10 * time.Second))
	}
	n.ID = s.next(&s.count.Notice)
	s.put(n)
	if d.Duplicate && n.Status == "pending" {
		twin := *n
		twin.ID = s.next(&s.count.Notice)
		s.put(&twin)
	}
}

// stale says whether other is a newer word on the same thing to the same ears.
func (n *notice) stale(other *notice) bool {
	return n.Resource == other.Resource && n.Topic == other.Topic && n.Channel == other.Channel && n.URL == other.URL && n.Version < other.Version
}

func (s *Simulator) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.cfg.TimeScale)
}

// render gives the query, the body and the id that is signed.
func (n *notice) render(bodyID int64) (query string, body []byte) {
	o := object{}
	for k, v := range n.Body {
		o[k] = v
	}
	if n.BodyID {
		o["id"] = bodyID
		if n.Topic == topicOrder || n.Topic == "orders" {
			o["id"] = text(bodyID)
		}
	}
	body, err := json.Marshal(o)
	if err != nil {
		panic("sim/mercadopago: a notice does not marshal: " + err.Error())
	}
	if n.Channel == "feed" {
		return "id=" + n.Resource + "&topic=" + n.Topic, body
	}
	return "data.id=" + n.Resource + "&type=" + n.Topic, body
}

// address is the URL with the notice's query behind its own.
func (n *notice) address(query string) string {
	base, _, _ := strings.Cut(n.URL, "#")
	if strings.Contains(base, "?") {
		return base + "&" + query
	}
	return base + "?" + query
}
