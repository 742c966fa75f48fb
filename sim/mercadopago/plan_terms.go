package mercadopago

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// terms is auto_recurring: what is charged, and how often
// (docs/providers/mercadopago-online.md §3.1, §3.2).
type terms struct {
	Frequency     int
	FrequencyType string // days, months
	Amount        int64
	Repetitions   int       `json:",omitempty"` // 0 is without end
	BillingDay    int       `json:",omitempty"`
	Proportional  bool      `json:",omitempty"`
	Trial         *trial    `json:",omitempty"`
	Start, End    time.Time // of a subscription without plan
}

// trial is how long nothing is charged.
type trial struct {
	Frequency          int
	FrequencyType      string
	FirstInvoiceOffset int // days
}

const (
	byDays   = "days"
	byMonths = "months"
)

// later is n days or months after t by the provider's calendar; a day that the
// month has not is its last one.
func later(t time.Time, n int, unit string) time.Time {
	t = t.In(zone)
	if unit == byDays {
		return t.AddDate(0, 0, n).UTC()
	}
	year, month, day := t.Date()
	first := time.Date(year, month+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	return first.AddDate(0, 0, min(day, first.AddDate(0, 1, -1).Day())-1).UTC()
}

// billingDate is the first time at or after t that falls on that day of a month.
func billingDate(t time.Time, day int) time.Time {
	t = t.In(zone)
	if t.Day() > day {
		return later(t.AddDate(0, 0, day-t.Day()), 1, byMonths)
	}
	return t.AddDate(0, 0, day-t.Day()).UTC()
}

// subscriptionLimits are the least and the most that an instalment may be, in
// minor units, where a number is published: Argentina's texts (§3.5), Brazil's
// cards (§4.3).
var subscriptionLimits = map[string][2]int64{"MLA": {15_00, 2_000_000_00}, "MLB": {50, 60_000_00}}

// refuse answers an error of the subscriptions API: a message and a status (§3.5).
func (c *call) refuse(status int, format string, values ...any) reply {
	message := fmt.Sprintf(format, values...)
	return reply{status: status, body: object{"message": message, "status": status}, code: message}
}

// subscriptionBody reads the body of a call.
func (c *call) subscriptionBody() (fields, *reply) {
	f, err := parseObject(c.body)
	if err != nil {
		r := c.refuse(http.StatusBadRequest, "Invalid JSON")
		return nil, &r
	}
	return f, nil
}

// amountOf reads transaction_amount within the site's limits; a text that is
// not empty says what is wrong.
func (c *call) amountOf(f fields) (minor int64, wrong string) {
	t := c.account.site()
	v, ok := f.number("transaction_amount")
	minor, err := t.amount(v)
	if !ok || err != nil || minor <= 0 {
		return 0, "Invalid transaction_amount: a number above zero with the decimals of the currency"
	}
	limit, known := subscriptionLimits[t.ID]
	if known && minor < limit[0] {
		return 0, "Cannot pay an amount lower than $ " + t.text(limit[0])
	}
	if known && minor > limit[1] {
		return 0, "Cannot pay an amount greater than $ " + t.text(limit[1])
	}
	return minor, ""
}

func count(f fields, name, what string) (n int, unit, wrong string) {
	n, ok := whole(f, name)
	if !ok {
		return 0, "", what + " must be a positive integer"
	}
	unit, _ = f.text("frequency_type")
	if unit != byDays && unit != byMonths {
		return 0, "", "Invalid value for frequency_type: days or months"
	}
	return n, unit, ""
}

// readTerms reads auto_recurring whole.
func (c *call) readTerms(f fields) (t terms, wrong string) {
	if t.Frequency, t.FrequencyType, wrong = count(f, "frequency", "frequency"); wrong != "" {
		return t, wrong
	}
	if currency, _ := f.text("currency_id"); currency != c.account.site().Currency {
		return t, "Invalid currency_id: the site's is " + c.account.site().Currency
	}
	if t.Amount, wrong = c.amountOf(f); wrong != "" {
		return t, wrong
	}
	t.Trial, wrong = readTrial(f)
	return t, wrong
}

func readTrial(f fields) (*trial, string) {
	free, ok := f.object("free_trial")
	if !ok {
		return nil, "Invalid free_trial"
	}
	if free == nil {
		return nil, ""
	}
	var t trial
	var wrong string
	if t.Frequency, t.FrequencyType, wrong = count(free, "frequency", "free_trial.frequency"); wrong != "" {
		return nil, wrong
	}
	days, _ := free.number("first_invoice_offset")
	t.FirstInvoiceOffset, _ = strconv.Atoi(days)
	return &t, ""
}

// readPlanTerms reads what plans alone have: repetitions and the billing day (§3.1).
func readPlanTerms(f fields, t *terms) (wrong string) {
	if f.has("repetitions") {
		var ok bool
		if t.Repetitions, ok = whole(f, "repetitions"); !ok {
			return "repetitions must be a positive integer"
		}
	}
	if f.has("billing_day") {
		day, ok := whole(f, "billing_day")
		if !ok || day > 28 {
			return "billing_day must be between 1 and 28"
		}
		t.BillingDay = day
	}
	if v, there := f["billing_day_proportional"]; there && v != nil {
		yes, ok := v.(bool)
		if !ok {
			return "Invalid billing_day_proportional"
		}
		t.Proportional = yes
	}
	if (t.BillingDay != 0 || t.Proportional) && (t.FrequencyType != byMonths || t.Frequency != 1) {
		return "billing_day is for monthly subscriptions only"
	}
	if t.Proportional && t.BillingDay == 0 {
		return "billing_day_proportional needs billing_day"
	}
	return ""
}

// backURL refuses what is not https; over AllowLoopback the machine itself may
// be reached by http.
func (s *Simulator) backURL(v string) bool {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && s.cfg.AllowLoopback && slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname())
}

func (t terms) view(s site) object {
	o := object{"frequency": t.Frequency, "frequency_type": t.FrequencyType, "transaction_amount": s.number(t.Amount), "currency_id": s.Currency, "free_trial": nil}
	if t.Trial != nil {
		o["free_trial"] = object{"frequency": t.Trial.Frequency, "frequency_type": t.Trial.FrequencyType, "first_invoice_offset": t.trialDays()}
	}
	if t.Repetitions != 0 {
		o["repetitions"] = t.Repetitions
	}
	if t.BillingDay != 0 {
		o["billing_day"], o["billing_day_proportional"] = t.BillingDay, t.Proportional
	}
	if !t.Start.IsZero() {
		o["start_date"] = classicTime(t.Start)
	}
	if !t.End.IsZero() {
		o["end_date"] = classicTime(t.End)
	}
	return o
}

// trialDays is first_invoice_offset: what was given, or the trial in days, a
// month being 30.
func (t terms) trialDays() int {
	switch {
	case t.Trial == nil:
		return 0
	case t.Trial.FirstInvoiceOffset != 0:
		return t.Trial.FirstInvoiceOffset
	case t.Trial.FrequencyType == byMonths:
		return 30 * t.Trial.Frequency
	}
	return t.Trial.Frequency
}

// rawOrNull keeps a part of a request as it came.
func rawOrNull(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	return encode(v)
}
