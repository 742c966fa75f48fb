package mercadopago

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settled says whether a search sees what was made then: the provider's
// searches lag, and the switch says by how much.
func (s *Simulator) settled(made, now time.Time) bool {
	return now.Sub(made) >= time.Duration(s.switches.SearchLagMillis)*time.Millisecond
}

// searchMerchantOrders is the way back from a lost notice: by
// external_reference (§7). Newest first.
func searchMerchantOrders(c *call) reply {
	offset, limit, bad := c.paging(30, 50)
	if bad != nil {
		return *bad
	}
	list := sorted(c.sim.merchant)
	if ref := c.query("external_reference"); ref != "" {
		list = slices.Clone(c.sim.merchantByRef[ref])
	}
	slices.Reverse(list)
	found := []object{}
	for _, m := range list {
		in, err := within(c, m.Created, "date_created_from", "date_created_to")
		in2, err2 := within(c, m.Updated, "last_updated_from", "last_updated_to")
		if err != nil || err2 != nil {
			return c.fail(http.StatusBadRequest, "invalid_date", "A date is invalid.")
		}
		if m.UserID == c.account.UserID && in && in2 && c.sim.settled(m.Created, c.now) && matches(c, map[string]string{
			"status": m.Status, "preference_id": m.PreferenceID, "application_id": text(c.account.ApplicationID), "sponsor_id": m.SponsorID,
			"site_id": c.account.Site, "marketplace": "NONE", "payer_id": text(buyerID)}) {
			found = append(found, c.sim.merchantView(m))
		}
	}
	part := window(found, offset, limit)
	return reply{status: http.StatusOK, body: object{"elements": part, "next_offset": offset + len(part), "total": len(found)}}
}

// matches says whether all filters of the query that are among these hold.
func matches(c *call, have map[string]string) bool {
	for name, v := range have {
		if want := c.query(name); want != "" && want != v {
			return false
		}
	}
	return true
}

func within(c *call, t time.Time, from, to string) (bool, error) {
	begin, err := moment(c.query(from), c.now)
	if err != nil {
		return false, err
	}
	end, err := moment(c.query(to), c.now)
	if err != nil {
		return false, err
	}
	return (begin.IsZero() || !t.Before(begin)) && (end.IsZero() || !t.After(end)), nil
}

// moment reads an ISO time, NOW or NOW-30DAYS; "" is none.
func moment(v string, now time.Time) (time.Time, error) {
	if v == "" {
		return time.Time{}, nil
	}
	if rest, ok := strings.CutPrefix(v, "NOW"); ok {
		if rest == "" {
			return now, nil
		}
		for unit, d := range map[string]time.Duration{"DAYS": 24 * time.Hour, "HOURS": time.Hour, "MINUTES": time.Minute} {
			if n, ok := strings.CutSuffix(rest, unit); ok {
				k, err := strconv.Atoi(n)
				return now.Add(time.Duration(k) * d), err
			}
		}
	}
	return time.Parse(time.RFC3339, v)
}

// searchPayments is GET /v1/payments/search.
func searchPayments(c *call) reply {
	offset, err := strconv.Atoi(cmp.Or(c.query("offset"), "0"))
	limit, err2 := strconv.Atoi(cmp.Or(c.query("limit"), "30"))
	if err != nil || err2 != nil || offset < 0 || limit < 0 {
		return c.cause(http.StatusBadRequest, 1, "Invalid paging")
	}
	if limit > 1000 {
		return c.cause(http.StatusBadRequest, 1000, "Number of rows exceeded the limits")
	}
	list := sorted(c.sim.payments)
	if ref := c.query("external_reference"); ref != "" {
		list = slices.Clone(c.sim.paymentByRef[ref])
	}
	by := map[string]func(*payment) time.Time{"money_release_date": func(p *payment) time.Time { return p.Approved },
		"date_created": func(p *payment) time.Time { return p.Created }, "date_approved": func(p *payment) time.Time { return p.Approved },
		"date_last_updated": func(p *payment) time.Time { return p.Updated }}
	if sort := c.query("sort"); sort != "" {
		get := by[sort]
		if get == nil {
			return c.cause(http.StatusBadRequest, 1, "Invalid sort")
		}
		slices.SortStableFunc(list, func(a, b *payment) int { return get(a).Compare(get(b)) })
	}
	if c.query("criteria") != "asc" {
		slices.Reverse(list)
	}
	moved := by[cmp.Or(c.query("range"), "date_created")]
	if moved == nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid range")
	}
	found := []object{}
	for _, p := range list {
		in, err := within(c, moved(p), "begin_date", "end_date")
		if err != nil {
			return c.cause(http.StatusBadRequest, 1001, "Invalid date format")
		}
		if p.UserID == c.account.UserID && in && c.sim.settled(p.Created, c.now) && matches(c, map[string]string{
			"status": p.Status, "collector.id": text(p.UserID), "payer.id": p.payerText(), "pos_id": idText(p.POSID), "store_id": idText(p.StoreID)}) {
			view := c.sim.paymentView(p)
			if c.sim.switches.SearchIDsText {
				view["id"] = text(p.ID)
			}
			found = append(found, view)
		}
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(found), "limit": limit, "offset": offset}, "results": window(found, offset, limit)}}
}

// searchOrders is GET /v1/orders: paging is written in strings (§1).
func searchOrders(c *call) reply {
	offset, err := strconv.Atoi(cmp.Or(c.query("offset"), "0"))
	limit, err2 := strconv.Atoi(cmp.Or(c.query("limit"), "30"))
	if err != nil || err2 != nil || offset < 0 || limit < 1 || limit > 100 {
		return c.fail(http.StatusBadRequest, "bad_request", "limit or offset is invalid")
	}
	list := sorted(c.sim.orders)
	if ref := c.query("external_reference"); ref != "" {
		list = slices.Clone(c.sim.orderByRef[ref])
	}
	slices.Reverse(list)
	found := []object{}
	for _, o := range list {
		in, err := within(c, o.Created, "begin_date", "end_date")
		if err != nil {
			return c.fail(http.StatusBadRequest, "bad_request", "a date is invalid")
		}
		if o.UserID == c.account.UserID && !o.isIntent() && in && c.sim.settled(o.Created, c.now) && matches(c, map[string]string{"status": o.Status, "status_detail": o.Detail, "type": o.Type}) {
			found = append(found, c.sim.orderView(o))
		}
	}
	pages := (len(found) + limit - 1) / limit
	return reply{status: http.StatusOK, body: object{"data": window(found, offset, limit), "paging": object{
		"total": strconv.Itoa(len(found)), "total_pages": strconv.Itoa(pages), "offset": strconv.Itoa(offset), "limit": strconv.Itoa(limit)}}}
}
