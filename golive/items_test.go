package golive_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/inbox"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

const (
	online = "mercadopago_online"
	ecr    = "prisma_ecr"
)

// twin is a planted fault: what is not met because of it, and why.
type twin struct {
	template string // "" is online
	less     func(h *hall) less
	plant    func(h *hall)
	want     map[string]string // item → reason
}

func noticed(change func(*inbox.Notification)) func(h *hall) less {
	return func(h *hall) less {
		l := whole()
		l.notices = []inbox.Notification{h.notice(change)}
		return l
	}
}

func dropped(h *hall, address string) func(*golive.Gate) {
	return func(g *golive.Gate) {
		g.TLS = slices.DeleteFunc(g.TLS, func(r golive.TLSReport) bool { return r.Address == address })
	}
}

func report(g *golive.Gate, address string) *golive.TLSReport {
	return &g.TLS[slices.IndexFunc(g.TLS, func(r golive.TLSReport) bool { return r.Address == address })]
}

func longAgo(n *inbox.Notification) {
	n.Delivery.ReceivedAt = storetest.Now.Add(-8 * 24 * time.Hour)
	n.ID = posta.NewID[posta.NotificationID](n.Delivery.ReceivedAt)
}

func homologation(reason string) func(*hall) {
	return func(h *hall) { h.homologated = project.Standing{Reason: reason} }
}

func scores(ours, theirs int) func(*hall) less {
	return func(*hall) less {
		l := whole()
		l.ours, l.theirs = ours, theirs
		return l
	}
}

