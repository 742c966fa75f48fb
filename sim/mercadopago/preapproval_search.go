package mercadopago

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// foundSubscriptions lists the caller's subscriptions that the query names. It
// does not know external_reference, and lets it be (§3.2).
func (c *call) foundSubscriptions() ([]*subscription, *reply) {
	t := c.account.site()
	statuses := []string{}
	if v := c.query("status"); v != "" {
		statuses = strings.Split(v, ",")
	}
	q := strings.ToLower(c.query("q"))
	amount, err := int64(0), error(nil)
	if v := c.query("transaction_amount"); v != "" {
		if amount, err = t.amount(v); err != nil {
			r := c.refuse(http.StatusBadRequest, "Invalid transaction_amount")
			return nil, &r
		}
	}
	var found []*subscription
	for _, v := range c.sim.subscriptions {
		if v.UserID != c.account.UserID || !c.sim.settled(v.Created, c.now) || len(statuses) > 0 && !slices.Contains(statuses, v.Status) ||
			c.query("transaction_amount") != "" && v.Terms.Amount != amount || q != "" && !v.mentions(q) ||
			!matches(c, map[string]string{"payer_id": idText(v.Payer.ID), "payer_email": v.Payer.Email, "preapproval_plan_id": v.PlanID, "semaphore": v.semaphore()}) {
			continue
		}
		found = append(found, v)
	}
	field, way, _ := strings.Cut(cmp.Or(c.query("sort"), "date_created:asc"), ":")
	by := map[string]func(a, b *subscription) int{
		"date_created":  func(*subscription, *subscription) int { return 0 },
		"last_modified": func(a, b *subscription) int { return a.Updated.Compare(b.Updated) },
		"reason":        func(a, b *subscription) int { return strings.Compare(a.Reason, b.Reason) },
		"status":        func(a, b *subscription) int { return strings.Compare(a.Status, b.Status) },
		"payer_id":      func(a, b *subscription) int { return cmp.Compare(a.Payer.ID, b.Payer.ID) }}[field]
	if by == nil || way != "" && way != "asc" && way != "desc" {
		r := c.refuse(http.StatusBadRequest, "Invalid sort: field:asc or field:desc")
		return nil, &r
	}
	slices.SortFunc(found, func(a, b *subscription) int { return cmp.Or(by(a, b), cmp.Compare(a.Seq, b.Seq)) })
	if way == "desc" {
		slices.Reverse(found)
	}
	return found, nil
}

func (v *subscription) mentions(q string) bool {
	for _, text := range []string{v.ID, v.Reason, v.Payer.Email, v.Payer.FirstName, v.Payer.LastName} {
		if strings.Contains(strings.ToLower(text), q) {
			return true
		}
	}
	return false
}

func searchSubscriptions(c *call) reply {
	offset, limit, bad := c.subscriptionPaging(10)
	if bad != nil {
		return *bad
	}
	found, bad := c.foundSubscriptions()
	if bad != nil {
		return *bad
	}
	rows := []object{}
	for _, v := range window(found, offset, limit) {
		rows = append(rows, c.sim.subscriptionRow(v))
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"offset": offset, "limit": limit, "total": len(found)}, "results": rows}}
}

// exportSubscriptions is GET /preapproval/export: the found ones as CSV.
func exportSubscriptions(c *call) reply {
	if c.query("collector_id") != text(c.account.UserID) {
		return c.refuse(http.StatusBadRequest, "The collector_id is not valid for callerId: %d", c.account.UserID)
	}
	found, bad := c.foundSubscriptions()
	if bad != nil {
		return *bad
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"id", "preapproval_plan_id", "status", "reason", "external_reference", "payer_id", "transaction_amount", "currency_id", "frequency", "frequency_type",
		"date_created", "next_payment_date", "charged_quantity", "charged_amount"})
	t := c.account.site()
	for _, v := range found {
		next := ""
		if !v.Next.IsZero() {
			next = classicTime(v.Next)
		}
		_ = w.Write([]string{v.ID, v.PlanID, v.Status, v.Reason, v.Ref, idText(v.Payer.ID), t.text(v.Terms.Amount), t.Currency, strconv.Itoa(v.Terms.Frequency),
			v.Terms.FrequencyType, classicTime(v.Created), next, strconv.Itoa(v.Charged), t.text(v.ChargedAmount)})
	}
	w.Flush()
	return reply{status: http.StatusOK, body: out.Bytes(), mime: "text/csv; charset=utf-8"}
}

// Topics of subscriptions (docs/providers/mercadopago-online.md §2.10).
const (
	topicPlan         = "subscription_preapproval_plan"
	topicSubscription = "subscription_preapproval"
	topicInvoice      = "subscription_authorized_payment"
)

// announceSubscription tells the panel's address of a plan, a subscription or
// an invoice.
func (s *Simulator) announceSubscription(topic, entity, id string, user int64, via via, version int, now time.Time) {
	a := s.accounts[user]
	action := "updated"
	if version == 1 {
		action = "created"
	}
	for _, to := range s.targets(a, via, topic, "") {
		if to.channel != "webhook" {
			continue
		}
		s.enqueue(&notice{UserID: user, Topic: topic, Action: action, Resource: id, Version: version, BodyID: true,
			Body: object{"action": action, "api_version": "v1", "application_id": via.of(a), "data": object{"id": id}, "date": utcTime(now),
				"date_created": classicTime(now), "entity": entity, "live_mode": true, "type": topic, "user_id": a.UserID, "version": version}}, to, now)
	}
}
