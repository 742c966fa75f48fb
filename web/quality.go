package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"posta"
	"posta/account"
	"posta/project"
	"posta/quality"
)

// qualityRoutes registers the page of the quality of an integration.
func (s *server) qualityRoutes(mux *http.ServeMux) {
	mux.Handle("GET /quality", s.member(s.qualityPage))
	mux.Handle("POST /quality/measure", s.member(s.measureQuality))
	mux.Handle("POST /quality/official", s.member(s.recordOfficial))
	mux.Handle("POST /quality/threshold", s.member(s.setThreshold))
	for _, refused := range []string{"measure", "official", "threshold"} {
		mux.Handle("GET /quality/"+refused, s.member(s.qualityPage)) // what was refused stands at these addresses
	}
}

// qualityData is what the page of quality shows.
type qualityData struct {
	Connection  account.Connection // zero: none with rules
	Connections []option
	Standing    quality.Standing
	Counts      string // whose score the gate takes: "provider", "own", ""
	Shown       *scoreCard
	History     []quality.Measurement
	Line        []linePoint
	Officials   []quality.Official
	Traffic     quality.Traffic
	Lacking     []quality.Lack // what newest payments miss
	Asked       string         // the payment that was typed
	Typed       url.Values     // of a form to mend
	Wrong       map[string]string
	Problem     problem
	Can         map[string]bool
	Position    int64
}

// scoreCard is one measurement, its findings by class.
type scoreCard struct {
	quality.Measurement
	Classes []classCard
	Met     []quality.Finding
}

// classCard sums up the findings of a class.
type classCard struct {
	Class       quality.Class
	Earned, All int // points; of a good practice, items
	Share       int // of a hundred
	Lost        []quality.Finding
}

// linePoint is a dot of a small line, in a drawing of 200 by 60.
type linePoint struct {
	X, Y  int
	Score int
	quality.Measurement
}

// Points is the score, 0 where there is none.
func (c scoreCard) Points() int {
	if c.Score == nil {
		return 0
	}
	return *c.Score
}

func cardOf(m quality.Measurement) *scoreCard {
	card := &scoreCard{Measurement: m}
	for _, class := range []quality.Class{quality.Mandatory, quality.Recommended, quality.GoodPractice} {
		c := classCard{Class: class}
		for _, f := range m.Findings {
			if f.Class != class {
				continue
			}
			worth := f.Points
			if class == quality.GoodPractice {
				worth = 1
			}
			c.All += worth
			if f.Met {
				c.Earned += worth
				card.Met = append(card.Met, f)
			} else {
				c.Lost = append(c.Lost, f)
			}
		}
		if c.All > 0 {
			c.Share = c.Earned * 100 / c.All
		}
		if c.All > 0 || len(c.Lost) > 0 {
			card.Classes = append(card.Classes, c)
		}
	}
	return card
}

// lineOf draws scores, oldest first; nothing for less than two.
func lineOf(history []quality.Measurement) []linePoint {
	var scored []quality.Measurement
	for _, m := range history {
		if m.Score != nil {
			scored = append(scored, m)
		}
	}
	if len(scored) < 2 {
		return nil
	}
	slices.Reverse(scored)
	var out []linePoint
	for i, m := range scored {
		out = append(out, linePoint{X: 4 + i*192/(len(scored)-1), Y: 56 - *m.Score*52/100, Score: *m.Score, Measurement: m})
	}
	return out
}

// measurable are the connections of the visit's mode whose provider has rules.
func (v *visit) measurable() ([]account.Connection, error) {
	all, err := v.connections()
	return slices.DeleteFunc(all, func(c account.Connection) bool { return !slices.Contains(quality.Providers, c.Provider) }), err
}

// qualityOf loads what the page shows, of the connection that the request names.
func (s *server) qualityOf(v *visit) (qualityData, error) {
	data := qualityData{Position: v.livePosition(), Asked: v.r.FormValue("payment"), Typed: v.r.PostForm,
		Can: map[string]bool{"work": v.may(project.Work), "manage": v.may(project.Manage)}}
	all, err := v.measurable()
	if err != nil || len(all) == 0 {
		return data, err
	}
	data.Connection = all[0]
	if asked := v.r.FormValue("connection"); asked != "" {
		at := slices.IndexFunc(all, func(c account.Connection) bool { return string(c.ID) == asked })
		if at < 0 {
			return data, &posta.Error{Code: posta.CodeNotFound}
		}
		data.Connection = all[at]
	}
	c := data.Connection.ID
	for _, each := range all {
		data.Connections = append(data.Connections, option{string(each.ID), each.Name, each.ID == c})
	}
	if data.Standing, err = s.Quality.Standing(v.ctx(), v.Merchant.ID, c); err != nil {
		return data, err
	}
	switch {
	case data.Standing.Official != nil:
		data.Counts = "provider"
	case data.Standing.Ours != nil:
		data.Counts = "own"
	}
	if data.History, err = s.Quality.History(v.ctx(), v.Merchant.ID, c, posta.Page{Limit: 50}); err != nil {
		return data, err
	}
	data.Line = lineOf(data.History)
	if data.Officials, err = s.Quality.Officials(v.ctx(), v.Merchant.ID, c); err != nil {
		return data, err
	}
	if data.Traffic, err = s.Quality.Live(v.ctx(), v.Merchant.ID, c); err != nil {
		return data, err
	}
	for _, lack := range data.Traffic.Lacks {
		if lack.Missing > 0 {
			data.Lacking = append(data.Lacking, lack)
		}
	}
	data.Shown = v.shownScore(data)
	return data, nil
}

