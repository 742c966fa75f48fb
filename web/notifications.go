package web

import (
	"net/http"
	"net/url"
	"strings"

	"posta"
	"posta/inbox"
	"posta/provider"
)

// notificationRoutes registers the pages of the notifications that providers sent.
func (s *server) notificationRoutes(mux *http.ServeMux) {
	mux.Handle("GET /notifications", s.member(s.notificationsPage))
	mux.Handle("GET /notifications/{notification}", s.member(s.notificationPage))
	mux.Handle("POST /notifications/{notification}/replay", s.member(s.replay))
	mux.Handle("GET /notifications/replay", s.member(s.replayPage))
	mux.Handle("POST /notifications/replay", s.member(s.replayRange))
}

// noticeQuery is the list's filter as its address holds it.
type noticeQuery struct{ State, Verdict, Topic, Connection, From, To, After string }

func readNoticeQuery(values url.Values) noticeQuery {
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	return noticeQuery{get("state"), get("verdict"), get("topic"), get("connection"), get("from"), get("to"), get("after")}
}

// Values is the query as an address holds it, without the place in the list.
func (q noticeQuery) Values() url.Values {
	values := url.Values{}
	for name, value := range q.Map() {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// Map names the query's fields, for forms.
func (q noticeQuery) Map() map[string]string {
	return map[string]string{"state": q.State, "verdict": q.Verdict, "topic": q.Topic, "connection": q.Connection, "from": q.From, "to": q.To}
}

// Chosen reports whether anything but the place in the list is asked for.
func (q noticeQuery) Chosen() bool { return len(q.Values()) > 0 }

func (v *visit) noticeFilter(q noticeQuery) inbox.Filter {
	f := inbox.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, ConnectionID: posta.ConnectionID(q.Connection), State: inbox.State(q.State),
		Judgement: provider.Judgement(q.Verdict), Topic: q.Topic, Page: posta.Page{Limit: 50}}
	f.From, f.To = v.span(q.From, q.To)
	if id, err := posta.ParseID[posta.NotificationID](q.After); err == nil {
		f.After = string(id)
	}
	return f
}

var (
	noticeStates   = []inbox.State{inbox.Received, inbox.Waiting, inbox.Handled, inbox.Ignored}
	noticeVerdicts = []provider.Judgement{provider.Verified, provider.Unverifiable, provider.BadSignature, provider.Stale, provider.Unreadable}
)

// noticeLook is the state whose colour and shape a notification's state has.
var noticeLook = map[inbox.State]string{inbox.Received: "pending", inbox.Waiting: "declined", inbox.Handled: "paid", inbox.Ignored: "canceled"}

// verdictLook does the same for what a signature is worth.
var verdictLook = map[provider.Judgement]string{provider.Verified: "paid", provider.Unverifiable: "canceled", provider.BadSignature: "rejected",
	provider.Stale: "declined", provider.Unreadable: "rejected", "": "pending"}

// noticeRow is one notification as pages show it.
type noticeRow struct {
	inbox.Notification
	Shown, VerdictShown, VerdictKey, ResultKey, Words, Connection string
	Weightless                                                    bool // of an open order: never a payment
}

func noticeRowOf(n inbox.Notification, names map[posta.ConnectionID]string) noticeRow {
	return noticeRow{Notification: n, Shown: noticeLook[n.State], VerdictShown: verdictLook[n.Verdict.Judgement], VerdictKey: verdictKey(n.Verdict.Judgement),
		ResultKey: resultKey(n.Result), Words: noticeWords(n), Connection: names[n.ConnectionID], Weightless: n.Result == inbox.ResultOpened}
}

// connectionNames names the merchant's connections, of both modes.
func (v *visit) connectionNames() (map[posta.ConnectionID]string, error) {
	all, err := v.s.Accounts.Store.Connections(v.ctx(), v.Merchant.ID)
	names := map[posta.ConnectionID]string{}
	for _, c := range all {
		names[c.ID] = c.Name
	}
	return names, err
}

// noticeList is what the list of notifications shows.
type noticeList struct {
	Query                                 noticeQuery
	Rows                                  []noticeRow
	States, Verdicts, Topics, Connections []option
	Next, First, Replay                   string
}

func (s *server) notificationsPage(v *visit) error {
	q := readNoticeQuery(v.r.URL.Query())
	data := noticeList{Query: q, Replay: address("/notifications/replay", q.Values())}
	filter := v.noticeFilter(q)
	list, err := s.Inbox.List(v.ctx(), filter)
	if err != nil {
		return err
	}
	names, err := v.connectionNames()
	if err != nil {
		return err
	}
	for _, n := range list {
		data.Rows = append(data.Rows, noticeRowOf(n, names))
	}
	if len(list) == filter.Size() {
		data.Next = address("/notifications", q.Values(), "after", string(list[len(list)-1].ID))
	}
	if q.After != "" {
		data.First = address("/notifications", q.Values())
	}
	for _, state := range noticeStates {
		data.States = append(data.States, option{string(state), v.T("notice.state." + string(state)), q.State == string(state)})
	}
	for _, verdict := range noticeVerdicts {
		data.Verdicts = append(data.Verdicts, option{string(verdict), v.T(verdictKey(verdict)), q.Verdict == string(verdict)})
	}
	connections, err := v.connections()
	if err != nil {
		return err
	}
	topics := map[string]bool{}
	for _, c := range connections {
		data.Connections = append(data.Connections, option{string(c.ID), c.Name, q.Connection == string(c.ID)})
		if d, err := s.Accounts.Provider(c.Provider); err == nil && d.Topics != nil {
			for _, topic := range d.Topics(c.Config) {
				if !topics[topic] {
					topics[topic] = true
					data.Topics = append(data.Topics, option{topic, topic, q.Topic == topic})
				}
			}
		}
	}
	return v.render("notifications", data)
}

// noticeData is what the page of one notification shows.
type noticeData struct {
	noticeRow
	Raw     rawCall
	Pending bool // it is not worked off yet
}

func (v *visit) notification() (inbox.Notification, error) {
	id, err := posta.ParseID[posta.NotificationID](v.r.PathValue("notification"))
	if err != nil {
		return inbox.Notification{}, err
	}
	n, err := v.s.Inbox.Get(v.ctx(), v.Merchant.ID, id)
	if err == nil && n.Mode != v.Mode {
		return inbox.Notification{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return n, err
}

func (s *server) notificationPage(v *visit) error {
	n, err := v.notification()
	if err != nil {
		return err
	}
	names, err := v.connectionNames()
	if err != nil {
		return err
	}
	return v.render("notification", noticeData{noticeRow: noticeRowOf(n, names), Raw: rawNotice(v, n),
		Pending: n.State == inbox.Received || n.State == inbox.Waiting})
}

func (s *server) replay(v *visit) error {
	n, err := v.notification()
	if err != nil {
		return err
	}
	if err := s.Inbox.Replay(v.ctx(), v.Merchant.ID, n.ID); err != nil {
		return err
	}
	v.flash("ok", v.T("replay.done"), v.T("replay.done.text"))
	return v.redirect("/notifications/" + string(n.ID))
}

// replayForm asks which notifications to handle again, and then whether.
type replayForm struct {
	Query noticeQuery
	Wrong map[string]string
	Count int  // how many match
	More  bool // more than were counted
	Sure  bool
}

// countedNotices is how many of a range are counted before it says "more than".
const countedNotices = 1000

func (s *server) replayPage(v *visit) error {
	q := readNoticeQuery(v.r.URL.Query())
	today := v.today().Format("2006-01-02")
	if q.From == "" {
		q.From = today
	}
	if q.To == "" {
		q.To = today
	}
	return v.render("replay", replayForm{Query: q})
}

func (s *server) replayRange(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return &posta.Error{Code: posta.CodeInvalid, Cause: err}
	}
	form := replayForm{Query: readNoticeQuery(v.r.PostForm)}
	filter := v.noticeFilter(form.Query)
	var p posta.Problems
	p.Add(filter.From.IsZero(), "from", "required")
	p.Add(filter.To.IsZero(), "to", "required")
	p.Add(!filter.From.IsZero() && !filter.To.IsZero() && !filter.To.After(filter.From), "to", "before_from")
	if err := p.Err(); err != nil {
		form.Wrong = v.fieldErrors(err)
		return v.renderAs(http.StatusUnprocessableEntity, "replay", form)
	}
	if v.r.PostFormValue("sure") == "" {
		var err error
		if form.Count, form.More, err = s.countNotices(v, filter); err != nil {
			return err
		}
		form.Sure = true
		return v.render("replay", form)
	}
	count, err := s.Inbox.ReplayRange(v.ctx(), filter)
	if err != nil {
		return err
	}
	v.flash("ok", v.T("replay.range.done", count), v.T("replay.done.text"))
	return v.redirect(address("/notifications", form.Query.Values()))
}

// countNotices counts what a filter matches, up to countedNotices.
func (s *server) countNotices(v *visit, f inbox.Filter) (count int, more bool, err error) {
	f.Page = posta.Page{Limit: 100}
	for count < countedNotices {
		list, err := s.Inbox.List(v.ctx(), f)
		if err != nil {
			return 0, false, err
		}
		count += len(list)
		if len(list) < f.Size() {
			return count, false, nil
		}
		f.After = string(list[len(list)-1].ID)
	}
	return count, true, nil
}
