package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"posta"
	"posta/payment"
)

// said is what one run of the command line came to.
type said struct {
	out, err string
	code     int
}

// postaIn runs the binary to its end, in an empty folder and in English.
func postaIn(t *testing.T, folder, input string, args ...string) said {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	command := exec.Command(file, args...)
	command.Dir, command.Stdin, command.Stdout, command.Stderr = folder, strings.NewReader(input), &out, &errOut
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TZ=UTC"}
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{out.String(), errOut.String(), command.ProcessState.ExitCode()}
}

func TestCommandLineTellsWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	made := postaIn(t, folder, "long enough a password\n", "setup", "--merchant", "M", "--country", "AR", "--email", "a@shop.example", "--name", "N")
	if made.code != 0 || !strings.Contains(made.out, "posta serve") {
		t.Fatal(made)
	}
	if err := os.WriteFile(filepath.Join(folder, "junk.db"), []byte("this was never a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args string
		code int
		want []string
	}{
		"no command":         {"frobnicate", 2, []string{"there is no command frobnicate", "posta --help"}},
		"a slip":             {"payments cretae", 2, []string{`did you mean "create"?`, "posta payments --help"}},
		"half a command":     {"payments", 2, []string{"create | get | list"}},
		"unknown flag":       {"serve --frob", 2, []string{"--frob", "posta serve --help"}},
		"unknown state":      {"payments list --state payed", 2, []string{"paid", "expired"}},
		"nothing to serve":   {"serve --data empty", 6, []string{"no database", "posta setup", "posta migrate"}},
		"nothing to back up": {"backup --data empty x.db", 4, []string{"no database"}},
		"nobody there":       {"payments list", 7, []string{"no hub runs", "--url"}},
		"nobody answers":     {"tills --url http://127.0.0.1:1 --key psk_test_x", 7, []string{"does not answer"}},
		"no key":             {"tills --url http://127.0.0.1:1", 5, []string{"POSTA_KEY"}},
		"nothing to close":   {"settlements create --url http://127.0.0.1:1 --key psk_test_x", 2, []string{"--terminal", "--store"}},
		"two to close":       {"settlements create --terminal trm_x --store sto_x", 2, []string{"--terminal", "--store"}},
		"unknown simulator":  {"sim --provider nobody", 2, []string{"mercadopago", "prisma"}},
		"no address":         {"tills --url localhost:8080", 2, []string{"--url", "https://"}},
		"a database":         {"restore junk.db", 6, []string{"--force"}},
		"no backup":          {"restore junk.db --force", 3, []string{"junk.db is no sound backup", "nothing was changed"}},
		"not a demo's":       {"demo --data posta-data", 6, []string{"no demo"}},
		"e-mail taken":       {"setup --merchant M --country AR --email a@shop.example --name N", 3, []string{"--email is already in use"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := postaIn(t, folder, "long enough a password\n", strings.Fields(tc.args)...)
			if got.code != tc.code || got.out != "" {
				t.Errorf("exit %d, want %d; %s", got.code, tc.code, got.out)
			}
			for _, want := range tc.want {
				if !strings.Contains(got.err, want) {
					t.Errorf("%q is not in %q", want, got.err)
				}
			}
			asJSON := postaIn(t, folder, "long enough a password\n", append(strings.Fields(tc.args), "--json")...)
			var told struct {
				Code   string
				Detail string
				Exit   int `json:"exit_code"`
			}
			if err := json.Unmarshal([]byte(asJSON.err), &told); err != nil || told.Code == "" || told.Detail == "" || told.Exit != tc.code || asJSON.code != tc.code {
				t.Errorf("as JSON: %v %+v", err, asJSON)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(folder, "empty")); err == nil {
		t.Error("a hub that was refused left its folder behind")
	}
	if got := postaIn(t, folder, "short\n", "setup", "--merchant", "Other", "--country", "AR", "--email", "b@shop.example", "--name", "N"); got.code != 3 || !strings.Contains(got.err, "password") {
		t.Errorf("a short password: %+v", got)
	}
	for _, args := range []string{"--help", "payments create --help", "terminals add --help", "settlements create --help", "sim --help", "serve --help", "version", "--version", "completion zsh", "completion fish"} {
		if got := postaIn(t, folder, "", strings.Fields(args)...); got.code != 0 || got.out == "" || got.err != "" {
			t.Errorf("posta %s: %+v", args, got)
		}
	}
}

func TestCompletionOfBashWorks(t *testing.T) {
	script := postaIn(t, t.TempDir(), "", "completion", "bash")
	for line, want := range map[string]string{
		"":                               "demo serve sim setup migrate backup restore doctor payments refunds products links sessions plans subscriptions tills terminals settlements chargebacks connections endpoints projects homologation quality version completion",
		"pay":                            "payments",
		"payments ":                      "create get list watch cancel capture propose refund",
		"payments create --ti":           "--till",
		"payments refund --kind rev":     "reversal",
		"settlements list --state de":    "declined",
		"sim --provider ":                "mercadopago prisma",
		"payments list --state part":     "partially_refunded",
		"--json completion ":             "bash zsh fish",
		"payments list --data payments ": "",
	} {
		words := strings.Split("posta "+line, " ")
		for i := range words {
			words[i] = "'" + words[i] + "'"
		}
		command := exec.Command("bash", "-c", script.out+"\nCOMP_WORDS=("+strings.Join(words, " ")+"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _posta; echo \"${COMPREPLY[*]}\"")
		out, err := command.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("posta %s: %q, want %q, %v", line, got, want, err)
		}
	}
}

// TestOneProcessToASQLiteDatabase starts hubs side by side; kill -9 frees the
// database at once.
func TestOneProcessToASQLiteDatabase(t *testing.T) {
	data, listen := t.TempDir(), freeAddress(t)
	if got := postaIn(t, data, "", "migrate", "--data", data); got.code != 0 {
		t.Fatal(got)
	}
	hub, _ := start(t, "Posta serves", "serve", "--data", data, "--listen", listen)
	for _, args := range [][]string{
		{"serve", "--data", data, "--listen", freeAddress(t)},
		{"migrate", "--data", data},
		{"restore", "--data", data, "--force", filepath.Join(data, "seal.key")},
	} {
		if got := postaIn(t, data, "", args...); got.code != 6 || !strings.Contains(got.err, "another posta works on") {
			t.Errorf("%s beside a hub: %+v", args[0], got)
		}
	}
	other := t.TempDir()
	if got := postaIn(t, other, "", "migrate", "--data", other); got.code != 0 {
		t.Fatal(got)
	}
	if got := postaIn(t, other, "", "serve", "--data", other, "--listen", listen); got.code != 6 || !strings.Contains(got.err, "--listen") {
		t.Errorf("an address that is taken: %+v", got)
	}
	hub.kill()
	start(t, "Posta serves", "serve", "--data", data, "--listen", listen)
}

// demoRun is a demo of the real binary, made from nothing.
type demoRun struct {
	*process
	folder, url, phone, key string
	prisma                  string // its simulator's address
	tills                   []posta.TillID
}

func demoFromNothing(t *testing.T) *demoRun {
	t.Helper()
	d := &demoRun{folder: t.TempDir()}
	listen, phone, prisma := freeAddress(t), freeAddress(t), freeAddress(t)
	d.url, d.phone, d.prisma = "http://"+listen, "http://"+phone, "http://"+prisma
	d.process, _ = start(t, "Press Ctrl+C", "demo", "--data", filepath.Join(d.folder, "posta-demo"), "--listen", listen, "--simulator", phone,
		"--prisma-simulator", prisma)
	var tills []struct{ ID posta.TillID }
	got := postaIn(t, d.folder, "", "tills", "--json") // the command line finds it by itself
	if err := json.Unmarshal([]byte(got.out), &tills); err != nil || len(tills) != 3 {
		t.Fatal(err, got)
	}
	for _, one := range tills {
		d.tills = append(d.tills, one.ID)
	}
	var seed struct{ Key string }
	b, err := os.ReadFile(filepath.Join(d.folder, "posta-demo", "demo.json"))
	if err != nil || json.Unmarshal(b, &seed) != nil {
		t.Fatal(err)
	}
	d.key = seed.Key
	return d
}

// TestP49_FromNothingToTheFirstCharge goes the quickstart's way in an empty
// folder: demo, charge, the buyer pays, paid. Its figure is bench/start's.
func TestP49_FromNothingToTheFirstCharge(t *testing.T) {
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
	begun := posta.SystemClock{}.Now()
	d := demoFromNothing(t)
	for _, id := range d.tills {
		made := postaIn(t, d.folder, "", "payments", "create", "--till", string(id), "--amount", "1500.00", "--reference", "order-1", "--json")
		var p payment.View
		if err := json.Unmarshal([]byte(made.out), &p); err != nil || made.code != 0 || p.Amount != 150000 {
			t.Fatal(err, made)
		}
		if _, err := call("POST", d.phone+"/sim/api/pay", "", "", map[string]any{"pos": posta.Alphanumeric(id)}, nil); err != nil {
			t.Fatal(err)
		}
		watched := postaIn(t, d.folder, "", "payments", "watch", string(p.ID)) // ends when the payment does
		if watched.code != 0 || !strings.Contains(watched.out, "paid") {
			t.Fatal(watched)
		}
		t.Logf("%s after the start: %s is paid", posta.SystemClock{}.Now().Sub(begun), p.ID)
	}
	for args, want := range map[string]said{
		"payments create --till " + string(d.tills[0]) + " --amount 1.500,00": {code: 2, err: "a point before the decimals"},
		"payments create --till " + string(d.tills[0]) + " --amount 0":        {code: 3, err: "--amount must be more than zero"},
		"payments get pay_01AAAAAAAAAAAAAAAAAAAAAAAA":                         {code: 4, err: "We could not find that"},
		"payments list --key psk_test_wrong":                                  {code: 5, err: "We do not know who you are"},
		"payments list --limit 1000":                                          {code: 3, err: "--limit is too high"},
	} {
		if got := postaIn(t, d.folder, "", strings.Fields(args)...); got.code != want.code || !strings.Contains(got.err, want.err) {
			t.Errorf("posta %s: %+v", args, got)
		}
	}
}

// TestStopLetsWhatIsUnderWayFinish sends SIGTERM while a charge waits for the
// provider, a page's stream is open and a till is watched.
func TestStopLetsWhatIsUnderWayFinish(t *testing.T) {
	d := demoFromNothing(t)
	if _, err := call("POST", d.phone+"/sim/api/faults", "", "", map[string]any{"operation": "legacy_create", "action": "delay", "delay": "2s"}, nil); err != nil {
		t.Fatal(err)
	}
	file, _ := binary()
	watcher := exec.Command(file, "payments", "watch", string(d.tills[0]), "--data", filepath.Join(d.folder, "posta-demo"))
	shown, err := watcher.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watcher.Start(); err != nil {
		t.Fatal(err)
	}
	request, _ := http.NewRequest("GET", d.url+"/v1/tills/"+string(d.tills[0])+"/events", nil)
	request.Header.Set("Authorization", "Bearer "+d.key)
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	type made struct {
		status int
		err    error
		p      payment.View
	}
	charged := make(chan made, 1)
	go func() {
		var m made
		m.status, m.err = call("POST", d.url+"/v1/payments", d.key, "under-way", map[string]any{"till_id": d.tills[0], "amount": 150000}, &m.p)
		charged <- m
	}()
	// Once the watcher shows the new payment, its charge is under way.
	for lines := bufio.NewScanner(shown); lines.Scan(); {
		if strings.Contains(lines.Text(), "created") {
			break
		}
	}
	if err := watcher.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := watcher.Wait(); err != nil {
		t.Errorf("watch, interrupted: %v", err)
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if m := <-charged; m.err != nil || m.status != 201 || m.p.State != payment.Pending {
		t.Errorf("the charge under way: %d %s %v", m.status, m.p.State, m.err)
	}
	for buf := make([]byte, 4096); err == nil; {
		_, err = stream.Body.Read(buf)
	}
	if err.Error() != "EOF" {
		t.Errorf("the stream ended by %v", err)
	}
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	select {
	case <-d.end:
		if code := d.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit %d:\n%s", code, d.out)
		}
	case <-limit.C:
		t.Error("does not end")
	}
	if _, err := os.Stat(filepath.Join(d.folder, "posta-demo", "hub.json")); err == nil {
		t.Error("hub.json is left behind")
	}
}
