package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"posta"
	"posta/app"
	"posta/text"
)

type doctorCmd struct {
	Data      string `help:"Data folder of the hub; posta-data by default, or else posta-demo." env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	Database  string `help:"SQLite file or postgres:// address; posta.db in the data folder by default." env:"POSTA_DATABASE" placeholder:"WHERE"`
	PublicURL string `name:"public-url" help:"How providers and browsers reach the hub; one that runs knows by itself." env:"POSTA_PUBLIC_URL" placeholder:"URL"`
	Bundle    string `help:"Write a zip for whoever is to help: this report, versions, figures, the last lines of the log, calls and notifications, without secrets or personal data." type:"path" placeholder:"FILE"`
}

// Help is shown by --help.
func (c *doctorCmd) Help() string {
	return `Looks at clock, disk, database, sealing key, every connection, the public address and its certificate, and
mail, and says what to do. A hub that runs looks itself; one that does not is looked at in its folder.
The exit code is 1 if anything fails; warnings leave it 0.

Examples:

  posta doctor
  posta doctor --json
  posta doctor --bundle posta-support.zip`
}

// failed is a diagnosis that found something broken; it has been printed.
type failed struct{}

// Error says so.
func (failed) Error() string { return "something does not work" }

// Run diagnoses.
func (c *doctorCmd) Run(ctx context.Context, t terminal) error {
	if c.Bundle != "" {
		if _, err := os.Lstat(c.Bundle); err == nil {
			return posta.Errorf(posta.CodeConflict, "%s is there already; a bundle never overwrites", c.Bundle)
		}
	}
	public, err := address("--public-url", c.PublicURL)
	if err != nil {
		return err
	}
	c.Data = dataFolder(c.Data)
	var zipped bytes.Buffer
	var bundle io.Writer
	if c.Bundle != "" {
		bundle = &zipped
	}
	found, err := c.diagnose(ctx, t, public, bundle)
	if err != nil {
		return err
	}
	words := text.Must().Localizer(language())
	if t.json {
		err = printJSON(t.out, spoken(found, words))
	} else {
		found.Print(t.out, words)
	}
	if err == nil && c.Bundle != "" {
		if err = os.WriteFile(c.Bundle, zipped.Bytes(), 0o600); err == nil && !t.json {
			fmt.Fprintln(t.out, words.T("doctor.bundled", "file", c.Bundle))
		}
	}
	if err == nil && found.Failed() {
		err = failed{}
	}
	return err
}

// diagnose asks the hub that runs, or looks at the folder of one that does not.
func (c *doctorCmd) diagnose(ctx context.Context, t terminal, public string, bundle io.Writer) (app.Diagnosis, error) {
	if note, err := app.ReadNote(c.Data); err == nil {
		found, err := ask(ctx, note, bundle)
		var dial *net.OpError
		if err == nil || !errors.As(err, &dial) || dial.Op != "dial" { // else it was killed, and its note is left
			return found, err
		}
	}
	config := hubFlags{c.Data, c.Database}.config(t)
	config.PublicURL = public
	config.SMTP, config.MercadoPagoURL, config.PrismaURL = os.Getenv("POSTA_SMTP"), os.Getenv("POSTA_MERCADOPAGO_URL"), os.Getenv("POSTA_PRISMA_URL")
	return app.Diagnose(ctx, config, bundle)
}

// ask has the running hub diagnose itself.
func ask(ctx context.Context, note app.Note, bundle io.Writer) (app.Diagnosis, error) {
	var found app.Diagnosis
	body, err := operate(ctx, note, "GET", "/operator/doctor", nil)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return found, fmt.Errorf("not the hub's answer: %w", err)
	}
	if bundle != nil {
		zipped, err := operate(ctx, note, "POST", "/operator/bundle", body)
		if err != nil {
			return found, err
		}
		if _, err := bundle.Write(zipped); err != nil {
			return found, err
		}
	}
	return found, nil
}

// operate calls what belongs to the machine's operator.
func operate(ctx context.Context, note app.Note, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, note.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+note.Operator)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var line *url.Error
		if errors.As(err, &line) {
			err = line.Err // without the address, which says nothing here
		}
		return nil, posta.Errorf(posta.CodeUnavailable, "the hub (process %d) does not answer: %w", note.PID, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the hub answers %s: %s", response.Status, strings.TrimSpace(string(answer[:min(len(answer), 200)])))
	}
	return answer, err
}

// spoken is the diagnosis with what it says, in the terminal's language.
func spoken(d app.Diagnosis, words *text.Localizer) any {
	type finding struct {
		app.Finding
		Text string `json:"text"`
	}
	out := struct {
		app.Diagnosis
		Findings []finding `json:"findings"`
		Failed   bool      `json:"failed"`
	}{Diagnosis: d, Failed: d.Failed()}
	for _, f := range d.Findings {
		params := map[string]any{}
		for k, v := range f.Params {
			params[k] = v
		}
		out.Findings = append(out.Findings, finding{f, words.T(f.Words, params)})
	}
	return out
}
