package app

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"posta"
	"posta/account"
	"posta/provider/all"
	"posta/store"
)

// Migrate brings the database's schema up to date.
func Migrate(ctx context.Context, config Config) error {
	db, err := open(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// Backup writes a consistent copy of the database of a hub that does not run.
func Backup(ctx context.Context, config Config, file string) error {
	db, err := open(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(db.Backup(ctx, file), db.Close())
}

// Restore makes a backup the database of a hub that does not run. A database
// that is there is kept beside under the name it returns, and only with force.
func Restore(ctx context.Context, config Config, file string, force bool) (kept string, err error) {
	config = config.withDefaults()
	if strings.Contains(config.Database, "://") {
		return "", posta.Errorf(posta.CodeState, "a PostgreSQL database is restored with pg_restore")
	}
	if err := checkBackup(ctx, config, file); err != nil {
		return "", err
	}
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return "", err
	}
	if _, err := os.Stat(config.Database); err == nil {
		if !force {
			return "", posta.Errorf(posta.CodeConflict, "%s is there; --force replaces it and keeps it beside", config.Database)
		}
		kept = config.Database + ".before-" + config.Clock.Now().Format("20060102T150405")
		for _, tail := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(config.Database+tail, kept+tail); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
	}
	return kept, copyFile(file, config.Database)
}

// checkBackup refuses a file that is not a database of this version.
func checkBackup(ctx context.Context, config Config, file string) error {
	config.Database = file
	db, err := open(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(db.Check(ctx), db.Close())
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
// the e-mail is taken.
func Setup(ctx context.Context, config Config, m account.MerchantInput, u account.UserInput) error {
	config = config.withDefaults()
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return err
	}
	box, err := openSeal(config)
	if err != nil {
		return err
	}
	db, err := open(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	now := config.Clock.Now()
	accounts := &account.Service{Store: db, Box: box, Clock: config.Clock, Log: config.Log, Providers: all.Descriptions()}
	m.ID, u.ID = posta.NewID[posta.MerchantID](now), posta.NewID[posta.UserID](now)
	merchant, err := accounts.CreateMerchant(ctx, m)
	if err != nil {
		return err
	}
	u.MerchantID = merchant.ID
	_, err = accounts.CreateUser(ctx, u)
	return err
}

func open(ctx context.Context, config Config) (*store.DB, error) {
	config = config.withDefaults()
	return store.Open(ctx, config.Database, config.Clock)
}
