package e2e_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
)

// TestP45_BackupUnderLoadRestoresToOneMoment backs up a hub that sells, three
// times, and puts the last copy in a fresh folder with the sealing key: a hub
// starts on it, asks about what was open, and agrees with the provider's books.
// SQLite is copied by the hub itself, PostgreSQL by pg_dump.
//
// Sabotage that turns it red: store.Backup copies the file of the database
// instead of VACUUM INTO.
func TestP45_BackupUnderLoadRestoresToOneMoment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if db.Dialect() == store.SQLite {
			backUpAndRestore(t, filepath.Join(t.TempDir(), "posta.db"), byPosta{})
			return
		}
		from := newPostgres(t)
		if got := postaIn(t, t.TempDir(), "", "backup", "--database", from, "copy.db"); got.code != 3 || !strings.Contains(got.err, "pg_dump") {
			t.Errorf("posta backup of PostgreSQL: %+v", got)
		}
		backUpAndRestore(t, from, byDump{})
	})
}

// keeper makes copies, opens them to look into, and puts one back.
type keeper interface {
	backUp(t *testing.T, k *killRun, file string)
	open(t *testing.T, file string) *sql.DB
	restore(t *testing.T, file, data string) (database string)
}

func backUpAndRestore(t *testing.T, database string, by keeper) {
	k := newKillRun(t, database)
	var selling sync.WaitGroup
	for i, id := range k.tills {
		selling.Go(func() { k.sell(id, rand.New(rand.NewPCG(uint64(i), 45))) })
	}
	folder, last := t.TempDir(), ""
	var known []posta.PaymentID
	for n := range 3 {
		sold := k.sales.Load()
		eventually(t, 60*time.Second, func() string {
			if k.sales.Load() < sold+30 {
				return "too few sales"
			}
			return ""
		})
		known = nil // acknowledged before the copy was begun
		k.created.Range(func(_, id any) bool { known = append(known, id.(posta.PaymentID)); return true })
		last = filepath.Join(folder, fmt.Sprintf("copy-%d", n))
		by.backUp(t, k, last)
	}
	after := k.sales.Load()
	eventually(t, 60*time.Second, func() string {
		if k.sales.Load() < after+30 {
			return "no load after the last copy"
		}
		return ""
	})
	close(k.endOfLoad)
	selling.Wait()
	for n := range 3 {
		mustAgreeWithItself(t, by.open(t, filepath.Join(folder, fmt.Sprintf("copy-%d", n))))
	}

	k.hub.kill()
	fresh := t.TempDir()
	seal, err := os.ReadFile(filepath.Join(k.data, "seal.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(fresh, "seal.key"), seal, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	k.data, k.database = fresh, by.restore(t, last, fresh)
	k.startHub()
	restored := k.payments()
	for _, id := range known {
		if _, here := restored[id]; !here {
			t.Errorf("payment %s was acknowledged before the copy was begun and is not in it", id)
		}
	}
	eventually(t, 90*time.Second, func() string {
		books := k.books()
		for id, p := range k.payments() {
			b := books[string(id)]
			// What had ended is not asked about: a refund made after the copy is
			// known only when the provider tells of it again.
			if restored[id].State.Open() && p.Refunded != b.Refunded || p.Captured != b.Approved || p.State.Open() && b.Approved > 0 {
				return fmt.Sprintf("%s (%s): the restored hub says %d - %d, the simulator %d - %d", id, p.State, p.Captured, p.Refunded, b.Approved, b.Refunded)
			}
		}
		return ""
	})
	k.freeTill(k.tills[0])
	var p payment.View
	if _, err := call("POST", k.hubURL+"/v1/payments", k.key, "after-restore", map[string]any{"till_id": k.tills[0], "amount": 4200}, &p); err != nil || p.State != payment.Pending {
		t.Errorf("a charge after the restore, with credentials that the copy holds: %s %v", p.State, err)
	}
	t.Logf("%d payments in the copy, %d acknowledged before it, %d sold in all", len(restored), len(known), k.sales.Load())
}

// mustAgreeWithItself looks into a copy: what belongs together is all there.
func mustAgreeWithItself(t *testing.T, db *sql.DB) {
	t.Helper()
	for complaint, query := range map[string]string{
		"events without their payment": "SELECT COUNT(*) FROM event WHERE payment_id <> '' AND payment_id NOT IN (SELECT id FROM payment)",
		"payments without an event":    "SELECT COUNT(*) FROM payment WHERE id NOT IN (SELECT payment_id FROM event)",
		"payments whose last event tells another state": `SELECT COUNT(*) FROM payment p WHERE p.state IN ('paid', 'canceled', 'expired')
			AND NOT EXISTS (SELECT 1 FROM event e WHERE e.payment_id = p.id AND e.type LIKE 'payment.' || p.state || '%')`,
		"payments that give back more than they took":        "SELECT COUNT(*) FROM payment WHERE refunded > captured OR state = 'paid' AND captured < amount",
		"payments with less refunded than their own refunds": "SELECT COUNT(*) FROM payment p WHERE refunded < (SELECT COALESCE(SUM(amount), 0) FROM refund r WHERE r.payment_id = p.id AND r.state = 'succeeded')",
		"tills with two open payments":                       "SELECT COUNT(*) FROM (SELECT till_id FROM payment WHERE state IN ('created', 'pending', 'unknown') GROUP BY till_id HAVING COUNT(*) > 1) AS twice",
		"positions with a gap":                               "SELECT COALESCE(MAX(position), 0) - COUNT(position) FROM event",
		"a counter that is not where the positions are":      "SELECT (SELECT last FROM event_counter) - (SELECT COALESCE(MAX(position), 0) FROM event)",
		"copies that hold nothing":                           "SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM payment",
	} {
		var count int64
		if err := db.QueryRow(query).Scan(&count); err != nil || count != 0 {
			t.Errorf("%d %s, %v", count, complaint, err)
		}
	}
}

// byPosta keeps SQLite, by the command line.
type byPosta struct{}

func (byPosta) backUp(t *testing.T, k *killRun, file string) {
	t.Helper()
	args := []string{"backup", "--data", k.data, "--database", k.database, file}
	if got := postaIn(t, k.data, "", args...); got.code != 0 || !strings.Contains(got.out, "seal.key") {
		t.Fatal(got)
	}
	if got := postaIn(t, k.data, "", args...); got.code != 6 || !strings.Contains(got.err, "never overwrites") {
		t.Errorf("a second copy to the same file: %+v", got)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v %v", info.Mode(), err)
	}
}

func (byPosta) open(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("integrity of %s: %s %v", file, sound, err)
	}
	return db
}

func (byPosta) restore(t *testing.T, file, data string) string {
	t.Helper()
	before, _ := os.ReadFile(file)
	if got := postaIn(t, data, "", "restore", "--data", data, file); got.code != 0 {
		t.Fatal(got)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("restoring changed the copy itself, %v", err)
	}
	return filepath.Join(data, "posta.db")
}

// byDump keeps PostgreSQL, by its own tools.
type byDump struct{}

func (byDump) backUp(t *testing.T, k *killRun, file string) {
	t.Helper()
	tool(t, "pg_dump", "--format=custom", "--file="+file, k.database)
}

func (b byDump) open(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", b.restore(t, file, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (byDump) restore(t *testing.T, file, _ string) string {
	t.Helper()
	into := newPostgres(t)
	tool(t, "pg_restore", "--no-owner", "--exit-on-error", "--dbname="+into, file)
	return into
}

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// newPostgres makes an empty database beside that of POSTA_TEST_POSTGRES.
func newPostgres(t *testing.T) string {
	t.Helper()
	base := os.Getenv("POSTA_TEST_POSTGRES")
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ToLower("backup_" + posta.NewULID(posta.SystemClock{}.Now()))
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal("POSTA_TEST_POSTGRES is no address")
	}
	address.Path = "/" + name
	return address.String()
}
