package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"posta"
)

// Dialect is one of the two databases. What must differ between them is a
// method of it; all other SQL is one text.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

var rebound sync.Map // text with ? → text with $1, $2…

// rebind writes a text's ? as the database wants them. No text holds a ? that
// is not a placeholder.
func (d Dialect) rebind(text string) string {
	if d != Postgres {
		return text
	}
	if done, ok := rebound.Load(text); ok {
		return done.(string)
	}
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	rebound.Store(text, b.String())
	return b.String()
}

// forUpdate locks the rows of a SELECT until the transaction ends. SQLite has
// one writer: everything is locked already.
func (d Dialect) forUpdate() string {
	if d == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// skipLocked locks the rows of a SELECT and leaves out those that another
// transaction holds.
func (d Dialect) skipLocked() string {
	if d == Postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// hasTable asks whether there is a table of the name.
func (d Dialect) hasTable() string {
	if d == Postgres {
		return "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass(?)"
	}
	return "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
}

// SQLite's result codes, https://www.sqlite.org/rescode.html
const (
	sqliteBusy       = 5
	sqliteNoMemory   = 7
	sqliteReadOnly   = 8
	sqliteIO         = 10
	sqliteFull       = 13
	sqliteCannotOpen = 14
	sqlitePrimaryKey = 19 | 6<<8
	sqliteUnique     = 19 | 8<<8
	sqliteForeignKey = 19 | 3<<8
)

// PostgreSQL's, https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	pgDivision      = "22012"
	pgForeignKey    = "23503"
	pgUnique        = "23505"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
)

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// duplicate reports whether something unique was there already.
func (d Dialect) duplicate(err error) bool {
	if d == Postgres {
		return pgCode(err) == pgUnique
	}
	code := sqliteCode(err)
	return code == sqliteUnique || code == sqlitePrimaryKey
}

// dangling reports whether a row named another that is not there.
func (d Dialect) dangling(err error) bool {
	if d == Postgres {
		return pgCode(err) == pgForeignKey
	}
	return sqliteCode(err) == sqliteForeignKey
}

// again reports whether the transaction only lost against another one.
func (d Dialect) again(err error) bool {
	code := pgCode(err)
	return d == Postgres && (code == pgSerialization || code == pgDeadlock)
}

// down reports whether the database cannot be used now: gone, full, closed.
func (d Dialect) down(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) {
		return true
	}
	if d == SQLite {
		switch sqliteCode(err) & 0xff {
		case sqliteBusy, sqliteNoMemory, sqliteReadOnly, sqliteIO, sqliteFull, sqliteCannotOpen:
			return true
		}
		return strings.HasSuffix(err.Error(), "sql: database is closed") // database/sql has no value for it
	}
	if code := pgCode(err); code != "" {
		switch code[:2] {
		case "08", "53", "57", "58": // connection, resources, operator, system
			return true
		}
		return code == "25006" // read-only: a standby
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(err.Error(), "sql: database is closed") ||
		strings.HasSuffix(err.Error(), "conn closed")
}

// fault makes of a database's error one of ours.
func (d Dialect) fault(err error) error {
	if err == nil {
		return nil
	}
	var known *posta.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return &posta.Error{Code: posta.CodeNotFound}
	case d.duplicate(err):
		return posta.Errorf(posta.CodeConflict, "store: %w", err)
	case d.dangling(err):
		return posta.Errorf(posta.CodeNotFound, "store: %w", err)
	case d.again(err), d.down(err):
		return posta.Errorf(posta.CodeUnavailable, "store: %w", err)
	}
	return posta.Errorf(posta.CodeInternal, "store: %w", err)
}
