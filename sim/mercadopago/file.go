package mercadopago

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	_ "modernc.org/sqlite" // the driver named sqlite
)

// record is one document as it stands after a change; a nil doc is gone.
type record struct {
	kind, id string
	doc      []byte
}

// file keeps the documents. Callers push their changes and wait for them;
// one writer commits whatever has gathered in one transaction.
type file struct {
	db *sql.DB

	mu         sync.Mutex
	cond       *sync.Cond
	queue      []record
	seq, done  int64
	err        error
	closed     bool
	writerDone chan struct{}
}

func openFile(path string) (*file, error) {
	f := &file{writerDone: make(chan struct{})}
	f.cond = sync.NewCond(&f.mu)
	if path == "" {
		close(f.writerDone)
		return f, nil
	}
	// Like the hub's: nobody else of this machine has business in it.
	made, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sim/mercadopago: %w", err)
	}
	_ = made.Close()
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("sim/mercadopago: open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS doc (kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID`); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sim/mercadopago: open %s: %w", path, err)
	}
	f.db = db
	go f.write()
	return f, nil
}

// push queues changes and returns the number to wait for. With none it
// returns the newest number, so that readers wait for what they saw.
func (f *file) push(list []record) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(list) > 0 {
		f.seq++
		if f.db == nil {
			f.done = f.seq
			return f.seq
		}
		f.queue = append(f.queue, list...)
		f.cond.Broadcast()
	}
	return f.seq
}

func (f *file) wait(seq int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.done < seq && f.err == nil {
		f.cond.Wait()
	}
	if f.done >= seq {
		return nil
	}
	return f.err
}

func (f *file) write() {
	defer close(f.writerDone)
	for {
		f.mu.Lock()
		for len(f.queue) == 0 && !f.closed {
			f.cond.Wait()
		}
		list, seq := f.queue, f.seq
		f.queue = nil
		closed := f.closed
		f.mu.Unlock()
		if len(list) == 0 && closed {
			return
		}
		err := f.commit(list)
		f.mu.Lock()
		if err != nil {
			f.err = fmt.Errorf("sim/mercadopago: commit: %w", err)
		} else {
			f.done = seq
		}
		f.cond.Broadcast()
		f.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (f *file) commit(list []record) error {
	tx, err := f.db.Begin()
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.doc == nil {
			_, err = tx.Exec(`DELETE FROM doc WHERE kind = ? AND id = ?`, r.kind, r.id)
		} else {
			_, err = tx.Exec(`INSERT INTO doc (kind, id, body) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`, r.kind, r.id, r.doc)
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// each reads all documents.
func (f *file) each(visit func(kind, id string, doc []byte) error) error {
	if f.db == nil {
		return nil
	}
	rows, err := f.db.Query(`SELECT kind, id, body FROM doc ORDER BY kind, id`)
	if err != nil {
		return fmt.Errorf("sim/mercadopago: read: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind, id string
		var doc []byte
		if err := rows.Scan(&kind, &id, &doc); err != nil {
			return fmt.Errorf("sim/mercadopago: read: %w", err)
		}
		if err := visit(kind, id, doc); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (f *file) close() error {
	f.mu.Lock()
	f.closed = true
	f.cond.Broadcast()
	f.mu.Unlock()
	<-f.writerDone
	if f.db == nil {
		return nil
	}
	return f.db.Close()
}
