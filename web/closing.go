package web

import (
	"net/http"
	"slices"
	"strings"

	"posta"
	"posta/provider"
	"posta/settlement"
	"posta/till"
)

// closingRoutes registers the batch close at the till and of a whole store.
func (s *server) closingRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till/{till}/close", s.member(s.closingPage))
	mux.Handle("POST /till/{till}/close", s.member(s.closeBatch))
	mux.Handle("POST /stores/{store}/close", s.member(s.closeStore))
}

// openBatch is a terminal's open batch as the counter shows it.
type openBatch struct {
	settlement.Batch
	Name  string
	Lines []totalsLine
	Net   int64
	On    *at            // where its close waits, nil if none is under way
	Last  *settlementRow // the latest close, nil if there was none
	Nonce string
}

// closingData is the page on which a till's terminals close their batches.
type closingData struct {
	counter
	Batches  []openBatch
	Position int64
	Wrong    problem
	Busy     string
}

func (s *server) closing(v *visit) (closingData, error) {
	c, err := v.counter()
	data := closingData{counter: c, Position: v.livePosition()}
	if err != nil {
		return data, err
	}
	where := places{Stores: []till.Store{c.Store}, Terminals: c.Terminals}
	serving := c.serving()
	slices.SortStableFunc(serving, func(a, b till.Terminal) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range serving {
		if can, _ := v.can(t.ConnectionID, provider.RailTerminal); !can.Terminal.Settlement {
			continue
		}
		current, err := s.Settlements.Current(v.ctx(), v.Merchant.ID, v.Mode, t.ID)
		if err != nil {
			return data, err
		}
		one := openBatch{Batch: current, Name: t.Name, Lines: v.beside(current.Ours, nil), Net: current.Ours.Net(), Nonce: s.newNonce()}
		latest, err := s.Settlements.List(v.ctx(), settlement.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, TerminalID: t.ID, Page: posta.Page{Limit: 1}})
		if err != nil {
			return data, err
		}
		if len(latest) > 0 {
			row := v.settlementRow(latest[0], where)
			one.Last = &row
		}
		if open := current.Open; open != nil && open.State != settlement.Unknown {
			one.On = &at{Names: t.Name, Step: open.Progress, Menu: c.Store.Name, Device: t.Code, Confirm: true}
			if one.On.Step == "" {
				one.On.Step = provider.ProgressOffered
			}
		}
		data.Batches = append(data.Batches, one)
	}
	return data, nil
}

func (s *server) closingPage(v *visit) error {
	data, err := s.closing(v)
	if err != nil {
		return err
	}
	return v.render("closing", data)
}

// closeBatch asks a terminal of the till to close its batch. The form sent
// twice asks once.
func (s *server) closeBatch(v *visit) error {
	data, err := s.closing(v)
	if err != nil {
		return err
	}
	id, err := idFromNonce[posta.SettlementID](v)
	if err == nil {
		_, err = s.Settlements.Create(v.ctx(), settlement.Input{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode,
			TerminalID: posta.TerminalID(v.r.PostFormValue("terminal")), By: v.by()})
	}
	if err == nil {
		return v.redirect(data.URL() + "/close")
	}
	if data.Busy = v.busyTerminal(data.counter, err); data.Busy == "" {
		data.Wrong = v.problem(err)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "closing", data)
}

// closeStore asks every terminal of a store to close its batch.
func (s *server) closeStore(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	outcomes, err := s.Settlements.CreateAll(v.ctx(), settlement.AllInput{Key: v.r.PostFormValue("nonce"), MerchantID: v.Merchant.ID, Mode: v.Mode, StoreID: st.ID, By: v.by()})
	if err != nil {
		return err
	}
	asked, words := 0, ""
	for _, o := range outcomes {
		if o.Err == nil {
			asked++
			continue
		}
		why := v.busyTerminal(counter{}, o.Err)
		if why == "" {
			why = v.T("error." + string(posta.ErrorCode(o.Err)) + ".title")
		}
		words += o.Terminal.Name + ": " + why + " "
	}
	kind := "info"
	if words != "" {
		kind = "warn"
	}
	v.flash(kind, v.T("settlement.asked", asked), words)
	return v.redirect("/settlements?store=" + string(st.ID))
}
