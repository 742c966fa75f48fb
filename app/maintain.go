package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"posta"
	"posta/account"
	"posta/provider/all"
	"posta/store"
)

// databaseTails are the names of a SQLite database's files after its own.
var databaseTails = []string{"", "-wal", "-shm"}

// Migrate brings the database's schema up to date. Errors: conflict when a hub
// runs on a SQLite database, or the schema is newer.
func Migrate(ctx context.Context, config Config) error {
	return alone(ctx, config.withDefaults(), func(db *store.DB) error { return db.Migrate(ctx) })
}

// Backup writes a consistent copy of the database of a hub that does not run;
// one that runs does it itself. Errors: conflict when it runs or file is
// there, not_found when there is no database.
func Backup(ctx context.Context, config Config, file string) error {
	config = config.withDefaults()
	if name := config.sqlite(); name != "" {
		if _, err := os.Stat(name); err != nil {
			return &posta.Error{Code: posta.CodeNotFound, Cause: fmt.Errorf("there is no database to back up: %w", err)}
		}
	}
	return alone(ctx, config, func(db *store.DB) error { return db.Backup(ctx, file) })
}

// alone works on a database that no other process serves.
func alone(ctx context.Context, config Config, work func(*store.DB) error) error {
	held, err := hold(config)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, config.Database, config.Clock)
	if err != nil {
		return errors.Join(err, held.release())
	}
	return errors.Join(work(db), db.Close(), held.release())
}

// Restore makes a backup the database of a hub that does not run. The backup
// itself is only read. A database that is there is kept beside under the name
// that Restore returns, and only with force. Errors: conflict when a hub runs,
// when a database is there without force, and for a backup of a newer version;
// invalid for a file that is no sound backup; not_allowed_in_state for
// PostgreSQL.
func Restore(ctx context.Context, config Config, file string, force bool) (kept string, err error) {
	config = config.withDefaults()
	name := config.sqlite()
	if name == "" {
		return "", posta.Errorf(posta.CodeState, "a PostgreSQL database is restored with pg_restore, not by Posta")
	}
	held, err := hold(config)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	_, err = os.Stat(name)
	there := err == nil
	if there && !force {
		return "", posta.Errorf(posta.CodeConflict, "%s is there; --force replaces it and keeps it beside", name)
	}
	part := name + ".restoring"
	defer removeDatabase(part)
	removeDatabase(part) // of one that ended in the middle
	if err := copyFile(file, part); err != nil {
		return "", err
	}
	if err := checkBackup(ctx, config, file, part); err != nil {
		return "", err
	}
	if there {
		kept = name + ".before-" + config.Clock.Now().Format("20060102T150405")
		for _, tail := range databaseTails {
			if err := os.Rename(name+tail, kept+tail); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
	}
	return kept, os.Rename(part, name)
}

func removeDatabase(name string) {
	for _, tail := range databaseTails {
		_ = os.Remove(name + tail)
	}
}

// checkBackup refuses a copy that is damaged, empty or of a newer version. An
// older one is good: migrating it is the next step.
func checkBackup(ctx context.Context, config Config, file, part string) error {
	db, err := store.Open(ctx, part, config.Clock)
	if err == nil {
		err = errors.Join(db.Verify(ctx), db.Close())
	}
	if err != nil && posta.ErrorCode(err) != posta.CodeConflict {
		return &posta.Error{Code: posta.CodeInvalid, Cause: fmt.Errorf("%s is no sound backup of a Posta database; nothing was changed: %w", file, err)}
	}
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// Setup makes a merchant and its first user in a hub that does not run,
// bringing the schema up to date. Errors: invalid with fields, conflict where
// the e-mail is taken or a hub runs.
func Setup(ctx context.Context, config Config, m account.MerchantInput, u account.UserInput) (account.Merchant, error) {
	config = config.withDefaults()
	var merchant account.Merchant
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return merchant, err
	}
	box, err := openSeal(config)
	if err != nil {
		return merchant, err
	}
	err = alone(ctx, config, func(db *store.DB) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		now := config.Clock.Now()
		accounts := &account.Service{Store: db, Box: box, Clock: config.Clock, Log: config.Log, Providers: all.Descriptions()}
		m.ID, u.ID = posta.NewID[posta.MerchantID](now), posta.NewID[posta.UserID](now)
		err := accounts.CheckUser(ctx, u) // or a merchant would be left that nobody can look after
		if err != nil {
			return err
		}
		if merchant, err = accounts.CreateMerchant(ctx, m); err != nil {
			return err
		}
		u.MerchantID = merchant.ID
		_, err = accounts.CreateUser(ctx, u)
		return err
	})
	return merchant, err
}
