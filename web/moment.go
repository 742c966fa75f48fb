package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/inbox"
	"posta/outbound"
	"posta/page"
	"posta/payment"
	"posta/provider"
)

// moment is one thing that happened, on the story's line.
type moment struct {
	At    time.Time
	Date  string        // written where the day changes
	Clock string        // of the day
	Gap   time.Duration // since the moment before, 0 if hardly any
	Shown string        // the state whose colour and shape it has
	Muted bool          // of no weight
	Title string
	Who   string
	Code  string // the provider's own word
	Lines []string
	Link  string // where more is
	Raw   []rawCall
	Times string // how many times, where it stands for several

	order int    // among moments of the same time
	batch string // moments of one batch that follow each other become one; up to a colon, the key of its words
}

// rawCall is an exchange or a delivery as it was.
type rawCall struct {
	ID    string
	Title string // the details' summary
	Link  string // where more is
	Parts []rawPart
}

// teller makes a payment's story out of its chronicle.
type teller struct {
	*visit
	chronicle
	people   *people
	provider string // as people call it
}

// tell lists the moments, newest last.
func (t *teller) tell() []moment {
	var all []moment
	for _, e := range t.Events {
		all = append(all, t.event(e))
	}
	for _, c := range t.Calls {
		all = append(all, t.call(c))
	}
	for _, n := range t.Notices {
		all = append(all, t.notice(n))
	}
	for _, f := range t.Facts {
		if f.Kind != provider.FactOperator {
			continue
		}
		switch by := t.people.Name(f.ID); {
		case f.Status == provider.StatusCanceled:
			all = append(all, moment{At: f.At, Shown: "canceled", Title: t.T("story.not_charged"), Who: by, order: 1})
		case f.Status != provider.StatusAccepted:
		case slices.ContainsFunc(t.Facts, func(slip provider.Fact) bool { return slip.Detail == "operator" && slip.At.Equal(f.At) }):
			all = append(all, moment{At: f.At, Shown: "paid", Title: t.T("story.charged_by_slip"), Who: by, order: 1})
		default:
			all = append(all, moment{At: f.At, Shown: "paid", Title: t.T("story.accepted"), Who: by, order: 1})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return a.order - b.order
	})
	return t.pace(t.merge(all))
}

// merge makes one moment of those of a batch that follow each other.
func (t *teller) merge(all []moment) []moment {
	var out []moment
	for _, m := range all {
		last := len(out) - 1
		if m.batch == "" || last < 0 || out[last].batch != m.batch {
			out = append(out, m)
			continue
		}
		out[last].Raw, out[last].Link = append(out[last].Raw, m.Raw...), ""
		kind, _, _ := strings.Cut(m.batch, ":")
		out[last].Times = t.T("story.times."+kind, "count", len(out[last].Raw), "until", m.At.In(t.Zone).Format("15:04:05"))
	}
	return out
}

// pace notes what passed between the moments.
func (t *teller) pace(all []moment) []moment {
	for i := range all {
		m := &all[i]
		m.Clock = m.At.In(t.Zone).Format("15:04:05")
		date := t.words.Date(m.At, t.Zone)
		if i == 0 || date != t.words.Date(all[i-1].At, t.Zone) {
			m.Date = date
		}
		if i > 0 {
			if gap := m.At.Sub(all[i-1].At); gap >= time.Second {
				m.Gap = gap
			}
		}
	}
	return all
}

// eventLook is the state whose colour and shape an event has, where its last
// word is not one.
var eventLook = map[string]string{
	"payment.created": "created", "payment.attempt_declined": "declined", "payment.paid_late": "paid", "payment.attention": "disputed",
	"payment.cancel_requested": "canceled", "payment.settled": "paid",
	"payment.progressed": "pending", "refund.progressed": "pending", "refund.cancel_requested": "canceled", "refund.settled": "paid",
	"refund.created": "pending", "refund.succeeded": "refunded", "refund.failed": "failed",
}

func (t *teller) event(e posta.Event) moment {
	m := moment{At: e.CreatedAt, Title: e.Type, order: 1}
	if key := "event." + e.Type; t.words.Has(key) {
		m.Title = t.T(key)
	}
	kind := e.Type[strings.LastIndexByte(e.Type, '.')+1:]
	if m.Shown = eventLook[e.Type]; m.Shown == "" {
		m.Shown = kind
	}
	var data struct {
		Amount, Captured, Refunded int64
		Currency                   posta.Currency
		Reason, Failure, Origin    string
		Progress                   provider.Progress
		Kind                       provider.RefundKind
		Attention                  payment.Attention
	}
	_ = json.Unmarshal(e.Data, &data) // what cannot be read is not told
	money := func(minor int64) string { return page.Money(minor, string(data.Currency), "") }
	if e.Actor != "" {
		m.Who = t.people.Name(e.Actor)
	}
	switch e.Type {
	case "payment.created":
		m.order, m.Lines = 0, []string{money(data.Amount)}
	case "payment.attempt_declined", "payment.rejected", "payment.failed":
		if data.Reason != "" {
			m.Lines, m.Code = []string{t.reason(data.Reason)}, data.Reason
		}
	case "payment.paid", "payment.paid_late":
		m.Lines = []string{money(data.Captured)}
		if words := meansOf(t.Payment).Words(t.visit); words != "" {
			m.Lines[0] += " · " + words
		}
	case "payment.unknown":
		if data.Attention == payment.AttentionSlip {
			m.Title = t.T("terminal.lost")
		}
	case "payment.progressed", "refund.progressed":
		m.Lines = []string{t.T("terminal.progress." + string(data.Progress))}
	case "payment.partially_refunded", "payment.refunded":
		m.Lines = []string{money(data.Refunded)}
	case "payment.attention":
		if data.Attention != "" {
			m.Lines = []string{t.T("attention." + string(data.Attention) + ".title")}
		}
	case "refund.created":
		m.Lines = []string{money(data.Amount)}
		if data.Kind == provider.KindReversal {
			m.Lines[0] += " · " + t.T("terminal.void")
		}
		if e.Actor == "" {
			m.Who = t.people.Name(data.Origin)
		}
		if data.Reason != "" {
			m.Lines = append(m.Lines, "«"+data.Reason+"»")
		}
	case "refund.succeeded":
		m.Lines = []string{money(data.Amount)}
	case "refund.failed":
		m.Lines, m.Code = []string{money(data.Amount) + " · " + t.reason(data.Failure)}, data.Failure
	}
	return m
}

