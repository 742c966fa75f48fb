package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is PostgreSQL's, on which replicas tell each other that there is
// something to do.
const channel = "posta"

// The topics that Listen hears of.
const (
	TopicNotification = "notification" // notifications came in or were replayed
	TopicEvent        = "event"        // events were committed
)

// notifier tells the other replicas, after the commit and never holding it up:
// PostgreSQL lets only one transaction with a NOTIFY commit at a time. What is
// told while a message is under way goes into the next. A message lost is no
// harm: it only says to look now and not a moment later.
type notifier struct {
	mu     sync.Mutex
	topics map[string]bool
	poke   chan struct{} // nil on SQLite, where there is nobody to tell
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func (n *notifier) start(db *DB) {
	ctx, cancel := context.WithCancel(context.Background())
	n.topics, n.poke, n.cancel = map[string]bool{}, make(chan struct{}, 1), cancel
	n.ended.Go(func() {
		for {
			select {
			case <-n.poke:
			case <-ctx.Done():
				return
			}
			for topic := range n.take() {
				_, _ = db.writer.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, topic)
			}
		}
	})
}

func (n *notifier) stop() {
	if n.cancel != nil {
		n.cancel()
		n.ended.Wait()
	}
}

func (n *notifier) take() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	topics := n.topics
	n.topics = map[string]bool{}
	return topics
}

// tell says that there is something to do.
func (n *notifier) tell(topic string) {
	if n.poke == nil {
		return
	}
	n.mu.Lock()
	n.topics[topic] = true
	n.mu.Unlock()
	select {
	case n.poke <- struct{}{}:
	default:
	}
}

// Listen calls heard with a topic whenever a replica, this one included,
// committed work of it, until ctx is done; and with each topic whenever it
// (re)connects, since anything may have been missed. On SQLite, which serves
// one process, it only waits for ctx.
func (db *DB) Listen(ctx context.Context, heard func(topic string)) {
	if db.dialect == SQLite {
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		db.listen(ctx, heard)
		pause := time.NewTimer(time.Second)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// listen hears on one connection of its own until it breaks.
func (db *DB) listen(ctx context.Context, heard func(topic string)) {
	conn, err := pgx.ConnectConfig(ctx, db.config.Copy())
	if err != nil {
		return
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return
	}
	heard(TopicNotification)
	heard(TopicEvent)
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		heard(n.Payload)
	}
}