// shownScore is the measurement that the address names, else the newest.
func (v *visit) shownScore(data qualityData) *scoreCard {
	asked := v.r.URL.Query().Get("measurement")
	for _, m := range data.History {
		if string(m.ID) == asked || asked == "" {
			return cardOf(m)
		}
	}
	if data.Standing.Ours != nil {
		return cardOf(*data.Standing.Ours)
	}
	return nil
}

func (s *server) qualityPage(v *visit) error {
	data, err := s.qualityOf(v)
	if err != nil {
		return err
	}
	return v.render("quality", data)
}

// qualityAddress is the page of a connection's quality.
func qualityAddress(c posta.ConnectionID, more ...string) string {
	return address("/quality", url.Values{"connection": {string(c)}}, more...)
}

// mendQuality shows the page again with what is wrong.
func (v *visit) mendQuality(data qualityData, err error) error {
	if data.Wrong = v.fieldErrors(err); data.Wrong == nil {
		if code := posta.ErrorCode(err); code == posta.CodeNotFound {
			data.Wrong = map[string]string{"payment": v.T("score.no_such_payment")}
		} else {
			data.Problem = v.problem(err)
		}
	}
	return v.renderAs(status(posta.ErrorCode(err)), "quality", data)
}

// measureQuality measures a payment, or tells in test mode what it would score.
func (s *server) measureQuality(v *visit) error {
	if err := v.actor().May(project.Work, ""); err != nil {
		return err
	}
	data, err := s.qualityOf(v)
	if err != nil {
		return err
	}
	if data.Connection.Mode == posta.Test {
		m, err := s.Quality.Preview(v.ctx(), v.Merchant.ID, data.Connection.ID, data.Asked)
		if err != nil {
			return v.mendQuality(data, err)
		}
		data.Shown = cardOf(m)
		return v.render("quality", data)
	}
	m, err := s.Quality.Measure(v.ctx(), v.Merchant.ID, data.Connection.ID, data.Asked, v.by())
	if err != nil {
		return v.mendQuality(data, err)
	}
	if m.Score != nil {
		v.flash("ok", v.T("score.measured", "score", strconv.Itoa(*m.Score)), "")
	} else {
		v.flash("warn", v.T("quality.result.not_measurable"), v.T("quality.reason."+string(m.Reason)))
	}
	return v.redirect(qualityAddress(data.Connection.ID, "measurement", string(m.ID)))
}

// recordOfficial keeps the provider's own score.
func (s *server) recordOfficial(v *visit) error {
	if err := v.actor().May(project.Work, ""); err != nil {
		return err
	}
	data, err := s.qualityOf(v)
	if err != nil {
		return err
	}
	score, wrong := strconv.Atoi(v.r.PostFormValue("score"))
	if wrong != nil {
		score = -1 // refused as out of range
	}
	_, err = s.Quality.RecordOfficial(v.ctx(), quality.OfficialInput{MerchantID: v.Merchant.ID, ConnectionID: data.Connection.ID, Score: score,
		Date: v.r.PostFormValue("date"), Payment: v.r.PostFormValue("provider_payment"), By: v.by()})
	if err != nil {
		if data.Wrong = v.fieldErrors(err); data.Wrong == nil {
			return err
		}
		data.Wrong["provider_payment"] = data.Wrong["payment"]
		delete(data.Wrong, "payment")
		return v.renderAs(http.StatusUnprocessableEntity, "quality", data)
	}
	v.flash("ok", v.T("score.official.done"), "")
	return v.redirect(qualityAddress(data.Connection.ID) + "#official")
}

// setThreshold sets what is enough for a connection.
func (s *server) setThreshold(v *visit) error {
	if err := v.actor().May(project.Manage, ""); err != nil {
		return err
	}
	data, err := s.qualityOf(v)
	if err != nil {
		return err
	}
	threshold := 0
	if typed := v.r.PostFormValue("threshold"); typed != "" {
		if threshold, err = strconv.Atoi(typed); err != nil || threshold == 0 {
			threshold = -1 // refused as out of range
		}
	}
	if err := s.Quality.SetThreshold(v.ctx(), v.Merchant.ID, data.Connection.ID, threshold); err != nil {
		return v.mendQuality(data, err)
	}
	v.flash("ok", v.T("score.threshold.done"), "")
	return v.redirect(qualityAddress(data.Connection.ID))
}
