package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"posta/outbound"
)

// Overdue is work of one table that waits longer than it should.
type Overdue struct {
	Table  string    `json:"table"`
	Rows   int64     `json:"rows"`
	Oldest time.Time `json:"oldest"` // when the longest waiting was due
}

// tablesWith asks for the tables that have columns of a pattern, and those
// columns.
func (d Dialect) tablesWith() string {
	if d == Postgres {
		return `SELECT table_name, column_name FROM information_schema.columns
			WHERE table_schema = current_schema() AND column_name LIKE ? ESCAPE '!' ORDER BY 1, 2`
	}
	return `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND c.name LIKE ? ESCAPE '!' ORDER BY 1, 2`
}

func (d Dialect) size() string {
	if d == Postgres {
		return "SELECT pg_database_size(current_database())"
	}
	return "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
}

func scanPair(rows *sql.Rows) (p [2]string, err error) {
	err = rows.Scan(&p[0], &p[1])
	return p, err
}

// Overdue tells what is due at now, by table: columns named due_at, or
// SOMETHING_due_at, are due times in every table (docs/decisions.md, "A due time
// is its own lease").
func (db *DB) Overdue(ctx context.Context, now time.Time) ([]Overdue, error) {
	columns, err := all(db.read(ctx), scanPair, db.dialect.tablesWith(), "%due!_at")
	if err != nil {
		return nil, err
	}
	var out []Overdue
	for _, c := range columns {
		o := Overdue{Table: c[0]}
		found, err := one(db.read(ctx), func(rows *sql.Rows) (Overdue, error) {
			err := rows.Scan(&o.Rows, instant{&o.Oldest})
			return o, err
		}, fmt.Sprintf("SELECT COUNT(*), COALESCE(MIN(%[2]s), 0) FROM %[1]s WHERE %[2]s > 0 AND %[2]s <= ?", quoted(c[0]), quoted(c[1])), now)
		if err != nil {
			return nil, err
		}
		if found.Rows > 0 {
			out = append(out, found)
		}
	}
	return out, nil
}

// quoted is a name that the database itself gave, as a name.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Rows counts the rows of every table.
func (db *DB) Rows(ctx context.Context) (map[string]int64, error) {
	columns, err := all(db.read(ctx), scanPair, db.dialect.tablesWith(), "%")
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, c := range columns {
		if _, counted := out[c[0]]; counted {
			continue
		}
		if out[c[0]], err = one(db.read(ctx), scalar[int64], "SELECT COUNT(*) FROM "+quoted(c[0])); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Size is how much the database takes, in bytes.
func (db *DB) Size(ctx context.Context) (int64, error) {
	return one(db.read(ctx), scalar[int64], db.dialect.size())
}

// Schema is the version that the database has, 0 for none, and the one that
// this program needs.
func (db *DB) Schema(ctx context.Context) (has, needs int64, err error) {
	has, err = db.schema(ctx)
	return has, newest(), err
}

// LastCalls lists the newest exchanges with providers, of all merchants.
func (db *DB) LastCalls(ctx context.Context, limit int) ([]outbound.Call, error) {
	return all(db.read(ctx), scanCall, "SELECT "+callColumns+" FROM provider_call ORDER BY id DESC LIMIT ?", limit)
}

// Known lists what people are called and addressed by in the columns named
// after it, in every table, at most limit of each: what a support bundle must
// not hold.
func (db *DB) Known(ctx context.Context, limit int) ([]string, error) {
	var out []string
	for _, column := range []string{"name", "email", "%phone", "cuit"} {
		columns, err := all(db.read(ctx), scanPair, db.dialect.tablesWith(), column)
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			if c[0] == "certificate" {
				continue
			}
			found, err := all(db.read(ctx), scalar[string], fmt.Sprintf("SELECT DISTINCT CAST(%[2]s AS TEXT) FROM %[1]s LIMIT ?", quoted(c[0]), quoted(c[1])), limit)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}