func (t *teller) call(c outbound.Call) moment {
	m := moment{At: c.StartedAt, Title: t.T("story.call.other", "provider", t.provider), Shown: "call", Raw: []rawCall{t.rawOf(c)}, order: 2}
	if key := "story.call." + c.Tag.Operation; c.Tag.Operation != "other" && t.words.Has(key) {
		m.Title = t.T(key, "provider", t.provider)
	}
	if c.Tag.Notification != "" && c.Tag.Operation != "fetch" {
		m.Who = t.T("story.by_notice")
	}
	switch {
	case c.Status == 0:
		m.Shown, m.Lines = "unknown", []string{t.T("story.call.lost")}
	case c.Status >= 500 || c.Status == 429:
		m.Shown, m.Lines = "declined", []string{t.T("story.call.failed", "status", c.Status)}
	case c.Tag.Operation == "enquiry" || c.Tag.Operation == "fetch":
		m.batch = c.Tag.Operation
	}
	return m
}

func (t *teller) notice(n inbox.Notification) moment {
	raw := rawNotice(t.visit, n)
	if words := noticeWords(n); words != "" {
		raw.Title = words
	}
	m := moment{At: n.Delivery.ReceivedAt, Shown: "notice", Title: t.T("story.notice"), order: 3,
		Link: "/notifications/" + string(n.ID), Raw: []rawCall{raw}}
	m.Lines = []string{t.T(resultKey(n.Result)) + " · " + t.T(verdictKey(n.Verdict.Judgement))}
	switch n.Result {
	case inbox.ResultOpened:
		m.batch, m.Muted, m.Lines = "notice:opened", true, []string{t.T(verdictKey(n.Verdict.Judgement))} // why is said with the mark
	case inbox.ResultNothingNew, inbox.ResultDuplicate, inbox.ResultFetched:
		m.batch = "notice:" + string(n.Result) + string(n.Verdict.Judgement)
	case inbox.ResultChanged:
		m.Shown = "notice changed"
	case inbox.ResultUnanswered, inbox.ResultUnknown:
		m.Shown = "declined"
	}
	return m
}

// noticeWords are the provider's own words of a notification: topic, and what it claims.
func noticeWords(n inbox.Notification) string {
	words := n.Notice.Topic
	for _, more := range []string{n.Notice.Action, n.Notice.Status} {
		if more != "" && !strings.Contains(words, more) {
			words += " " + more
		}
	}
	return words
}

func resultKey(r inbox.Result) string {
	if r == inbox.ResultNone {
		return "notice.none"
	}
	return "notice." + string(r)
}

func verdictKey(j provider.Judgement) string {
	if j == "" {
		return "verdict.none"
	}
	return "verdict." + string(j)
}

func (t *teller) rawOf(c outbound.Call) rawCall {
	where := c.URL
	if u, err := url.Parse(c.URL); err == nil && u.Path != "" {
		where = u.RequestURI()
	}
	status := t.T("story.raw.no_answer")
	if c.Status != 0 {
		status = posta.FormatDecimal(int64(c.Status), 0)
	}
	return rawCall{ID: string(c.ID), Title: c.Method + " " + hideForm(where) + " → " + status + " · " + t.words.Duration(c.Duration),
		Parts: []rawPart{
			{t.T("story.raw.request"), c.Method + " " + hideForm(c.URL) + "\n" + headerText(c.RequestHeader)},
			{t.T("story.raw.body"), bodyText(c.RequestBody)},
			{t.T("story.raw.response"), strings.TrimSpace(status + "\n" + headerText(c.ResponseHeader))},
			{t.T("story.raw.body"), bodyText(c.ResponseBody)},
			{t.T("story.raw.error"), c.Error},
		}}
}

func rawNotice(v *visit, n inbox.Notification) rawCall {
	return rawCall{ID: string(n.ID), Link: "/notifications/" + string(n.ID), Title: v.T("story.raw.delivery"), Parts: []rawPart{
		{v.T("story.raw.query"), hideForm(n.Delivery.Query)},
		{v.T("story.raw.headers"), headerText(n.Delivery.Header)},
		{v.T("story.raw.body"), bodyText(n.Delivery.Body)},
	}}
}
