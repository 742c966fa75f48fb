package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	_ "modernc.org/sqlite" // the driver named sqlite
)

// Record is one document as it stands after a change; a nil Doc is gone.
type Record struct {
	Kind, ID string
	Doc      []byte
}

// File keeps the documents. Callers push their changes and wait for them;
// one writer commits whatever has gathered in one transaction.
type File struct {
	db *sql.DB

	mu         sync.Mutex
	cond       *sync.Cond
	queue      []Record
	seq, done  int64
	err        error
	closed     bool
	writerDone chan struct{}
}

// Open opens the SQLite file, or makes it; "" keeps nothing.
func Open(path string) (*File, error) {
	f := &File{writerDone: make(chan struct{})}
	f.cond = sync.NewCond(&f.mu)
	if path == "" {
		close(f.writerDone)
		return f, nil
	}
	// Like the hub's: nobody else of this machine has business in it.
	made, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sim/journal: %w", err)
	}
	_ = made.Close()
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("sim/journal: open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS doc (kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID`); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sim/journal: open %s: %w", path, err)
	}
	f.db = db
	go f.write()
	return f, nil
}

// Push queues changes and returns the number to wait for. With none it
// returns the newest number, so that readers wait for what they saw.
func (f *File) Push(list []Record) int64 {
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

// Wait returns once the change of that number is on disk, or could not be put
// there.
func (f *File) Wait(seq int64) error {
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

func (f *File) write() {
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
			f.err = fmt.Errorf("sim/journal: commit: %w", err)
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

func (f *File) commit(list []Record) error {
	tx, err := f.db.Begin()
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Doc == nil {
			_, err = tx.Exec(`DELETE FROM doc WHERE kind = ? AND id = ?`, r.Kind, r.ID)
		} else {
			_, err = tx.Exec(`INSERT INTO doc (kind, id, body) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`, r.Kind, r.ID, r.Doc)
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// Each reads all documents, in the order of kind and id.
func (f *File) Each(visit func(kind, id string, doc []byte) error) error {
	if f.db == nil {
		return nil
	}
	rows, err := f.db.Query(`SELECT kind, id, body FROM doc ORDER BY kind, id`)
	if err != nil {
		return fmt.Errorf("sim/journal: read: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind, id string
		var doc []byte
		if err := rows.Scan(&kind, &id, &doc); err != nil {
			return fmt.Errorf("sim/journal: read: %w", err)
		}
		if err := visit(kind, id, doc); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Close commits what was pushed and closes the file.
func (f *File) Close() error {
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
