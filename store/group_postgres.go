package store

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	writeLimit = 30 * time.Second // for one transaction
	writeTries = 10               // against others that win
)

// transact runs do in a transaction of its own, again when another one won. A
// caller that goes away is heeded while it waits for a connection; what has
// begun is finished.
func (db *DB) transact(ctx context.Context, do func(*tx) error) error {
	return db.retry(ctx, func() error { return db.transactOnce(ctx, do) })
}

// retry runs once again what met a deadlock or the like.
func (db *DB) retry(ctx context.Context, once func() error) error {
	for try := 1; ; try++ {
		err := once()
		if err == nil || !db.dialect.again(err) || try == writeTries {
			return err
		}
		pause := time.NewTimer(rand.N(time.Millisecond << try))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

func (db *DB) transactOnce(ctx context.Context, do func(*tx) error) error {
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return db.dialect.fault(err)
	}
	defer conn.Close()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	begun, err := conn.BeginTx(limited, nil)
	if err != nil {
		return db.dialect.fault(err)
	}
	if err := guarded(do, &tx{ctx: limited, dialect: db.dialect, run: begun}); err != nil {
		_ = begun.Rollback()
		return err
	}
	return db.dialect.fault(begun.Commit())
}

// alone runs one statement without a transaction of its own.
func (db *DB) alone(ctx context.Context, do func(*tx) error) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	return guarded(do, &tx{ctx: limited, dialect: db.dialect, run: db.writer})
}

func (g *group) startPostgres(db *DB) { g.start(committers, db.commitRows) }

// commitRows inserts the rows of all requests in one round trip and commit;
// when that fails for something in one of them, in halves, down to the one.
func (db *DB) commitRows(batch []*request) {
	// The same order everywhere: two batches that clash wait for each other
	// instead of both for ever.
	slices.SortStableFunc(batch, func(a, b *request) int { return cmp.Compare(a.key, b.key) })
	err := db.sendRows(batch)
	if err != nil && pgconn.SafeToRetry(err) {
		err = db.sendRows(batch)
	}
	switch {
	case err == nil:
	case db.dialect.down(err):
		fail(batch, db.dialect.fault(err))
	case len(batch) == 1 && batch[0].gate != "" && (pgCode(err) == pgDivision || db.dialect.again(err)):
		batch[0].err = db.transact(batch[0].ctx, batch[0].do)
	case len(batch) == 1 && db.dialect.again(err):
		batch[0].err = db.transact(batch[0].ctx, inserting(batch[0].rows))
	case len(batch) == 1:
		batch[0].err = db.dialect.fault(err)
	default:
		half := len(batch) / 2
		db.commitRows(batch[:half])
		db.commitRows(batch[half:])
	}
}

func (db *DB) sendRows(batch []*request) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		return driver.(*stdlib.Conn).Conn().SendBatch(ctx, gathered(batch)).Close()
	})
}

// gathered makes one INSERT for each table, in the order in which the requests
// name them. Statements sent together are one transaction.
func gathered(batch []*request) *pgx.Batch {
	var tables []string
	byTable := map[string][]row{}
	for _, request := range batch {
		for _, r := range request.rows {
			if byTable[r.table] == nil {
				tables = append(tables, r.table)
			}
			byTable[r.table] = append(byTable[r.table], r)
		}
	}
	out := &pgx.Batch{}
	if gates := gatesOf(batch); len(gates) > 0 {
		out.Queue(openGates, gates, len(gates))
	}
	for _, table := range tables {
		text, args := unnested(byTable[table])
		out.Queue(text, args...)
	}
	return out
}

// openGates fails, dividing by zero, unless these gates are open, and keeps them
// so until the commit. Who fails is tried alone, with a look at how its gate stands.
const openGates = `SELECT 1 / CASE WHEN (SELECT COUNT(*) FROM (SELECT 1 FROM gate
	WHERE connection_id = ANY($1::text[]) AND state = 'open' FOR SHARE) AS held) = $2::bigint THEN 1 ELSE 0 END`

// gatesOf lists the connections whose gates must be open.
func gatesOf(batch []*request) (gates []string) {
	for _, r := range batch {
		if r.gate != "" && !slices.Contains(gates, r.gate) {
			gates = append(gates, r.gate)
		}
	}
	return gates
}

// unnested inserts rows from one array for each column: the text does not
// depend on how many there are.
func unnested(rows []row) (string, []any) {
	first := plain(rows[0].values)
	types := make([]string, len(first))
	columns := make([]any, len(first))
	for i, v := range first {
		switch v.(type) {
		case int64:
			types[i], columns[i] = "?::bigint[]", make([]int64, 0, len(rows))
		case []byte:
			types[i], columns[i] = "?::bytea[]", make([][]byte, 0, len(rows))
		default:
			types[i], columns[i] = "?::text[]", make([]*string, 0, len(rows)) // nil is NULL
		}
	}
	for _, r := range rows {
		for i, v := range plain(r.values) {
			switch v := v.(type) {
			case int64:
				columns[i] = append(columns[i].([]int64), v)
			case []byte:
				columns[i] = append(columns[i].([][]byte), v)
			case string:
				columns[i] = append(columns[i].([]*string), &v)
			case nil:
				columns[i] = append(columns[i].([]*string), nil)
			default:
				panic(fmt.Sprintf("store: %T among many rows", v))
			}
		}
	}
	text := "INSERT INTO " + rows[0].table + " (" + rows[0].columns + ") SELECT * FROM unnest(" + strings.Join(types, ", ") + ")"
	return Postgres.rebind(text), columns
}
