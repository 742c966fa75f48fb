package store

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"time"

	"posta"
	"posta/project"
)

// cardColumns are what the board shows of a project; the rest of it is its document.
const (
	cardColumns = "id, merchant_id, name, client, product, template, version, stage, stage_at, integrator, manager, commercial, " +
		"next_at, next_kind, silence, waiting_at, client_at"
	projectColumns = cardColumns + ", reply_token, words, document, due_at, created_at, updated_at"
)

func projectValues(p project.Project) []any {
	nextAt, nextKind := p.Next()
	words := []string{p.Name, p.Client.Name, p.Client.LegalName, p.Client.TaxID, string(p.ID)}
	for _, c := range p.Contacts {
		if c.RemovedAt.IsZero() {
			words = append(words, c.Name, c.Email)
		}
	}
	return []any{p.ID, p.MerchantID, p.Name, p.Client.Name, p.Product, p.Template.Key, p.Template.Version, p.Stage, p.StageAt,
		p.People.Integrator, p.People.Manager, p.People.Commercial, nextAt, nextKind, p.Silence, p.WaitingAt, p.LastClientAt,
		p.ReplyToken, strings.ToLower(strings.Join(words, "\n")), asJSON{p}, p.DueAt, p.CreatedAt, p.UpdatedAt}
}

// scanProject reads the columns "document, due_at": a claim moves that column
// and leaves the document.
func scanProject(rows *sql.Rows) (p project.Project, err error) {
	var due time.Time
	err = rows.Scan(object{&p}, instant{&due})
	p.DueAt = due
	return p, err
}

const projectSelect = "SELECT document, due_at FROM project "

// InsertProject commits a new one and its events. Errors: conflict when the id
// is taken.
func (db *DB) InsertProject(ctx context.Context, p project.Project, events []posta.Event) error {
	err := db.write(ctx, func(t *tx) error {
		if err := t.insert(row{"project", projectColumns, projectValues(p)}); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil {
		db.notifier.tell(TopicEvent)
	}
	return err
}

// Project finds one. Errors: not_found.
func (db *DB) Project(ctx context.Context, m posta.MerchantID, id posta.ProjectID) (project.Project, error) {
	return one(db.read(ctx), scanProject, projectSelect+"WHERE merchant_id = ? AND id = ?", m, id)
}

// ProjectByReplyToken finds the project that a reply address names. Errors:
// not_found.
func (db *DB) ProjectByReplyToken(ctx context.Context, token string) (project.Project, error) {
	return one(db.read(ctx), scanProject, projectSelect+"WHERE reply_token = ?", token)
}

// Waiting lists the merchant's waiting list, the longest waiting first.
func (db *DB) Waiting(ctx context.Context, m posta.MerchantID) ([]project.Project, error) {
	return all(db.read(ctx), scanProject, projectSelect+"WHERE merchant_id = ? AND waiting_at > 0 ORDER BY waiting_at, id", m)
}

// Active lists the merchant's projects that take up capacity, by name.
func (db *DB) Active(ctx context.Context, m posta.MerchantID) ([]project.Project, error) {
	return all(db.read(ctx), scanProject, projectSelect+"WHERE merchant_id = ? AND stage NOT IN (?, ?) ORDER BY name, id", m, project.Backlog, project.HandedOff)
}

// WaitingDesks lists the merchants whose waiting list is not empty.
func (db *DB) WaitingDesks(ctx context.Context) ([]posta.MerchantID, error) {
	return all(db.read(ctx), scalar[posta.MerchantID], "SELECT DISTINCT merchant_id FROM project WHERE waiting_at > 0 ORDER BY merchant_id")
}

// ClaimProjects takes projects whose DueAt has come, the longest due first, and
// moves it to now+lease.
func (db *DB) ClaimProjects(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]project.Project, error) {
	return claim(ctx, db, "project", "document, due_at", scanProject, now, lease, limit)
}

// ProjectEvents lists the events of a project, oldest first, positioned or not.
func (db *DB) ProjectEvents(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]posta.Event, error) {
	return all(db.read(ctx), scanEvent, eventSelect+"WHERE payment_id = '' AND subject = ? AND merchant_id = ? ORDER BY seq", id, m)
}

// ChangeProject loads one, nobody else changing it meanwhile, lets change alter
// it, and commits it with what change adds. An error of change commits nothing
// and is returned as it is. change may run more than once, each time with a
// fresh Record, and must not call the store. Errors: not_found.
func (db *DB) ChangeProject(ctx context.Context, m posta.MerchantID, id posta.ProjectID, change func(*project.Record) error) (project.Record, error) {
	return db.changeProject(ctx, m, id, func(*tx, *project.Record) error { return nil }, change)
}

