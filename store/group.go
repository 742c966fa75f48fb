package store

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"

	"posta"
)

// A commit costs a sync to disk, whatever it holds. So concurrent writes share
// one: whoever waits while a commit is under way goes into the next. Nothing
// waits for company.
//
// On SQLite every write goes this way, each of several statements in a
// SAVEPOINT of its own; on
// PostgreSQL the plain inserts do, many rows to a statement.

const (
	maxBatch   = 256
	committers = 3 // batches under way at once on PostgreSQL
)

// request is one write that waits for a commit.
type request struct {
	ctx  context.Context // never canceled: what is in a batch is finished
	do   func(*tx) error // on SQLite, and where gate is set
	rows []row           // on PostgreSQL
	key  string          // on PostgreSQL: what it may clash about
	gate string          // on PostgreSQL: the connection whose gate must be open for rows; "" for none
	lone bool            // on SQLite: one statement, which by itself happens whole or not at all
	err  error
	done chan struct{}
}

// group hands requests to the goroutines that commit them.
type group struct {
	queue    chan *request // without buffer: what is in it is not yet taken
	stopping chan struct{}
	running  sync.WaitGroup
	ended    func() // after the last commit; may be nil
}

func (g *group) start(workers int, commit func([]*request)) {
	g.queue = make(chan *request)
	g.stopping = make(chan struct{})
	for range workers {
		g.running.Go(func() {
			for {
				select {
				case r := <-g.queue:
					batch := g.gather(r)
					commit(batch)
					for _, r := range batch {
						close(r.done)
					}
				case <-g.stopping:
					return
				}
			}
		})
	}
}

// gather takes everything that waits.
func (g *group) gather(first *request) []*request {
	batch := []*request{first}
	runtime.Gosched() // those just answered may have the next ready
	for len(batch) < maxBatch {
		select {
		case r := <-g.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

func (g *group) stop() {
	if g.stopping == nil {
		return
	}
	close(g.stopping)
	g.running.Wait()
	if g.ended != nil {
		g.ended()
	}
}

// submit waits until the request is committed or failed. A caller that goes
// away before its request is taken leaves nothing; one that goes away later is
// answered all the same, so that what the request filled in is never read
// while it is written.
func (g *group) submit(ctx context.Context, r *request) error {
	r.ctx, r.done = context.WithoutCancel(ctx), make(chan struct{})
	if err := ctx.Err(); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "store: %w", err)
	}
	select {
	case g.queue <- r:
		<-r.done
		return r.err
	case <-ctx.Done():
		return posta.Errorf(posta.CodeUnavailable, "store: %w", ctx.Err())
	case <-g.stopping:
		return posta.Errorf(posta.CodeUnavailable, "store: %w", errClosed)
	}
}

var errClosed = errors.New("the database is closed")

// write commits what do does, or nothing if it gives an error, which is
// returned as it is. do may run more than once, and must not call the store.
func (db *DB) write(ctx context.Context, do func(*tx) error) error {
	if db.dialect == SQLite {
		return db.group.submit(ctx, &request{do: do})
	}
	return db.transact(ctx, do)
}

// single is write for a do that runs exactly one statement, which by itself
// happens whole or not at all: it needs no transaction around it.
func (db *DB) single(ctx context.Context, do func(*tx) error) error {
	if db.dialect == SQLite {
		return db.group.submit(ctx, &request{do: do, lone: true})
	}
	return db.retry(ctx, func() error { return db.alone(ctx, do) })
}

// insert commits rows, all or none. Concurrent calls share a commit. Two calls
// that may clash about something unique have the same key.
func (db *DB) insert(ctx context.Context, key string, rows ...row) error {
	if db.dialect == Postgres {
		return db.group.submit(ctx, &request{rows: rows, key: key})
	}
	return db.group.submit(ctx, &request{do: inserting(rows), lone: len(rows) == 1})
}

func inserting(rows []row) func(*tx) error {
	return func(t *tx) error {
		for _, r := range rows {
			if err := t.insert(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// guarded runs do and makes an error of a panic: one bad request must not take
// the writer along.
func guarded(do func(*tx) error, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = posta.Errorf(posta.CodeInternal, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do(t)
}