// twins are the planted faults of each item: one that has none does not count.
var twins = map[string]twin{
	"credentials never checked": {plant: func(h *hall) { h.connect(func(c *account.Connection) { c.CheckedAt = time.Time{} }) },
		want: map[string]string{"credentials": "unchecked"}},
	"credentials checked two days ago": {plant: func(h *hall) {
		h.connect(func(c *account.Connection) { c.CheckedAt = h.clock.Now().Add(-48 * time.Hour) })
	}, want: map[string]string{"credentials": "check_old"}},
	"credentials of another application": {plant: func(h *hall) {
		h.test.Account, h.test.Application = "446", "78"
		h.must(h.db.UpdateConnection(h.t.Context(), h.test))
	}, want: map[string]string{"credentials": "other_application"}},
	"credentials of another owner": {template: ecr, plant: func(h *hall) {
		h.edit(func(p *project.Project) { p.ECR.Owner, p.ECR.TaxID = project.ClientSide, "30000000007" })
	}, want: map[string]string{"credentials": "other_owner", "pilot": "not_started"}},
	"no live connection": {plant: func(h *hall) { h.edit(func(p *project.Project) { p.Live = "" }) },
		want: map[string]string{"credentials": "no_connection", "tls": "no_shop_page", "quality": "no_connection"}},

	"no page of the shop": {plant: func(h *hall) { h.gate(func(g *golive.Gate) { g.Shop = nil }) }, want: map[string]string{"tls": "no_shop_page"}},
	"a page that was not checked": {plant: func(h *hall) { h.gate(dropped(h, "https://shop.example/pay")) },
		want: map[string]string{"tls": "unchecked"}},
	"our address not checked": {plant: func(h *hall) { h.gate(dropped(h, publicURL)) }, want: map[string]string{"tls": "unchecked"}},
	"the webhook address not checked": {plant: func(h *hall) { h.gate(dropped(h, h.NotifyURL(h.world.Connection.ID))) },
		want: map[string]string{"tls": "unchecked"}},
	"a check of eight days ago": {plant: func(h *hall) {
		h.gate(func(g *golive.Gate) { report(g, publicURL).At = h.clock.Now().Add(-8 * 24 * time.Hour) })
	}, want: map[string]string{"tls": "check_old"}},
	"an expired certificate": {plant: func(h *hall) {
		h.gate(func(g *golive.Gate) {
			r := report(g, "https://shop.example/pay")
			r.Verdict, r.Findings = golive.TLSFail, []golive.TLSFinding{{Code: golive.TLSValidity, Verdict: golive.TLSFail}}
		})
	}, want: map[string]string{"tls": "failed"}},

	"no notice": {less: func(*hall) less { l := whole(); l.notices = []inbox.Notification{{}}; return l },
		want: map[string]string{"notices": "none"}},
	"a notice of another connection": {less: noticed(func(n *inbox.Notification) { n.ConnectionID = "con_other" }),
		want: map[string]string{"notices": "none"}},
	"a notice signed badly": {less: noticed(func(n *inbox.Notification) {
		n.Verdict.Judgement, n.State, n.Payment = provider.BadSignature, inbox.Ignored, ""
	}), want: map[string]string{"notices": "signature"}},
	"an unsigned notice of nothing": {less: noticed(func(n *inbox.Notification) { n.Verdict.Judgement, n.Payment = provider.Unverifiable, "" }),
		want: map[string]string{"notices": "signature"}},
	"a verified notice without an answer of the provider": {less: noticed(func(n *inbox.Notification) { n.State = inbox.Waiting }),
		want: map[string]string{"notices": "unread"}},
	"a notice of long ago, our address not checked": {less: noticed(longAgo), plant: func(h *hall) { h.gate(dropped(h, h.NotifyURL(h.world.Connection.ID))) },
		want: map[string]string{"notices": "reach_unchecked", "tls": "unchecked"}},
	"a notice of long ago and no live connection": {less: noticed(longAgo), plant: func(h *hall) { h.edit(func(p *project.Project) { p.Live = "" }) },
		want: map[string]string{"notices": "no_connection", "credentials": "no_connection", "tls": "no_shop_page", "quality": "no_connection"}},
	"a notice of long ago, our address not reached": {less: noticed(longAgo), plant: func(h *hall) {
		h.gate(func(g *golive.Gate) {
			r := report(g, h.NotifyURL(g.ConnectionID))
			r.Verdict, r.Findings = golive.TLSFail, []golive.TLSFinding{{Code: golive.TLSConnect, Verdict: golive.TLSFail}}
		})
	}, want: map[string]string{"notices": "unreachable", "tls": "failed"}},

	"homologation without a word":        {plant: homologation("not_confirmed"), want: map[string]string{"homologation": "not_confirmed"}},
	"homologation submitted":             {plant: homologation("submitted"), want: map[string]string{"homologation": "submitted"}},
	"homologation returned":              {plant: homologation("returned"), want: map[string]string{"homologation": "returned"}},
	"homologation with cases missing":    {plant: homologation("cases_missing"), want: map[string]string{"homologation": "cases_missing"}},
	"homologation without cases":         {plant: homologation("no_cases"), want: map[string]string{"homologation": "no_cases"}},
	"homologation of an original undone": {plant: homologation("original_not_passed"), want: map[string]string{"homologation": "original_not_passed"}},

	"no refund":     {less: func(*hall) less { l := whole(); l.refund = ""; return l }, want: map[string]string{"refund": "none"}},
	"failed refund": {less: func(*hall) less { l := whole(); l.refund = payment.RefundFailed; return l }, want: map[string]string{"refund": "none"}},

	"not measured":           {less: scores(0, 0), want: map[string]string{"quality": "not_measured"}},
	"ours too low":           {less: scores(72, 0), want: map[string]string{"quality": "low_own"}},
	"the provider's too low": {less: scores(99, 72), want: map[string]string{"quality": "low_provider"}},

	"no date":             {plant: func(h *hall) { h.edit(func(p *project.Project) { p.Date = project.Date{} }) }, want: map[string]string{"date": "none"}},
	"client said nothing": {plant: func(h *hall) { h.edit(func(p *project.Project) { p.Date.ClientSaid = time.Time{} }) }, want: map[string]string{"date": "client"}},
	"team said nothing":   {plant: func(h *hall) { h.edit(func(p *project.Project) { p.Date.TeamSaid = time.Time{} }) }, want: map[string]string{"date": "team"}},

	"no pilot": {template: ecr, plant: func(*hall) {}, want: map[string]string{"pilot": "not_started"}},
	"pilot under way": {template: ecr, plant: func(h *hall) { h.edit(func(p *project.Project) { p.Pilot.StartedAt = h.clock.Now() }) },
		want: map[string]string{"pilot": "running"}},
	"pilot stopped": {template: ecr, plant: func(h *hall) {
		h.edit(func(p *project.Project) {
			p.Pilot.StartedAt, p.Pilot.EndedAt, p.Pilot.Outcome = h.clock.Now(), h.clock.Now(), project.PilotStopped
		})
	}, want: map[string]string{"pilot": "stopped"}},
}