// ChangeActive is ChangeProject while no other project of the merchant changes
// between active and not: Record.Load and First are right until it commits. It waits for
// the merchant's turn first and locks the project after it.
func (db *DB) ChangeActive(ctx context.Context, m posta.MerchantID, id posta.ProjectID, change func(*project.Record) error) (project.Record, error) {
	return db.changeProject(ctx, m, id, func(t *tx, r *project.Record) error {
		if _, err := t.exec(`INSERT INTO desk_turn (merchant_id, taken) VALUES (?, 1)
			ON CONFLICT (merchant_id) DO UPDATE SET taken = desk_turn.taken + 1`, m); err != nil {
			return err
		}
		type count struct {
			who posta.UserID
			n   int
		}
		counts, err := all(t, func(rows *sql.Rows) (c count, err error) {
			err = rows.Scan(&c.who, &c.n)
			return c, err
		}, "SELECT integrator, COUNT(*) FROM project WHERE merchant_id = ? AND stage NOT IN (?, ?) AND id <> ? GROUP BY integrator",
			m, project.Backlog, project.HandedOff, id)
		r.Load = map[posta.UserID]int{}
		for _, c := range counts {
			r.Load[c.who] = c.n
		}
		if err != nil {
			return err
		}
		type place struct {
			who posta.UserID
			id  posta.ProjectID
		}
		waiting, err := all(t, func(rows *sql.Rows) (p place, err error) {
			err = rows.Scan(&p.who, &p.id)
			return p, err
		}, "SELECT integrator, id FROM project WHERE merchant_id = ? AND waiting_at > 0 ORDER BY waiting_at, id", m)
		r.First = map[posta.UserID]posta.ProjectID{}
		for _, p := range waiting {
			if r.First[p.who] == "" {
				r.First[p.who] = p.id
			}
		}
		return err
	}, change)
}

func (db *DB) changeProject(ctx context.Context, m posta.MerchantID, id posta.ProjectID, prepare func(*tx, *project.Record) error,
	change func(*project.Record) error) (project.Record, error) {
	var out project.Record
	err := db.write(ctx, func(t *tx) error {
		var r project.Record
		err := prepare(t, &r)
		if err != nil {
			return err
		}
		if r.Project, err = one(t, scanProject, projectSelect+"WHERE merchant_id = ? AND id = ?"+t.dialect.forUpdate(), m, id); err != nil {
			return err
		}
		clocks, kept, err := openClocks(t, m, id)
		if err != nil {
			return err
		}
		r.Clocks = clocks
		before := plain(projectValues(r.Project))
		if err := change(&r); err != nil {
			return err
		}
		out = r
		if r.Project.ID != id || r.Project.MerchantID != m {
			return posta.Errorf(posta.CodeInternal, "a change gave %s another name", id)
		}
		if now := plain(projectValues(r.Project)); !reflect.DeepEqual(before, now) {
			columns, values := changed(projectColumns, before, now)
			if err := t.must("UPDATE project SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, m, id)...); err != nil {
				return err
			}
		}
		if err := saveThread(t, r, kept); err != nil {
			return err
		}
		return insertEvents(t, r.Events)
	})
	if err != nil {
		return project.Record{}, err
	}
	if len(out.Events) > 0 {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

// boardKeeps is how long the board shows what was handed off.
const boardKeeps = 30 * 24 * time.Hour

// Cards lists projects as the board shows them, those of a stage the longest in
// it first.
func (db *DB) Cards(ctx context.Context, f project.Filter) ([]project.Card, error) {
	w := &where{}
	w.and("project.merchant_id = ?", f.MerchantID)
	is(w, "stage", f.Stage)
	is(w, "product", f.Product)
	if f.Person != "" {
		w.and("(integrator = ? OR manager = ? OR commercial = ?)", f.Person, f.Person, f.Person)
	}
	if f.Late {
		w.and("questions.first > 0 AND questions.first <= ?", f.Now)
	}
	if f.Silent {
		w.and("silence > 0")
	}
	if !f.Closed {
		w.and("(stage <> ? OR stage_at > ?)", project.HandedOff, f.Now.Add(-boardKeeps))
	}
	for _, word := range strings.Fields(strings.ToLower(f.Search)) {
		w.and("words LIKE ? ESCAPE '!'", like(word))
	}
	return all(db.read(ctx), scanCard, "SELECT "+cardColumns+`, COALESCE(questions.first, 0), COALESCE(questions.n, 0) FROM project
		LEFT JOIN (SELECT project_id, MIN(limit_at) AS first, COUNT(*) AS n FROM response_clock
			WHERE merchant_id = ? AND stopped_at = 0 GROUP BY project_id) AS questions ON questions.project_id = project.id`+
		w.text()+" ORDER BY stage_at, id", append([]any{f.MerchantID}, w.args...)...)
}

func scanCard(rows *sql.Rows) (c project.Card, err error) {
	var m posta.MerchantID
	err = rows.Scan(&c.ID, &m, &c.Name, &c.Client, &c.Product, &c.Template.Key, &c.Template.Version, &c.Stage, instant{&c.StageAt},
		&c.People.Integrator, &c.People.Manager, &c.People.Commercial, instant{&c.NextAt}, &c.NextKind, &c.Silence, instant{&c.WaitingAt},
		instant{&c.LastMailAt}, instant{&c.LimitAt}, &c.Questions)
	return c, err
}
