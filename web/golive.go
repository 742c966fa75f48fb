package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/payment"
	"posta/project"
)

// goliveRoutes registers the gate of production, on a project's page and on its
// live connection's.
func (s *server) goliveRoutes(mux *http.ServeMux) {
	for _, at := range []string{"/projects/{project}/golive", "/connections/{connection}/gate"} {
		mux.Handle("GET "+at, s.member(func(v *visit) error { return s.gatePage(v, sent{}) }))
		for name, do := range map[string]gateDeed{"check": s.checkCredentials, "tls": s.checkTLS, "shop": s.setShop, "window": s.openWindow, "open": s.openGate,
			"close": s.closeGate, "waive": s.waiveItem, "unwaive": s.unwaiveItem, "pilot": s.startPilot, "pilot-end": s.endPilot} {
			s.gateDeed(mux, at, name, do)
		}
	}
}

// gateDeed does something about a gate.
type gateDeed func(v *visit, g gated) error

// gated is the gate that the address names, by connection or by project.
type gated struct {
	Base       string // of its page
	Project    posta.ProjectID
	Connection posta.ConnectionID
}

func (v *visit) gated() (gated, error) {
	if v.r.PathValue("project") != "" {
		p, err := v.project()
		return gated{Base: v.home("/golive"), Project: p.ID, Connection: p.Live}, err
	}
	id, err := posta.ParseID[posta.ConnectionID](v.r.PathValue("connection"))
	return gated{Base: "/connections/" + string(id) + "/gate", Connection: id}, err
}

// gateDeed registers a form of the page; where the service refuses, the page is
// shown again with what was typed.
func (s *server) gateDeed(mux *http.ServeMux, at, name string, do gateDeed) {
	mux.Handle("GET "+at+"/"+name, s.member(func(v *visit) error { return s.gatePage(v, sent{}) }))
	mux.Handle("POST "+at+"/"+name, s.member(func(v *visit) error {
		g, err := v.gated()
		if err == nil {
			err = v.readForm()
		}
		if err == nil && g.Connection == "" {
			err = &posta.Error{Code: posta.CodeState, Params: map[string]string{"reason": "no_live_connection"}}
		}
		if err == nil {
			err = do(v, g)
		}
		switch code := posta.ErrorCode(err); {
		case err == nil:
			return nil
		case code == posta.CodeNotFound || code == posta.CodeForbidden || status(code) >= 500:
			return err
		}
		return s.gatePage(v, v.refusedGate(err))
	}))
}

// refusedGate keeps a form that the gate did not take, with its words.
func (v *visit) refusedGate(err error) sent {
	back := v.refused(v.form(), err)
	back.Form = path.Base(v.r.URL.Path)
	if item := v.value("item"); item != "" {
		back.Form += "/" + item
	}
	var e *posta.Error
	if !errors.As(err, &e) {
		return back
	}
	if missing := e.Params["missing"]; missing != "" {
		var names []string
		for _, key := range strings.Split(missing, ",") {
			names = append(names, v.T("golive.item."+key))
		}
		back.Why = v.T("gate.missing", "items", strings.Join(names, ", "))
	}
	if state := e.Params["gate"]; state != "" {
		back.Why = v.T("gate.stands", "state", v.T("golive.state."+state))
	}
	return back
}

// gateItem is one thing that the gate asks for, in words.
type gateItem struct {
	golive.Item
	Name, Asks, Why, Look, Proof, Who string
	ForWindow                         bool // in the way of a window
}

// gateMoment is something that happened to the gate.
type gateMoment struct {
	At               time.Time
	Words, Who, More string
}

// gateData is what the page shows.
type gateData struct {
	Frame      *projectFrame // nil on the connection's page
	Sent       sent
	Base       string
	View       golive.View
	Connection account.Connection
	Client     string
	Items      []gateItem
	Missing    string // names of what is in the way of opening
	Log        []gateMoment
	Shop       string
	Look       string // of the gate's state
	Left       int64  // of the window's amount
	PaymentBar int    // of a hundred
	AmountBar  int
	HourBar    int
	Currency   posta.Currency
	Pilot      *pilotView
	Can        map[string]bool
	Position   int64
	CanWindow  bool
}

// pilotView is the pilot as the page shows it.
type pilotView struct {
	project.Pilot
	Store      string
	Names      []string
	Watch      *golive.Watch
	Stores     []option
	Terminals  []option
	Thresholds project.Thresholds
	Runs       bool
}

// gateLook is the state whose colour and shape a gate's has.
var gateLook = map[payment.GateState]string{payment.GateClosed: "expired", payment.GateWindow: "pending", payment.GatePilot: "declined", payment.GateOpen: "paid"}

// itemLook is the same for an item.
var itemLook = map[golive.Status]string{golive.Met: "paid", golive.Unmet: "rejected", golive.Waived: "declined"}

