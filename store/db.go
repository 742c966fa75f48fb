// Package store keeps everything, in SQLite or PostgreSQL: all of Posta's SQL
// is here, one text for both. No rule lives in SQL, only integrity. An
// exported method owns its transaction; unexported functions take it.
//
// Errors are *posta.Error: not_found, conflict, what a method's own comment
// says, unavailable when the database cannot be used now, internal otherwise.
package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers "sqlite"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/idempotency"
	"posta/inbox"
	"posta/live"
	"posta/outbound"
	"posta/payment"
	"posta/settlement"
	"posta/till"
)

var (
	_ account.Store     = (*DB)(nil)
	_ golive.Store      = (*DB)(nil)
	_ idempotency.Store = (*DB)(nil)
	_ inbox.Store       = (*DB)(nil)
	_ live.Store        = (*DB)(nil)
	_ outbound.Store    = (*DB)(nil)
	_ payment.Store     = (*DB)(nil)
	_ settlement.Store  = (*DB)(nil)
	_ till.Keeper       = (*DB)(nil)
)

const (
	readers     = 8  // connections that read SQLite
	connections = 16 // to PostgreSQL
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect  Dialect
	clock    posta.Clock
	path     string          // of the SQLite file
	config   *pgx.ConnConfig // of PostgreSQL
	writer   *sql.DB         // SQLite: one connection; PostgreSQL: the pool
	reader   *sql.DB         // SQLite: query_only; PostgreSQL: the same pool
	reads    runner
	group    group
	notifier notifier
	closing  sync.Once
	closed   error
}

// Open opens the database at url: postgres://… or the path of a SQLite file,
// which is made if it is not there. It does not look at the schema: Migrate
// and Check do. Errors: invalid, unavailable.
func Open(ctx context.Context, url string, clock posta.Clock) (*DB, error) {
	db := &DB{clock: clock}
	var err error
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		err = db.openPostgres(ctx, url)
	} else {
		err = db.openSQLite(ctx, url)
	}
	if err != nil {
		if db.writer != nil {
			_ = db.Close()
		}
		return nil, err
	}
	return db, nil
}

func (db *DB) openPostgres(ctx context.Context, url string) error {
	db.dialect = Postgres
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The cause may quote the address with its password.
		return posta.Errorf(posta.CodeInvalid, "the database address is not of the form postgres://user:password@host:port/name")
	}
	db.config = config
	db.writer = stdlib.OpenDB(*config)
	db.writer.SetMaxOpenConns(connections)
	db.writer.SetMaxIdleConns(connections)
	db.reader, db.reads = db.writer, db.writer
	if err := db.writer.PingContext(ctx); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "PostgreSQL at %s: %w", config.Host, err)
	}
	db.notifier.start(db)
	db.group.startPostgres(db)
	return nil
}

func (db *DB) openSQLite(ctx context.Context, path string) error {
	db.dialect = SQLite
	db.path = strings.TrimPrefix(path, "file:")
	if db.path == "" || strings.ContainsAny(db.path, "?#") || strings.Contains(db.path, ":memory:") {
		return posta.Errorf(posta.CodeInvalid, "the database address %q is neither postgres:// nor the path of a file", path)
	}
	// Nobody else of this machine has business in it.
	if err := os.MkdirAll(filepath.Dir(db.path), 0o700); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "folder of the database: %w", err)
	}
	file, err := os.OpenFile(db.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return posta.Errorf(posta.CodeUnavailable, "database file: %w", err)
	}
	_ = file.Close()
	if db.writer, err = sql.Open("sqlite", sqliteName(db.path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")); err != nil {
		return posta.Errorf(posta.CodeInvalid, "database file: %w", err)
	}
	db.writer.SetMaxOpenConns(1)
	if err := db.writer.PingContext(ctx); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "database file %s: %w", db.path, err)
	}
	if db.reader, err = sql.Open("sqlite", sqliteName(db.path, "query_only(1)")); err != nil {
		return posta.Errorf(posta.CodeInvalid, "database file: %w", err)
	}
	db.reader.SetMaxOpenConns(readers)
	db.reader.SetMaxIdleConns(readers)
	db.reads = newPrepared(db.reader)
	db.group.startSQLite(db)
	return nil
}

// sqliteName is the driver's name of the file; busy_timeout comes before any
// pragma that may have to wait.
func sqliteName(path string, pragmas ...string) string {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + query.Encode()
}

// Dialect tells which database it is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Close finishes the writes under way and closes the database.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.group.stop()
		db.notifier.stop()
		if p, ok := db.reads.(*prepared); ok {
			p.close()
		}
		// The writer goes last: SQLite's last connection puts what is in the
		// write-ahead log into the database, which one that only reads cannot.
		if db.reader != nil && db.reader != db.writer {
			db.closed = db.reader.Close()
		}
		db.closed = errors.Join(db.closed, db.writer.Close())
	})
	return db.closed
}

// read gives what reads outside of any transaction.
func (db *DB) read(ctx context.Context) *tx { return &tx{ctx: ctx, dialect: db.dialect, run: db.reads} }
