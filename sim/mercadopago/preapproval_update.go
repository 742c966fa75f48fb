package mercadopago

import "net/http"

// updateSubscription is PUT /preapproval/{id}. It does what it is asked for in
// turn and stops at what it refuses, so that a call may be half applied;
// frequency, payer, currency, plan and dates are ignored with 200 (§3.2).
func updateSubscription(c *call) reply {
	f, bad := c.subscriptionBody()
	if bad != nil {
		return *bad
	}
	v, bad := c.ownSubscription()
	if bad != nil {
		return *bad
	}
	status, ok := f.text("status")
	if status == "canceled" {
		status = cancelled
	}
	switch {
	case !ok || status != "" && status != authorized && status != paused && status != cancelled && status != v.Status:
		return c.refuse(http.StatusBadRequest, "Invalid status")
	case v.Status == cancelled:
		return c.refuse(http.StatusBadRequest, "You can not modify a cancelled preapproval.")
	case v.Status == paused && status != authorized && status != cancelled:
		return c.refuse(http.StatusBadRequest, "You can not modify a paused preapproval.")
	}
	told := false
	if v.Status != paused { // a resume changes the status and nothing else
		if bad := c.editSubscription(v, f, &told); bad != nil {
			return *bad
		}
	}
	if status != "" && status != v.Status {
		if bad := c.moveSubscription(v, status); bad != nil {
			return *bad
		}
	} else if told {
		c.sim.announceSubscription(topicSubscription, "preapproval", v.ID, v.UserID, v.Via, v.Version, c.now)
	}
	return reply{status: http.StatusOK, body: c.sim.subscriptionView(v)}
}

// editSubscription changes words, then the amount, then the card. A new amount
// counts from the next charge, and nobody is told of it.
func (c *call) editSubscription(v *subscription, f fields, told *bool) *reply {
	say := func(text string) *reply {
		r := c.refuse(http.StatusBadRequest, "%s", text)
		return &r
	}
	for _, word := range []struct {
		name string
		to   *string
	}{{"reason", &v.Reason}, {"external_reference", &v.Ref}, {"back_url", &v.BackURL}} {
		if !f.has(word.name) {
			continue
		}
		text, ok := f.text(word.name)
		if !ok || text == "" || len(text) > 255 && word.name != "back_url" {
			return say(word.name + " must be a text of up to 255 characters")
		}
		if word.name == "back_url" && !c.sim.backURL(text) {
			return say("back_url must be a valid https url")
		}
		if *word.to != text {
			*word.to, *told = text, true
			c.sim.touchSubscription(v, c.now)
		}
	}
	recurring, ok := f.object("auto_recurring")
	if !ok {
		return say("Invalid auto_recurring")
	}
	if recurring.has("transaction_amount") {
		amount, wrong := c.amountOf(recurring)
		if wrong != "" {
			return say(wrong)
		}
		if amount != v.Terms.Amount {
			v.Terms.Amount = amount
			c.sim.touchSubscription(v, c.now)
		}
	}
	if recurring.has("end_date") && v.Status == pending { // afterwards it is ignored
		end := v.Terms
		if wrong := c.readDates(v, recurring); wrong != "" {
			v.Terms = end
			return say(wrong)
		}
		*told = true
		c.sim.touchSubscription(v, c.now)
	}
	if token, _ := f.text("card_token_id"); token != "" {
		if bad := c.useCard(v, token); bad != nil {
			return bad
		}
		*told = true
		c.sim.touchSubscription(v, c.now)
	}
	return nil
}

// moveSubscription changes the status.
func (c *call) moveSubscription(v *subscription, status string) *reply {
	switch {
	case status == cancelled:
		c.sim.endSubscription(v, c.now)
		return nil
	case v.Status == pending && status == paused:
		r := c.refuse(http.StatusBadRequest, "A pending preapproval can not be paused.")
		return &r
	case v.Status == pending && v.Card == nil:
		r := c.refuse(http.StatusBadRequest, "card_token_id is required")
		return &r
	case v.Status == pending:
		c.sim.authorize(v, c.now)
	default:
		v.Status = status
	}
	c.sim.changeSubscription(v, c.now)
	c.sim.advance(v, c.now)
	return nil
}
