package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/homologation"
	"posta/payment"
	"posta/settlement"
	"posta/till"
)

// Driver brings homologation cases about against the providers' simulators, whose
// control API it speaks to. It charges through the same services as everybody.
type Driver struct {
	Store       homologation.Store
	Accounts    *account.Service
	Tills       *till.Service
	Payments    *payment.Service
	Settlements *settlement.Service
	Clock       posta.Clock
	// Simulators are their addresses by provider, without a slash at the end.
	Simulators map[string]string
	// Move moves the clock that hub and simulators share; nil where it is not
	// theirs alone, and waiting takes its time.
	Move func(time.Duration)
}

var _ homologation.Driver = (*Driver)(nil)

// How long one case may wait in real time for what must come.
const (
	waitMoved = 20 * time.Second  // where the clock is moved
	waitReal  = 150 * time.Second // longer than a charge stays on a terminal
	// tidyLimit is how long it may take to leave things as they were, tidyAtStop
	// when the hub stops meanwhile.
	tidyLimit  = 30 * time.Second
	tidyAtStop = 5 * time.Second
	waitStep   = 20 * time.Millisecond
	moveStep   = 500 * time.Millisecond
)

// Place finds a free till that charges through a connection of test mode, and
// whose provider's side is a simulator that this hub knows. Errors: not_found;
// not_allowed_in_state with Params["script"] real_provider, or ["reason"]
// no_till, no_terminal; till_busy.
func (d *Driver) Place(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (homologation.Place, error) {
	connection, err := d.Accounts.Store.MerchantConnection(ctx, m, c)
	if err != nil {
		return homologation.Place{}, err
	}
	address := connection.Config["base_url"]
	if address == "" {
		address = d.Accounts.Defaults[connection.Provider]["base_url"]
	}
	simulator := d.Simulators[connection.Provider]
	if simulator == "" || strings.TrimRight(address, "/") != simulator || connection.Mode != posta.Test {
		return homologation.Place{}, notNow("script", "real_provider")
	}
	place := homologation.Place{MerchantID: m, Connection: c, Provider: connection.Provider, Simulator: simulator, Flow: connection.Config["flow"]}
	if place.Flow == "" && connection.Provider == "mercadopago" {
		place.Flow = "legacy" // the connector's default, which is not stored
	}
	terminals, err := d.Tills.Terminals(ctx, m, posta.Test)
	if err != nil {
		return place, err
	}
	tills, err := d.Tills.Tills(ctx, m, posta.Test)
	if err != nil {
		return place, err
	}
	terminals = slices.DeleteFunc(terminals, func(t till.Terminal) bool { return t.ConnectionID != c || !t.RemovedAt.IsZero() })
	atTerminal := connection.Provider == "prisma"
	if atTerminal && len(terminals) == 0 {
		return place, notNow("reason", "no_terminal")
	}
	busy := error(notNow("reason", "no_till"))
	for _, t := range tills {
		if !t.RemovedAt.IsZero() || !atTerminal && t.ConnectionID != c {
			continue
		}
		var ids []posta.TerminalID
		var codes []string
		for _, terminal := range terminals {
			if terminal.StoreID == t.StoreID && terminal.Serves(t.ID) {
				ids, codes = append(ids, terminal.ID), append(codes, terminal.Code)
			}
		}
		if atTerminal && len(ids) == 0 {
			continue
		}
		open, err := d.Payments.OpenAt(ctx, m, t.ID)
		if err == nil {
			busy = &posta.Error{Code: posta.CodeTillBusy, Params: map[string]string{"payment": string(open.ID)}}
			continue
		}
		if posta.ErrorCode(err) != posta.CodeNotFound {
			return place, err
		}
		place.Till, place.Terminals, place.Codes = t.ID, ids, codes
		return place, nil
	}
	return place, busy
}

func notNow(name, value string) *posta.Error {
	return &posta.Error{Code: posta.CodeState, Params: map[string]string{name: value}}
}

// Drive plays a case's script, and tidies up after it: faults off, terminal and
// till free. What was brought about is given with an error too. Errors: those of
// the services; not_allowed_in_state with Params["deed"] for a deed that could
// not be done, or what was waited for and did not come.
func (d *Driver) Drive(ctx context.Context, c homologation.Case, at homologation.Place) (homologation.Produced, error) {
	if at.Simulator == "" || at.Simulator != d.Simulators[at.Provider] {
		return homologation.Produced{}, notNow("script", "real_provider")
	}
	p := &play{Driver: d, at: at}
	deeds := terminalDeeds
	if at.Provider == "mercadopago" {
		deeds = phoneDeeds
	}
	var err error
	for _, line := range homologation.ParseScript(c.Script) {
		do := deeds[line.Deed]
		if do == nil {
			do = commonDeeds[line.Deed]
		}
		if do == nil {
			err = notNow("deed", line.Deed)
			break
		}
		if err = do(p, ctx, line.Params); err != nil {
			err = fmt.Errorf("%s: %s: %w", c.Key, line.Deed, err)
			break
		}
	}
	limit := tidyLimit
	if ctx.Err() != nil {
		limit = tidyAtStop
	}
	tidying, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	tidy := p.tidy(tidying)
	if p.call != "" || p.settlement.ID != "" {
		return homologation.Produced{Call: p.call, Settlement: p.settlement.ID}, errors.Join(err, tidy)
	}
	return homologation.Produced{Payment: p.payment.ID}, errors.Join(err, tidy)
}

// play is one script under way.
type play struct {
	*Driver
	at         homologation.Place
	payment    payment.Payment
	refund     payment.Refund
	settlement settlement.Settlement
	beside     settlement.Settlement // a batch close that the case is not judged by
	call       posta.CallID
	latest     string // what was asked for last: payment, refund, settlement

	faults   int
	switches json.RawMessage // as they stood, once they were changed

	scanned *scanned // nil until the phone looked
	tried   int64    // the wallet's last payment
}

// by is who the driver acts as.
const by = "user:homologation"

// ask speaks to the simulator. into may be nil.
func (p *play) ask(ctx context.Context, method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.at.Simulator+path, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/sim/control/") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := simulatorClient.Do(req)
	if err != nil {
		return posta.Errorf(posta.CodeProviderUnavailable, "simulator: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 8<<20))
	if err != nil {
		return posta.Errorf(posta.CodeProviderUnavailable, "simulator: %w", err)
	}
	if answer.StatusCode >= 400 {
		e := notNow("deed", path)
		e.Cause = fmt.Errorf("simulator: %s %s: %d %s", method, path, answer.StatusCode, bytes.TrimSpace(text[:min(len(text), 300)]))
		return e
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// simulatorClient does not follow the control panel's redirects to its page.
var simulatorClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// until waits for something to be so, and has time go on meanwhile.
func (p *play) until(ctx context.Context, what string, so func() (bool, error)) error {
	limit := waitReal
	if p.Move != nil {
		limit = waitMoved
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for n := 0; ; n++ {
		yes, err := so()
		if yes || err != nil {
			return err
		}
		if p.Move != nil && n > 1 {
			p.Move(moveStep)
		}
		if err := pause(ctx, waitStep); err != nil {
			return notNow("deed", "wait "+what)
		}
	}
}

// pause lets real time go by.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
