package prisma_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"posta"
	"posta/sim/prisma"
)

func TestPRSIM01_RestartedItAgreesWithItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.db")
	filed := func(c *prisma.Config) { c.File = path; paced(c) }
	b := newStand(t, filed)
	b.do(b.sim.SetSwitches(prisma.Switches{CancelRace: prisma.RaceUndoWins}))
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	for range 5 {
		b.want(b.reverse(id), 200)
		b.want(b.cancelReversal(id), 200)
		b.clock.Move(2 * prisma.RealisticPace.Undo)
		b.reversal(id, "REVERSAL_UNDONE")
	}
	b.want(b.reverse(id), 200)
	waiting, taken, canceled := b.asked(), b.asked(), b.asked("terminals_list", on(two))
	b.do(b.sim.Plant(one, prisma.Movement{Amount: 100}))
	b.do(b.sim.CloseBatch(one))
	b.do(b.sim.Plant(one, prisma.Movement{Type: "refund", Amount: 100}))
	b.do(b.sim.Take(one, taken))
	b.do(b.sim.Present(one, prisma.Card{Brand: "MC"}))
	b.do(b.sim.SetPaper(two, false))
	b.want(b.cancel(canceled), 200)
	books, terminals, before, bearer := b.sim.Books(), b.sim.Terminals(), b.payment(taken).raw, b.bearer
	b.server.Close()
	b.do(b.sim.Close())

	c := newStand(t, filed)
	c.bearer = bearer // tokens live on
	if !reflect.DeepEqual(c.sim.Books(), books) || !reflect.DeepEqual(c.sim.Terminals(), terminals) || c.payment(taken).raw != before {
		t.Fatal("it does not agree with itself", c.sim.Books(), c.sim.Terminals())
	}
	if c.sim.Switches().CancelRace != prisma.RaceUndoWins {
		t.Fatal("the switches were forgotten")
	}
	c.clock.Move(b.clock.Now().Sub(start))
	c.reversal(id, "REVERSAL_REQUEST") // the newest of six
	c.clock.Move(prisma.RealisticPace.AnswerMax)
	c.status(taken, "CONFIRMED")
	c.status(canceled, "UNDONE")
	c.do(c.sim.Take(one, waiting))
	c.do(c.sim.Present(one, prisma.Card{}))
	c.clock.Move(prisma.RealisticPace.AnswerMax)
	a := c.status(waiting, "CONFIRMED")
	c.equal(a, "2", "payment_data", "batch_number")
	c.equal(a, "5", "payment_data", "transaction_receipt")
	if n := len(c.sim.Books().Authorizations); n != 4 {
		t.Fatal("a number was given twice", c.sim.Books().Authorizations)
	}
}

func TestPRSIM02_RunMovesWhatTimeMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // nothing but Run works inside, and real time stands
		clock := posta.NewFrozenClock(start)
		sim, err := prisma.New(prisma.Config{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = sim.Close() }()
		account := prisma.Account{PublicKey: public, SecretKey: secret, CUIT: cuit, Terminals: []prisma.Terminal{{ID: one, AutoClose: "23:30"}}}
		if err := errors.Join(sim.AddAccount(account), sim.Plant(one, prisma.Movement{Amount: 100})); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- sim.Run(ctx) }()
		synctest.Wait() // it rests
		changed := sim.Changed()
		clock.Move(24 * time.Hour)
		synctest.Wait()
		select {
		case <-changed:
		default:
			t.Fatal("the clock was moved, and nothing else")
		}
		if err := sim.Await(ctx, func() bool { return len(sim.Books().Batches) == 1 }); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if sim.Await(ctx, func() bool { return false }) == nil {
			t.Fatal("Await outlives its context")
		}
	})
}

