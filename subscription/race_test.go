//go:build race

package subscription_test

import (
	"os"
	"os/exec"
	"testing"
)

// The race detector makes a year many times slower: there are fewer
// subscriptions with it, and the thousand have theirs without it.
const (
	yearSizeSQLite   = 60
	yearSizePostgres = 20
)

func TestP37_AYearOfAThousandWithoutTheRaceDetector(t *testing.T) {
	t.Parallel()
	run := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run=^TestP37_AYearBillsEachPeriodOnce$/^sqlite$", ".")
	run.Env = append(os.Environ(), "GOGC=400")
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
