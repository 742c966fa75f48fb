package app_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

// TestMain holds that hubs and demos that stopped leave nothing running.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(closing{m},
		// scs.New starts one for the store in memory that it begins with, which
		// is not used; it cannot be stopped without a race.
		goleak.IgnoreAnyFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
}

type closing struct{ *testing.M }

// Run runs the tests and lets go of their own connections.
func (c closing) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return c.M.Run()
}
