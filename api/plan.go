package api

import (
	"context"
	"net/http"

	"posta"
	"posta/provider"
	"posta/subscription"
)

// NewPlan asks for a plan.
type NewPlan struct {
	Connection   string                 `json:"connection_id" doc:"the account that charges" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Name         string                 `json:"name" maxLength:"150" doc:"shown to the buyer"`
	Amount       int64                  `json:"amount" doc:"of a period, in minor units of the account's currency" example:"150000"`
	Period       provider.Period        `json:"period" doc:"a year is 12 months"`
	Trial        *provider.Period       `json:"trial,omitempty" doc:"nothing is charged before its end"`
	Repetitions  int                    `json:"repetitions,omitempty" minimum:"0" maximum:"999" doc:"periods that are charged; endless if left out"`
	BillingDay   int                    `json:"billing_day,omitempty" minimum:"0" maximum:"28" doc:"with a period in months; the day of signing up if left out"`
	Proportional bool                   `json:"proportional,omitempty" doc:"charge the days until the first billing day in proportion; otherwise the first period begins on it"`
	Engine       subscription.Engine    `json:"engine" enum:"provider,hub" doc:"provider: cards and account money, charged and retried by the provider; hub: vouchers that Posta makes"`
	Methods      []string               `json:"methods,omitempty" maxItems:"20" doc:"engine hub: vouchers that the buyer chooses from" example:"[\"rapipago\"]"`
	Attempts     *subscription.Attempts `json:"attempts,omitempty" doc:"engine hub: vouchers of a period (3) and days that each can be paid (7). Engine provider: 3 or 4 by its source, only shown"`
	Dunning      *subscription.Dunning  `json:"dunning,omitempty" doc:"three days before, on the day, five days after; nothing follows, if left out"`
	ReturnURL    string                 `json:"return_url,omitempty" doc:"https: where a buyer who signed up is led"`
}

// PlanChange changes what it names; what is left out stays.
type PlanChange struct {
	Name      *string                 `json:"name,omitempty" maxLength:"150"`
	Amount    *int64                  `json:"amount,omitempty" doc:"reaches those who pay the plan's amount, from their next period on"`
	Methods   *[]string               `json:"methods,omitempty" maxItems:"20"`
	Attempts  *subscription.Attempts  `json:"attempts,omitempty"`
	Dunning   *subscription.Dunning   `json:"dunning,omitempty"`
	ReturnURL *string                 `json:"return_url,omitempty"`
	State     *subscription.PlanState `json:"state,omitempty" enum:"active,archived" doc:"archived: nobody can sign up any more; subscriptions go on"`
}

// PlanShown is a plan with the address of its public page.
type PlanShown struct {
	subscription.PlanView
	SignUpURL string `json:"sign_up_url" doc:"where buyers sign up"`
}

// PlanList is a page of plans.
type PlanList struct {
	Data []PlanShown `json:"data"`
	Next string      `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// PlanPath names a plan.
type PlanPath struct {
	ID string `path:"id" doc:"pln_…" example:"pln_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type planAnswer struct {
	Location string `header:"Location"`
	Body     PlanShown
}

var examplePlan = PlanShown{PlanView: subscription.PlanView{ID: posta.IDFrom[posta.PlanID](exampleULID), Mode: posta.Test, Connection: exampleConnection.ID,
	Name: "Club del vino", Amount: 150000, Currency: "ARS", Period: provider.Period{Every: 1, Unit: "months"}, Engine: subscription.EngineHub,
	Methods: []string{"rapipago"}, Attempts: subscription.Attempts{Most: 3, Days: 7},
	Dunning: subscription.Dunning{Days: []int{-3, 0, 5}, Final: subscription.FinalKeep}, State: subscription.PlanActive, CreatedBy: "key:key_" + exampleULID,
	CreatedAt: exampleAt, UpdatedAt: exampleAt}, SignUpURL: "https://posta.example/subscribe/6n4s7c2m5q3v6b4k7x2r5w3p6t"}

func (a *server) plans() {
	const tag = "Plans"
	add(a, http.MethodPost, "/v1/plans", about{id: "create_plan", tag: tag, summary: "Make a plan", status: http.StatusCreated,
		text:  "Period, trial, repetitions and engine never change: a new plan does that.",
		codes: []posta.Code{posta.CodeModeMismatch, posta.CodeProviderRejected},
		request: NewPlan{Connection: string(exampleConnection.ID), Name: "Club del vino", Amount: 150000, Period: provider.Period{Every: 1, Unit: "months"},
			Engine: subscription.EngineHub, Methods: []string{"rapipago"}}, answer: examplePlan}, a.createPlan)
	add(a, http.MethodGet, "/v1/plans", about{id: "list_plans", tag: tag, summary: "List plans", answer: PlanList{Data: []PlanShown{examplePlan}}}, a.listPlans)
	add(a, http.MethodGet, "/v1/plans/{id}", about{id: "get_plan", tag: tag, summary: "Get a plan", answer: examplePlan},
		func(ctx context.Context, in *PlanPath) (*planAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.PlanID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := a.Subscriptions.Plan(ctx, key.MerchantID, key.Mode, id)
			return a.planShown(p, "", err)
		})
	add(a, http.MethodPatch, "/v1/plans/{id}", about{id: "update_plan", tag: tag, summary: "Change or archive a plan",
		codes: []posta.Code{posta.CodeProviderRejected}, request: PlanChange{Amount: new(int64(180000))}, answer: examplePlan},
		func(ctx context.Context, in *struct {
			PlanPath
			Body PlanChange
		}) (*planAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.PlanID](in.ID)
			if err != nil {
				return nil, err
			}
			b := in.Body
			change := subscription.PlanChange{Name: b.Name, Amount: b.Amount, Methods: b.Methods, Attempts: b.Attempts, Dunning: b.Dunning, ReturnURL: b.ReturnURL}
			if b.State != nil {
				change.Archived = new(*b.State == subscription.PlanArchived)
			}
			p, err := a.Subscriptions.ChangePlan(ctx, call.key.MerchantID, call.key.Mode, id, change, call.by())
			return a.planShown(p, "", err)
		})
}

func (a *server) createPlan(ctx context.Context, in *struct{ Body NewPlan }) (*planAnswer, error) {
	call, b := callOf(ctx), in.Body
	connection, err := found[posta.ConnectionID](b.Connection)
	if err != nil {
		return nil, posta.Invalid("connection_id", "unknown")
	}
	to := subscription.NewPlan{ID: posta.IDFrom[posta.PlanID](call.claim.ULID), MerchantID: call.key.MerchantID, Mode: call.key.Mode, ConnectionID: connection,
		Name: b.Name, Amount: posta.Money{Amount: b.Amount}, Period: b.Period, Repetitions: b.Repetitions, BillingDay: b.BillingDay,
		Proportional: b.Proportional, Engine: b.Engine, Methods: b.Methods, ReturnURL: b.ReturnURL, By: call.by()}
	put(&to.Trial, b.Trial)
	put(&to.Attempts, b.Attempts)
	put(&to.Dunning, b.Dunning)
	p, err := a.Subscriptions.CreatePlan(ctx, to)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		err = posta.Invalid("connection_id", "unknown")
	}
	return a.planShown(p, "/v1/plans/"+string(p.ID), err)
}

func (a *server) listPlans(ctx context.Context, in *struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After string `query:"after" pattern:"^pln_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State string `query:"state" enum:"active,archived"`
}) (*struct{ Body PlanList }, error) {
	key := callOf(ctx).key
	filter := subscription.PlanFilter{MerchantID: key.MerchantID, Mode: key.Mode, State: subscription.PlanState(in.State), Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Subscriptions.Plans(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := PlanList{Data: []PlanShown{}}
	for _, p := range list {
		out.Data = append(out.Data, PlanShown{p.View(), a.Subscriptions.SignUpPage(p)})
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body PlanList }{out}, nil
}

func (a *server) planShown(p subscription.Plan, location string, err error) (*planAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &planAnswer{location, PlanShown{p.View(), a.Subscriptions.SignUpPage(p)}}, nil
}
