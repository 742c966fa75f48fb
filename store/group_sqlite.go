package store

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"posta"
)

// sqliteWriter owns the one connection that writes. Only its goroutine uses it.
type sqliteWriter struct {
	db    *DB
	conn  *sql.Conn // nil until needed, and after it broke
	stmts *prepared
}

func (g *group) startSQLite(db *DB) {
	w := &sqliteWriter{db: db}
	g.ended = w.release
	g.start(1, w.commit)
}

// release gives the connection back, to be closed with its pool.
func (w *sqliteWriter) release() {
	if w.conn != nil {
		w.stmts.close()
		_ = w.conn.Close()
	}
}

func (w *sqliteWriter) exec(text string) error {
	_, err := w.stmts.ExecContext(context.Background(), text)
	return err
}

// begin starts a transaction, on a new connection if the last one broke.
func (w *sqliteWriter) begin() error {
	if w.conn != nil && w.exec("BEGIN IMMEDIATE") == nil {
		return nil
	}
	w.drop()
	conn, err := w.db.writer.Conn(context.Background())
	if err != nil {
		return w.db.dialect.fault(err)
	}
	w.conn, w.stmts = conn, newPrepared(conn)
	return w.db.dialect.fault(w.exec("BEGIN IMMEDIATE"))
}

func (w *sqliteWriter) drop() {
	if w.conn == nil {
		return
	}
	w.stmts.close()
	// What is called bad is closed, not handed out again in who knows what state.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn, w.stmts = nil, nil
}

// commit puts all requests into one transaction. When the transaction itself
// breaks, each gets one of its own.
func (w *sqliteWriter) commit(batch []*request) {
	if len(batch) == 1 {
		w.alone(batch[0])
		return
	}
	if err := w.begin(); err != nil {
		fail(batch, err)
		return
	}
	for _, r := range batch {
		if w.within(r) != nil {
			_ = w.exec("ROLLBACK") // it may be gone already: a full disk takes it along
			for _, r := range batch {
				w.alone(r)
			}
			return
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		_ = w.exec("ROLLBACK")
		fail(batch, w.db.dialect.fault(err))
	}
}

// within runs one request of many. An error of its own is the request's; one
// that it gives broke the transaction.
func (w *sqliteWriter) within(r *request) error {
	if r.lone {
		r.err = guarded(r.do, w.tx(r))
		switch posta.ErrorCode(r.err) {
		case "", posta.CodeConflict, posta.CodeNotFound:
			return nil
		}
		return r.err // the transaction may be gone with it
	}
	if err := w.exec("SAVEPOINT request"); err != nil {
		return err
	}
	r.err = guarded(r.do, w.tx(r))
	if r.err != nil {
		if err := w.exec("ROLLBACK TO request"); err != nil {
			return err
		}
	}
	return w.exec("RELEASE request")
}

func (w *sqliteWriter) alone(r *request) {
	if r.err = w.begin(); r.err != nil {
		return
	}
	r.err = guarded(r.do, w.tx(r))
	if r.err == nil {
		r.err = w.db.dialect.fault(w.exec("COMMIT"))
	}
	if r.err != nil {
		_ = w.exec("ROLLBACK")
	}
}

func (w *sqliteWriter) tx(r *request) *tx {
	return &tx{ctx: r.ctx, dialect: SQLite, run: w.stmts}
}

// fail answers those that have no error of their own.
func fail(batch []*request, err error) {
	for _, r := range batch {
		if r.err == nil {
			r.err = err
		}
	}
}
