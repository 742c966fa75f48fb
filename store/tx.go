package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"

	"posta"
)

// runner is what carries statements: a transaction, a pool, or either of them
// with its statements prepared.
type runner interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// tx is what unexported functions speak to the database through. Its errors
// are *posta.Error.
type tx struct {
	ctx     context.Context
	dialect Dialect
	run     runner
}

// exec runs a statement and gives how many rows it touched.
func (t *tx) exec(text string, args ...any) (int, error) {
	result, err := t.run.ExecContext(t.ctx, t.dialect.rebind(text), plain(args)...)
	if err != nil {
		return 0, t.dialect.fault(err)
	}
	n, err := result.RowsAffected()
	return int(n), t.dialect.fault(err)
}

// must runs a statement that touches what is there: not_found if it is not.
func (t *tx) must(text string, args ...any) error {
	n, err := t.exec(text, args...)
	if err == nil && n == 0 {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	return err
}

// insert adds one row.
func (t *tx) insert(r row) error {
	_, err := t.exec(r.text(), r.values...)
	return err
}

// all gives the rows of a query.
func all[T any](t *tx, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	rows, err := t.run.QueryContext(t.ctx, t.dialect.rebind(text), plain(args)...)
	if err != nil {
		return nil, t.dialect.fault(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, t.dialect.fault(err)
		}
		out = append(out, v)
	}
	return out, t.dialect.fault(rows.Err())
}

// one gives the first row of a query; not_found if there is none.
func one[T any](t *tx, scan func(*sql.Rows) (T, error), text string, args ...any) (T, error) {
	found, err := all(t, scan, text, args...)
	if err == nil && len(found) == 0 {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return found[0], nil
}

// scalar scans a row of one column.
func scalar[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

// row is what goes into a table: insertable one by one and many at once.
type row struct {
	table   string
	columns string // separated by ", "
	values  []any
}

func (r row) text() string {
	return "INSERT INTO " + r.table + " (" + r.columns + ") VALUES (?" + strings.Repeat(", ?", len(r.values)-1) + ")"
}

// assignments makes "a = ?, b = ?" of "a, b".
func assignments(columns string) string { return strings.ReplaceAll(columns, ", ", " = ?, ") + " = ?" }

// preparer is a pool or a connection.
type preparer interface {
	runner
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

// prepared runs each text as a statement prepared once. SQLite's driver keeps
// none by itself; PostgreSQL's does.
type prepared struct {
	on    preparer
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

// maxPrepared bounds the cache: lists are built of many optional parts.
const maxPrepared = 256

func newPrepared(on preparer) *prepared { return &prepared{on: on, stmts: map[string]*sql.Stmt{}} }

func (p *prepared) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.stmts[text]; ok {
		return s, nil
	}
	if len(p.stmts) >= maxPrepared {
		return nil, nil
	}
	s, err := p.on.PrepareContext(ctx, text)
	if err == nil {
		p.stmts[text] = s
	}
	return s, err
}

// ExecContext runs a statement.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	s, err := p.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return p.on.ExecContext(ctx, text, args...)
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs a query.
func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := p.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return p.on.QueryContext(ctx, text, args...)
	}
	return s.QueryContext(ctx, args...)
}

func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stmts {
		_ = s.Close()
	}
	p.stmts = map[string]*sql.Stmt{}
}
