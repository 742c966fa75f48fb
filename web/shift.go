package web

import (
	"net/http"

	"posta"
	"posta/till"
)

// shiftRoutes registers the pages of the till's shifts.
func (s *server) shiftRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till/{till}/shift", s.member(s.shiftPage))
	mux.Handle("POST /till/{till}/shift/open", s.member(s.openShift))
	mux.Handle("POST /till/{till}/shift/close", s.member(s.closeShift))
	mux.Handle("GET /till/{till}/shift/open", s.member(s.shiftPage)) // what was refused stands at these addresses, and is refreshed there
	mux.Handle("GET /till/{till}/shift/close", s.member(s.shiftPage))
	mux.Handle("GET /till/{till}/shift/{shift}", s.member(s.shiftReport))
}

// shiftData is the till's shift as it stands, and the ones before.
type shiftData struct {
	counter
	Open   *till.Shift // nil if none is open
	Report till.Report // so far
	Nonce  string
	Past   []till.Shift
	Wrong  problem
}

func (s *server) shiftPage(v *visit) error { return s.showShift(v, nil) }

func (s *server) showShift(v *visit, wrong error) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	data := shiftData{counter: c, Nonce: s.newNonce()}
	code := http.StatusOK
	if wrong != nil {
		data.Wrong = v.problem(wrong)
		code = status(data.Wrong.Code)
	}
	shifts, err := s.Tills.Shifts(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID, 20)
	if err != nil {
		return err
	}
	for i, sh := range shifts {
		if sh.ClosedAt.IsZero() && data.Open == nil {
			data.Open = &shifts[i]
		} else {
			data.Past = append(data.Past, sh)
		}
	}
	if data.Open != nil {
		data.Report, err = s.Tills.Report(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID, data.Open.OpenedAt, s.Clock.Now())
		if err != nil {
			return err
		}
	}
	return v.renderAs(code, "shift", data)
}

func (s *server) openShift(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	id, err := idFromNonce[posta.ShiftID](v)
	if err != nil {
		return s.showShift(v, err)
	}
	_, err = s.Tills.OpenShift(v.ctx(), till.ShiftInput{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode, TillID: c.Till.ID, By: v.User.Name})
	if err != nil && posta.ErrorCode(err) != posta.CodeShiftOpen { // it is open already, which the page shows
		return s.showShift(v, err)
	}
	v.flash("ok", v.T("till.shift.is_open"), "")
	return v.redirect(c.URL())
}

// shiftAt finds a shift of the till. Errors: not_found.
func (s *server) shiftAt(v *visit, c counter, text string) (till.Shift, error) {
	id, err := posta.ParseID[posta.ShiftID](text)
	if err != nil {
		return till.Shift{}, err
	}
	sh, err := s.Tills.Shift(v.ctx(), v.Merchant.ID, v.Mode, id)
	if err == nil && sh.TillID != c.Till.ID {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return sh, err
}

func (s *server) closeShift(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	sh, err := s.shiftAt(v, c, v.r.PostFormValue("shift"))
	if err != nil {
		return err
	}
	if _, err = s.Tills.CloseShift(v.ctx(), v.Merchant.ID, v.Mode, sh.ID, v.User.Name); err != nil {
		return s.showShift(v, err)
	}
	return v.redirect(c.URL() + "/shift/" + string(sh.ID) + "?print=1")
}

// reportData is a shift's report, made to be printed.
type reportData struct {
	counter
	Shift  till.Shift
	Report till.Report
	Paper  string
	// PrintNow has the page print itself: the shift was closed a moment ago.
	PrintNow bool
}

func (s *server) shiftReport(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	sh, err := s.shiftAt(v, c, v.r.PathValue("shift"))
	if err != nil {
		return err
	}
	data := reportData{counter: c, Shift: sh, Report: sh.Report, Paper: v.paper(), PrintNow: v.r.URL.Query().Has("print")}
	if sh.ClosedAt.IsZero() {
		data.Report, err = s.Tills.Report(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID, sh.OpenedAt, s.Clock.Now())
		if err != nil {
			return err
		}
	}
	return v.render("report", data)
}