func (s *server) gatePage(v *visit, back sent) error {
	data := gateData{Sent: back, Currency: v.Country.Currency, Can: map[string]bool{"decide": v.may(project.Decide), "work": v.may(project.Work)}, Position: v.livePosition()}
	g, err := v.gated()
	if err != nil {
		return err
	}
	data.Base = g.Base
	if g.Project != "" {
		frame, err := v.frame("golive")
		if err != nil {
			return err
		}
		data.Frame = &frame
		data.View, err = s.GoLive.ProjectView(v.ctx(), v.actor(), frame.Project)
		if err != nil {
			return err
		}
	} else if data.View, err = s.GoLive.View(v.ctx(), v.actor(), g.Connection); err != nil {
		return err
	}
	if g.Connection != "" {
		if data.Connection, err = s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, g.Connection); err != nil {
			return err
		}
	}
	if data.View.Project != nil {
		data.Client = data.View.Project.Client.Name
	}
	v.gateItems(&data)
	v.gateWindow(&data)
	data.Shop = strings.Join(data.View.Gate.Shop, "\n")
	if data.Frame != nil && data.Frame.Live != "" && (data.Frame.Words.Pilot || !data.Frame.Pilot.StartedAt.IsZero()) {
		if data.Pilot, err = v.pilotView(*data.Frame); err != nil {
			return err
		}
	}
	return v.renderAs(back.answered(), "gate", data)
}

// gateItems puts the items and the log into words.
func (v *visit) gateItems(data *gateData) {
	who := v.people()
	if data.View.Project != nil {
		who = v.peopleOf(*data.View.Project)
	}
	view := data.View
	var missing []string
	for _, i := range view.Items {
		item := gateItem{Item: i, Name: v.T("golive.item." + i.Key), Asks: v.T("golive.item." + i.Key + ".asks"), Look: itemLook[i.Status],
			ForWindow: slices.Contains(view.ForWindow, i.Key)}
		if i.Reason != "" {
			item.Why = v.T("golive.reason."+i.Key+"."+i.Reason, params(i.Params))
		}
		if i.Waiver != nil {
			item.Who = who.Name(i.Waiver.By)
		}
		if i.Status == golive.Met {
			item.Proof = v.itemProof(i, who)
		}
		if i.Status == golive.Unmet {
			missing = append(missing, item.Name)
		}
		data.Items = append(data.Items, item)
	}
	data.Missing = strings.Join(missing, ", ")
	data.CanWindow = len(view.ForWindow) == 0
	for _, e := range view.Log {
		var told struct{ Reason, Item string }
		_ = json.Unmarshal(e.Data, &told) // an event that tells nothing more
		m := gateMoment{At: e.CreatedAt, Words: v.T("event." + e.Type), Who: who.Name(e.Actor), More: told.Reason}
		if told.Item != "" {
			m.Words += ": " + v.T("golive.item."+told.Item)
		}
		data.Log = append(data.Log, m)
	}
}

// itemProof says what proves an item.
func (v *visit) itemProof(i golive.Item, who *people) string {
	switch i.Key {
	case golive.ItemQuality:
		which, score, _ := strings.Cut(i.Evidence, " ")
		return v.T("gate.proof."+which, "score", score)
	case golive.ItemDate:
		if at, err := time.Parse(time.RFC3339, i.Evidence); err == nil {
			return v.words.Date(at, v.Zone)
		}
	case golive.ItemHomologation:
		return who.Name(i.Evidence)
	}
	return i.Evidence
}

// gateWindow works out how much of a window is used.
func (v *visit) gateWindow(data *gateData) {
	g := data.View.Gate
	data.Look = gateLook[g.State]
	if g.State != payment.GateWindow {
		return
	}
	w, used := g.Window, data.View.Used
	data.Left = max(0, w.Amount-used.Amount)
	data.PaymentBar = min(100, used.Payments*100/max(1, w.Payments))
	data.AmountBar = int(min(100, used.Amount*100/max(1, w.Amount)))
	data.HourBar = int(min(100, v.s.Clock.Now().Sub(w.From)*100/max(1, w.To.Sub(w.From))))
}

// pilotView loads the pilot of a project and where one can be.
func (v *visit) pilotView(f projectFrame) (*pilotView, error) {
	out := &pilotView{Pilot: f.Pilot, Thresholds: f.Words.Thresholds, Runs: f.Pilot.Running()}
	stores, err := v.s.Tills.Keeper.Stores(v.ctx(), v.Merchant.ID, posta.Live)
	if err != nil {
		return nil, err
	}
	terminals, err := v.s.Tills.Keeper.Terminals(v.ctx(), v.Merchant.ID, posta.Live)
	if err != nil {
		return nil, err
	}
	for _, st := range stores {
		if st.ID == f.Pilot.StoreID {
			out.Store = st.Name
		}
		if st.RemovedAt.IsZero() {
			out.Stores = append(out.Stores, option{string(st.ID), st.Name, false})
		}
	}
	where := places{Stores: stores}
	for _, t := range terminals {
		if slices.Contains(f.Pilot.Terminals, t.ID) {
			out.Names = append(out.Names, t.Name)
		}
		if t.RemovedAt.IsZero() && t.ConnectionID == f.Live {
			out.Terminals = append(out.Terminals, option{string(t.ID), t.Name + " · " + where.Store(t.StoreID), false})
		}
	}
	watch, err := v.s.GoLive.PilotWatch(v.ctx(), v.actor(), f.Project)
	switch posta.ErrorCode(err) {
	case "":
		out.Watch = &watch
	case posta.CodeNotFound:
	default:
		return nil, err
	}
	return out, nil
}
