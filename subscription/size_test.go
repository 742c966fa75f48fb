//go:build !race

package subscription_test

// yearSize is how many subscriptions have a year on SQLite and on PostgreSQL.
const (
	yearSizeSQLite   = 1000
	yearSizePostgres = 60
)
