package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/inbox"
	"posta/text"
)

const (
	bundled   = 50      // calls and notifications in a bundle
	mostKnown = 1000    // names of each kind that are looked for
	maxReport = 1 << 20 // bytes of a diagnosis that is to be bundled
)

// bundle writes what somebody needs who is to help, and nothing that is secret
// or of a person: see veil.
func (d *doctor) bundle(ctx context.Context, w io.Writer, report Diagnosis, log []logLine, metrics []byte) error {
	v, err := d.veil(ctx)
	if err != nil {
		return err
	}
	for i, f := range report.Findings {
		f.Detail, f.Subject = v.text(f.Detail), v.ours(f.Subject)
		params := map[string]string{}
		for k, p := range f.Params {
			params[k] = v.ours(p)
		}
		f.Params = params
		report.Findings[i] = f
	}
	archive := zip.NewWriter(w)
	add := func(name string, content []byte) {
		file, createErr := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: report.At})
		err = errors.Join(err, createErr)
		if createErr == nil {
			_, writeErr := file.Write(content)
			err = errors.Join(err, writeErr)
		}
	}
	addJSON := func(name string, value any) {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = errors.Join(err, encoder.Encode(value))
		add(name, b.Bytes())
	}
	var words bytes.Buffer
	report.Print(&words, text.Must().Localizer(text.English))
	add("report.txt", words.Bytes())
	addJSON("report.json", report)
	addJSON("versions.json", versions())
	addJSON("config.json", d.settings(v))
	if d.db != nil {
		addJSON("database.json", d.figures(ctx))
		addJSON("calls.json", d.calls(ctx, v))
		addJSON("notifications.json", d.notifications(ctx, v))
	}
	if len(log) > 0 {
		addJSON("log.json", logged(v, log))
	}
	if len(metrics) > 0 {
		add("metrics.txt", metrics)
	}
	return errors.Join(err, archive.Close())
}

