package app_test

import (
	"context"
	"testing"
	"time"

	"posta"
	"posta/homologation"
	"posta/project"
)

// Run them all in the demo, whose simulators take the time that people take: each
// case ends, and passes. The demo's tills, terminals and simulators are free after.
func TestTheDemoRunsAllCasesOfItsTerminals(t *testing.T) {
	demo, _ := startDemo(t, t.TempDir())
	ctx, now := t.Context(), posta.SystemClock{}.Now()
	terminal, err := demo.Tills.Terminal(ctx, demo.Seed.Merchant, posta.Test, demo.Seed.Terminals[0])
	if err != nil {
		t.Fatal(err)
	}
	p := project.Project{ID: posta.NewID[posta.ProjectID](now), MerchantID: demo.Seed.Merchant, Name: "Demo", Client: project.Client{Name: "Cliente", Country: "AR"},
		Product: "prisma_ecr", Template: project.Ref{Key: "prisma_ecr", Version: 1}, Stage: project.Homologation, StageAt: now, Test: terminal.ConnectionID,
		ReplyToken: posta.NewULID(now), CreatedAt: now, UpdatedAt: now}
	if err := demo.Store.InsertProject(ctx, p, nil); err != nil {
		t.Fatal(err)
	}
	owner := project.Actor{Merchant: p.MerchantID, User: posta.NewID[posta.UserID](now), Role: posta.Owner}
	if _, err := demo.Homologation.StartRun(ctx, owner, p.ID, nil); err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	for {
		o, err := demo.Homologation.Overview(ctx, owner, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if o.File.Run.State == homologation.Ended {
			if len(o.File.Run.Trouble) > 0 || o.Passed != len(o.Cases) {
				t.Errorf("%d of %d passed, trouble %v", o.Passed, len(o.Cases), o.File.Run.Trouble)
			}
			for _, c := range o.Cases {
				if !c.Passed() && c.Evidence != nil {
					t.Errorf("%s: %+v", c.Case.Key, homologation.Wrong(c.Evidence.Findings))
				}
			}
			break
		}
		select {
		case <-look.C:
		case <-limit.Done():
			t.Fatalf("the run stands at %+v", o.File.Run)
		}
	}
	if _, err := demo.Payments.OpenAt(ctx, p.MerchantID, demo.Seed.Tills[0]); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Errorf("the till is not free: %v", err)
	}
	for _, device := range demo.Prisma.Terminals() {
		if device.Current != nil || len(device.Waiting) > 0 || !device.On || device.Outcome != "" {
			t.Errorf("%s is not as it was: %+v", device.ID, device)
		}
	}
	if rules := demo.Prisma.Fault().Rules(); len(rules) > 0 {
		t.Errorf("faults are left: %+v", rules)
	}
}