func TestPRSIM03_ControlAPIDrivesIt(t *testing.T) {
	b := newStand(t)
	post := func(route, body string) answer { return b.call("POST", "/sim/api/"+route, body) }
	b.want(post("accounts", `{"public_key":"p","secret_key":"s","cuit":"30-00000001-5","terminals":[{"id":"20000001"}]}`), 200)
	b.equal(b.call("GET", "/sim/api/accounts", ""), "•••", 0, "secret_key")
	id := b.asked("terminal_operation_method", "QR_CODE", "qr_benefit_code", true)
	b.equal(b.call("GET", "/sim/api/intents?terminal="+one, ""), id, 0, "id")
	b.equal(b.call("GET", "/sim/api/intents", ""), id, 0, "id")
	b.want(post("take", `{"terminal":"99999999","intent":"x"}`), 404)
	a := b.want(post("take", `{"terminal":"`+one+`","intent":"`+id+`"}`), 200)
	b.want(post("take", `{"terminal":"`+one+`","intent":"`+id+`"}`), 409)
	qr := a.text("current", "qr")
	b.equal(b.want(post("scan-qr", `{"qr":"`+qr+`"}`), 200), "150000", "amount")
	b.want(post("pay-qr", `{"qr":"other"}`), 404)
	b.want(post("pay-qr", `{"qr":"`+qr+`","wallet":{"brand":"MC","discount":100}}`), 200)
	b.status(id, "CONFIRMED")

	b.want(post("outcome", `{"terminal":"`+one+`","outcome":"decline"}`), 200)
	id = b.asked()
	b.want(post("take", `{"terminal":"`+one+`","intent":"`+id+`"}`), 200)
	b.want(post("present", `{"terminal":"`+one+`","card":{"kind":"PREPAID"}}`), 409)
	b.equal(b.want(post("present", `{"terminal":"`+one+`","card":{"brand":"MC","pin":"1234"}}`), 200), "FONDOS INSUFICIENTES", "message")
	id = b.asked()
	b.want(post("take", `{"terminal":"`+one+`","intent":"`+id+`"}`), 200)
	b.want(post("cancel", `{"terminal":"`+one+`"}`), 200)
	b.equal(b.want(post("power", `{"terminal":"`+one+`","on":false}`), 200), "false", "on")
	b.want(post("confirm", `{"terminal":"`+one+`"}`), 409)
	b.want(post("power", `{"terminal":"`+one+`","on":true}`), 200)
	b.equal(b.want(post("paper", `{"terminal":"`+one+`","on":false}`), 200), "false", "paper")
	b.equal(b.want(post("cut-power", `{"terminal":"`+one+`","when":"after_authorization"}`), 200), "after_authorization", "cut")
	b.equal(b.want(post("plant", `{"terminal":"`+one+`","movement":{"amount":100}}`), 200), "2", "totals", "sales", "count")
	b.equal(b.want(post("close-batch", `{"terminal":"`+one+`"}`), 200), "2", "batch")
	b.want(post("settle", ``), 200)
	a = b.call("GET", "/sim/api/books", "")
	b.equal(a, "MC", "authorizations", 0, "brand")
	b.equal(a, "149900", "batches", 0, "totals", "brands", 1, "amount")

	b.want(b.call("PUT", "/sim/api/faults", `[{"operation":"token","action":"status","status":503,"times":1}]`), 200)
	b.want(b.token("GET", public, secret, "?grant_type=client_credentials", ""), 503)
	b.equal(b.call("GET", "/sim/api/faults", ""), "1", 0, "hit")
	b.want(post("faults", `{"action":"dance"}`), 400)
	b.want(post("faults", `{"id":"mine","action":"drop"}`), 200)
	b.want(b.call("DELETE", "/sim/api/fault/mine", ""), 200)
	b.want(b.call("DELETE", "/sim/api/fault/mine", ""), 400)
	b.want(b.call("DELETE", "/sim/api/faults", ""), 200)
	b.want(b.call("PUT", "/sim/api/switches", `{"cancel_race":"undo_wins"}`), 200)
	b.equal(b.call("GET", "/sim/api/switches", ""), "undo_wins", "cancel_race")
	b.want(b.call("PUT", "/sim/api/switches", `{"cancel_race":"dance"}`), 400)
	b.want(b.call("PUT", "/sim/api/switches", `{"unheard_of":true}`), 400)
	b.want(post("clock", `{"forward":"10m"}`), 200)
	b.want(post("clock", `{"forward":"-10m"}`), 400)
	b.equal(b.call("GET", "/sim/api/clock", ""), "2026-11-20T15:10:00Z", "now")
	raw := b.want(b.call("GET", "/sim/api/traffic?after=0", ""), 200).raw
	if !strings.Contains(raw, "pay_qr") || strings.Contains(raw, b.bearer) {
		t.Fatal("the traffic lacks a deed, or shows a token")
	}
}

func TestPRSIM04_AnotherSitesPageCannotDriveIt(t *testing.T) {
	b := newStand(t)
	b.want(b.call("POST", "/sim/api/close-batch", `{"terminal":"`+one+`"}`, "Sec-Fetch-Site", "cross-site"), 403)
	b.want(b.call("POST", "/sim/api/close-batch", `{"terminal":"`+one+`"}`, "Origin", "https://evil.example"), 403)
}

func TestPRSIM05_WhatWasAnsweredIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.db")
	b := newStand(t, func(c *prisma.Config) { c.File = path })
	for range 3 {
		id := b.paid(prisma.Card{})
		// What a killed program would leave: the file as it is, never closed.
		after, err := prisma.New(prisma.Config{Clock: b.clock, File: path})
		b.do(err)
		if !reflect.DeepEqual(after.Books(), b.sim.Books()) || len(after.Intents("")) != 0 {
			t.Fatal(id, after.Books())
		}
		b.do(after.Close())
	}
}