// veil knows the names of the merchants' people and things, and the secrets
// that the hub can read.
func (d *doctor) veil(ctx context.Context) (*veil, error) {
	host, _ := os.Hostname()
	home, _ := os.UserHomeDir()
	data, _ := filepath.Abs(d.config.Data)
	known := []string{host, home, data, d.config.Data, d.config.sqlite(), d.config.SealKey, d.config.MailFrom, d.config.ACMEEmail}
	if u, err := url.Parse(d.config.Database); err == nil && u.User != nil {
		password, _ := u.User.Password()
		known = append(known, u.User.Username(), password, u.Host)
	}
	if u, err := url.Parse(d.config.SMTP); err == nil && u.User != nil {
		password, _ := u.User.Password()
		known = append(known, u.User.Username(), password)
	}
	if d.db == nil {
		return newVeil(known), nil
	}
	if has, _, err := d.db.Schema(ctx); err != nil || has == 0 {
		return newVeil(known), nil
	}
	names, err := d.db.Known(ctx, mostKnown)
	if err != nil {
		return nil, err
	}
	known = append(known, names...)
	if d.box == nil || !d.schemaFits(ctx) {
		return newVeil(known), nil
	}
	connections, err := d.list(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range connections {
		for _, value := range c.Config {
			if _, err := url.Parse(value); len(value) > 8 && (err != nil || !strings.HasPrefix(value, "http")) {
				known = append(known, value)
			}
		}
		if plain, err := d.box.Unseal(c.Sealed, string(c.ID)); err == nil {
			var secrets map[string]string
			if json.Unmarshal(plain, &secrets) == nil {
				for _, s := range secrets {
					known = append(known, s)
				}
			}
		}
	}
	return newVeil(known), nil
}

func versions() map[string]any {
	out := map[string]any{"posta": Version, "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH, "processors": runtime.NumCPU()}
	if info, ok := debug.ReadBuildInfo(); ok {
		modules := map[string]string{}
		for _, m := range info.Deps {
			modules[m.Path] = m.Version
		}
		out["modules"] = modules
	}
	return out
}

// settings are the configuration, of what may be told.
func (d *doctor) settings(v *veil) map[string]any {
	c := d.config
	out := map[string]any{"listen": c.Listen, "public_url": v.ours(d.url), "database": "postgresql", "running": d.running,
		"seal_key_in_environment": c.SealKey != "", "certificate": "none", "http_redirect": c.HTTPRedirect, "mail": c.SMTP != "",
		"mercadopago_url": c.MercadoPagoURL, "prisma_url": c.PrismaURL, "demo": c.Phone != ""}
	if c.sqlite() != "" {
		out["database"] = "sqlite"
	}
	switch {
	case c.TLSCert != "":
		out["certificate"] = "files"
	case len(c.ACME) > 0:
		out["certificate"] = "acme"
	}
	return out
}

func (d *doctor) figures(ctx context.Context) map[string]any {
	out := map[string]any{}
	keep := func(name string, value any, err error) {
		if err == nil {
			out[name] = value
		} else {
			out[name+"_unknown"] = true
		}
	}
	has, needs, err := d.db.Schema(ctx)
	keep("schema", has, err)
	keep("schema_needed", needs, nil)
	size, err := d.db.Size(ctx)
	keep("bytes", size, err)
	rows, err := d.db.Rows(ctx)
	keep("rows", rows, err)
	overdue, err := d.db.Overdue(ctx, d.config.Clock.Now())
	keep("overdue", overdue, err)
	return out
}

func (d *doctor) calls(ctx context.Context, v *veil) any {
	list, err := d.db.LastCalls(ctx, bundled)
	if err != nil {
		return map[string]bool{"unknown": true}
	}
	out := []map[string]any{}
	for _, c := range list {
		out = append(out, map[string]any{"id": c.ID, "connection": c.Tag.ConnectionID, "payment": c.Tag.Payment, "notification": c.Tag.Notification,
			"operation": c.Tag.Operation, "method": c.Method, "url": v.url(c.URL), "request_header": v.header(c.RequestHeader),
			"request_body": v.body(c.RequestBody, c.RequestHeader.Get("Content-Type")), "status": c.Status, "response_header": v.header(c.ResponseHeader),
			"response_body": v.body(c.ResponseBody, c.ResponseHeader.Get("Content-Type")), "error": v.text(c.Error), "started_at": c.StartedAt,
			"milliseconds": c.Duration.Milliseconds()})
	}
	return out
}

func (d *doctor) notifications(ctx context.Context, v *veil) any {
	merchants, err := d.db.Merchants(ctx)
	var list []inbox.Notification
	for _, m := range merchants {
		some, listErr := d.db.ListNotifications(ctx, inbox.Filter{MerchantID: m.ID, Page: posta.Page{Limit: bundled}})
		err = errors.Join(err, listErr)
		list = append(list, some...)
	}
	if err != nil {
		return map[string]bool{"unknown": true}
	}
	slices.SortFunc(list, func(a, b inbox.Notification) int { return strings.Compare(string(b.ID), string(a.ID)) })
	out := []map[string]any{}
	for _, n := range list[:min(len(list), bundled)] {
		out = append(out, map[string]any{"id": n.ID, "mode": n.Mode, "connection": n.ConnectionID, "query": v.query(n.Delivery.Query),
			"header": v.header(n.Delivery.Header), "body": v.body(n.Delivery.Body, n.Delivery.Header.Get("Content-Type")), "received_at": n.Delivery.ReceivedAt,
			"state": n.State, "topic": v.text(n.Notice.Topic), "resource": v.mark(n.Notice.Resource), "judgement": n.Verdict.Judgement, "result": v.text(string(n.Result)),
			"payment": n.Payment, "tries": n.Tries, "handled_at": n.HandledAt})
	}
	return out
}

func logged(v *veil, lines []logLine) any {
	out := []map[string]any{}
	for _, l := range lines {
		values := map[string]string{}
		for _, pair := range l.Values {
			values[v.name(pair[0])] = v.text(pair[1])
		}
		out = append(out, map[string]any{"at": l.At.Format(time.RFC3339Nano), "level": l.Level, "message": v.text(l.Message), "values": values})
	}
	return out
}

// serveBundle makes a bundle around the diagnosis that is sent.
func (a *App) serveBundle(w http.ResponseWriter, r *http.Request) {
	var report Diagnosis
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReport)).Decode(&report); err != nil {
		http.Error(w, "send the diagnosis that the bundle is to hold", http.StatusBadRequest)
		return
	}
	var out bytes.Buffer
	told := &taken{header: http.Header{}}
	a.metrics.handler().ServeHTTP(told, (&http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}}).WithContext(r.Context()))
	if err := a.doctor().bundle(r.Context(), &out, report, a.tail.last(), told.Bytes()); err != nil {
		a.config.Log.Error("no bundle made", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(out.Bytes())
}

// taken is an answer that is kept.
type taken struct {
	bytes.Buffer
	header http.Header
}

// Header gives the answer's header.
func (t *taken) Header() http.Header { return t.header }

// WriteHeader takes the status, which does not matter.
func (t *taken) WriteHeader(int) {}
