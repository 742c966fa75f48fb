package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta"
	api "posta/client"
)

// counter is a demo with somebody at its first card terminal.
type counter struct {
	*demoRun
	t        *testing.T
	terminal api.Terminal
}

// command runs the command line, wants its exit code, and reads its JSON.
func (c *counter) command(into any, code int, args ...string) said {
	c.t.Helper()
	got := postaIn(c.t, c.folder, "", append(args, "--json")...)
	if got.code != code {
		c.t.Fatalf("posta %s: exit %d, want %d: %s%s", strings.Join(args, " "), got.code, code, got.out, got.err)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(got.out), into); err != nil {
			c.t.Fatalf("posta %s: %v in %s", strings.Join(args, " "), err, got.out)
		}
	}
	return got
}

// do has the person at the terminal, or the simulator's panel, do something.
func (c *counter) do(deed string, order map[string]any) {
	c.t.Helper()
	order["terminal"] = c.terminal.Code
	var said any
	if _, err := call("POST", c.prisma+"/sim/api/"+deed, "", "", order, &said); err != nil {
		c.t.Fatalf("%s: %v %v", deed, err, said)
	}
}

// take has the terminal take the newest intent of its list.
func (c *counter) take() {
	c.t.Helper()
	var intents []struct{ ID string }
	if _, err := call("GET", c.prisma+"/sim/api/intents?terminal="+c.terminal.Code, "", "", nil, &intents); err != nil || len(intents) == 0 {
		c.t.Fatal("nothing waits on the terminal", err)
	}
	c.do("take", map[string]any{"intent": intents[len(intents)-1].ID})
}

// refund follows a refund until it is decided.
func (c *counter) refund(id posta.RefundID) (r api.Refund) {
	c.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		if c.command(&r, 0, "refunds", "get", string(id)); r.State != "pending" {
			return r
		}
		select {
		case <-limit.C:
			c.t.Fatal("not decided", r)
		default:
		}
	}
}

// TestTerminalThroughTheCommandLine goes through a day at a card terminal with
// the real binary: charge in installments, refund, close with a planted
// difference. The customer's document is nowhere in the hub's folder.
func TestTerminalThroughTheCommandLine(t *testing.T) {
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
	c := &counter{demoRun: demoFromNothing(t), t: t}
	var terminals []api.Terminal
	c.command(&terminals, 0, "terminals", "list")
	c.terminal = terminals[0]
	till, terminal, document := string(c.tills[0]), string(c.terminal.ID), "CANARY7654321"

	var p api.Payment
	c.command(&p, 0, "payments", "create", "--till", till, "--amount", "60000", "--terminals", terminal, "--installments", "6", "--document", document, "--note", "noted-on-purpose")
	if p.Rail != "terminal" || p.Progress != "offered" || p.Options == nil || p.Options.Installments != 6 {
		t.Fatalf("%+v", p)
	}
	if busy := c.command(nil, 6, "settlements", "create", "--terminal", terminal); !strings.Contains(busy.err, string(p.ID)) {
		t.Error(busy)
	}
	if busy := c.command(nil, 6, "terminals", "remove", terminal); !strings.Contains(busy.err, "terminal_busy") {
		t.Error(busy)
	}
	if wrong := c.command(nil, 3, "payments", "create", "--till", till, "--amount", "100", "--cash-back", "50", "--method", "credit_card"); !strings.Contains(wrong.err, "cash_back") {
		t.Error(wrong)
	}
	c.take()
	c.do("present", map[string]any{"card": map[string]any{"last_four": "4242"}})
	if watched := postaIn(t, c.folder, "", "payments", "watch", string(p.ID)); watched.code != 0 || !strings.Contains(watched.out, "paid") {
		t.Fatal(watched)
	}
	c.command(&p, 0, "payments", "get", string(p.ID))
	if p.State != "paid" || len(p.Attempts) != 1 || p.Attempts[0].LastFour != "4242" || p.Attempts[0].Installments != 6 ||
		p.Attempts[0].Authorizes == "" || p.Attempts[0].Slip == nil || p.Attempts[0].Slip.Batch == "" || p.Attempts[0].Slip.Coupon == "" {
		t.Fatalf("%+v", p)
	}

	var proposal api.Proposal
	if c.command(&proposal, 0, "payments", "propose", string(p.ID)); proposal.Kind != "reversal" || proposal.Amount != p.Captured {
		t.Errorf("%+v", proposal)
	}
	var r api.Refund
	c.command(&r, 0, "payments", "refund", string(p.ID))
	if r.Kind != "reversal" || r.State != "pending" {
		t.Errorf("%+v", r)
	}
	c.command(&r, 0, "refunds", "cancel", string(r.ID))
	if r = c.refund(r.ID); r.State != "failed" {
		t.Errorf("%+v", r)
	}
	c.command(&r, 0, "payments", "refund", string(p.ID), "--amount", "100.00")
	c.take()
	c.do("present", map[string]any{"card": map[string]any{"last_four": "4242"}})
	c.do("confirm", map[string]any{})
	if r = c.refund(r.ID); r.State != "succeeded" || r.Kind != "refund" || r.Failure != "" {
		t.Errorf("%+v", r)
	}

	c.do("plant", map[string]any{"movement": map[string]any{"amount": 7000}})
	var closes []api.Close
	c.command(&closes, 0, "settlements", "create", "--store", string(c.terminal.Store))
	var s *api.Settlement
	for _, one := range closes {
		if one.Terminal == c.terminal.ID {
			s = one.Settlement
		}
	}
	if s == nil || s.State != "pending" {
		t.Fatalf("%+v", closes)
	}
	c.take()
	c.do("confirm", map[string]any{})
	if watched := postaIn(t, c.folder, "", "settlements", "watch", string(s.ID)); watched.code != 0 || !strings.Contains(watched.out, "confirmed difference") {
		t.Fatal(watched)
	}
	var list api.SettlementPage
	c.command(&list, 0, "settlements", "list", "--attention")
	if len(list.Data) != 1 || list.Data[0].ID != s.ID || list.Data[0].Ours.Net != p.Captured-10000 || list.Data[0].Theirs.Net != p.Captured-10000+7000 {
		t.Errorf("%+v", list)
	}
	if shown := postaIn(t, c.folder, "", "settlements", "get", string(s.ID)); !strings.Contains(shown.out, "differs") {
		t.Error(shown)
	}
	holds(t, filepath.Join(c.folder, "posta-demo", "posta.db"), "noted-on-purpose", document)
}

// holds wants a SQLite database, its write-ahead log included, to hold one text
// and not the other.
func holds(t *testing.T, file, kept, never string) {
	t.Helper()
	var all []byte
	for _, name := range []string{file, file + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	if !bytes.Contains(all, []byte(kept)) {
		t.Errorf("%s does not hold %q: the search finds nothing", file, kept)
	}
	if bytes.Contains(all, []byte(never)) {
		t.Errorf("%s holds %q", file, never)
	}
}