// Each planted fault makes exactly the items red that it must, saying why;
// without any, all are met.
func TestEveryGateItemHasAFaultThatTurnsItRed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		red := map[string]bool{}
		for name, c := range twins {
			template := c.template
			if template == "" {
				template = online
			}
			h := newHall(t, db, template, less{notices: []inbox.Notification{{}}})
			l := whole()
			if c.less != nil {
				l = c.less(h)
			}
			h.evidence(l)
			if c.plant != nil {
				c.plant(h)
			}
			got := map[string]string{}
			for key, i := range h.items() {
				if i.Status == golive.Unmet {
					got[key] = i.Reason
				} else if i.Reason != "" || i.Evidence == "" {
					t.Errorf("%s: %+v is met without evidence", name, i)
				}
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("%s: not met %v, want %v", name, got, c.want)
			}
			for key, reason := range c.want {
				red[key+"."+reason] = true
			}
		}
		red["project.none"] = true // TestAConnectionWithoutAProject
		for _, key := range golive.ItemKeys {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(red)), func(r string) bool { return strings.HasPrefix(r, key+".") }) {
				t.Errorf("%s has no fault planted", key)
			}
		}
		for _, language := range []string{"es", "pt", "en"} {
			var words map[string]string
			raw, err := os.ReadFile("../text/golive." + language + ".json")
			if err == nil {
				err = json.Unmarshal(raw, &words)
			}
			if err != nil {
				t.Fatal(err)
			}
			for key := range words {
				if reason, is := strings.CutPrefix(key, "golive.reason."); is && !red[reason] {
					t.Errorf("%s: %s is said of no planted fault", language, reason)
				}
			}
			for reason := range red {
				if words["golive.reason."+reason] == "" {
					t.Errorf("%s: %s has no words", language, reason)
				}
			}
		}
	})
}

func TestEveryGateItemIsMetWithItsEvidence(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, c := range map[string]struct {
			template string
			less     less
			plant    func(h *hall)
			item     string
			evidence string // begins so
		}{
			"own score":            {online, whole(), nil, "quality", "own 81"},
			"the provider's score": {online, scores(60, 88)(nil), nil, "quality", "provider 88"},
			"unsigned notice that was found true": {online, less{notices: []inbox.Notification{{}}, refund: payment.RefundSucceeded, ours: 81}, func(h *hall) {
				h.evidence(less{notices: []inbox.Notification{h.notice(func(n *inbox.Notification) { n.Verdict.Judgement = provider.Unverifiable })}})
			}, "notices", "ntf_"},
			"pilot widened": {ecr, whole(), func(h *hall) {
				h.edit(func(p *project.Project) {
					p.Pilot = project.Pilot{StoreID: "sto_1", StartedAt: h.clock.Now(), EndedAt: h.clock.Now(), Outcome: project.PilotWidened}
				})
			}, "pilot", "sto_1"},
			"another application of another account": {online, whole(), func(h *hall) {
				h.test.Account, h.test.Application = "447", "78"
				h.must(h.db.UpdateConnection(h.t.Context(), h.test))
			}, "credentials", "446 77"},
		} {
			h := newHall(t, db, c.template, c.less)
			if c.plant != nil {
				c.plant(h)
			}
			if i := h.items()[c.item]; i.Status != golive.Met || !strings.HasPrefix(i.Evidence, c.evidence) {
				t.Errorf("%s: %+v", name, i)
			}
		}
		// What does not apply is absent, not waived.
		h := newHall(t, db, ecr, whole())
		if items := h.items(); items["notices"].Key != "" || items["quality"].Key != "" || items["pilot"].Key == "" {
			t.Errorf("Prisma's gate asks for %v", items)
		}
	})
}

// A connection that no project takes to production cannot be opened, and says so.
func TestAConnectionWithoutAProject(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHall(t, db, online, whole())
		h.edit(func(p *project.Project) { p.Live = "" })
		v, err := h.View(t.Context(), h.actor, h.world.Connection.ID)
		if err != nil || v.Project != nil || len(v.Items) != 1 || v.Items[0].Key != golive.ItemProject || v.Items[0].Reason != "none" {
			t.Fatalf("%+v, error %v", v, err)
		}
		_, err = h.Open(t.Context(), h.actor, h.world.Connection.ID)
		if posta.ErrorCode(err) != posta.CodeState || param(err, "missing") != golive.ItemProject {
			t.Errorf("opened: %v", err)
		}
		if _, err := h.Waive(t.Context(), h.actor, h.world.Connection.ID, golive.ItemProject, "no hace falta proyecto"); posta.ErrorCode(err) != posta.CodeInvalid {
			t.Errorf("waived: %v", err)
		}
	})
}

// P41, P40: another merchant's connection and one in test mode have no gate here.
func TestAGateIsItsMerchantsAndLive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, other := newHall(t, db, online, whole()), newHall(t, db, online, whole())
		for name, c := range map[string]posta.ConnectionID{"another merchant's": other.world.Connection.ID, "in test mode": h.test.ID, "none": "con_none"} {
			_, view := h.View(t.Context(), h.actor, c)
			_, open := h.Open(t.Context(), h.actor, c)
			_, allowed := h.Allowed(t.Context(), h.world.Merchant.ID, c)
			_, check := h.CheckTLS(t.Context(), h.actor, c)
			_, waive := h.Waive(t.Context(), h.actor, c, "quality", "porque lo decimos nosotros")
			for _, err := range []error{view, open, allowed, check, waive} {
				if posta.ErrorCode(err) != posta.CodeNotFound {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}
