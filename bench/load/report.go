package load

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Figures is what a bench publishes of one side. Times are milliseconds.
type Figures map[string]any

// Machine says in a line what the figures were measured on.
func Machine() string {
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(info), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "model name") {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// Milliseconds gives d to the hundredth of a millisecond.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

// Publish prints the report as JSON and writes it to file, if one is named.
func Publish(report map[string]any, file string) error {
	report["machine"] = Machine()
	out, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(out))
	if file == "" {
		return nil
	}
	return os.WriteFile(file, append(out, '\n'), 0o644)
}

// Postgres gives a PostgreSQL to measure: the one that POSTA_TEST_POSTGRES
// names, or one of its own that scripts/postgres.sh starts. It is "" where
// there is none, and reason says why.
func Postgres() (url string, stop func(), reason string) {
	stop = func() {}
	if url := os.Getenv("POSTA_TEST_POSTGRES"); url != "" {
		return url, stop, ""
	}
	dir, err := os.MkdirTemp("", "posta-bench-postgres")
	if err != nil {
		return "", stop, err.Error()
	}
	os.Chmod(dir, 0o755)
	out, err := exec.Command("scripts/postgres.sh", "start", dir+"/data").Output()
	if err != nil {
		os.RemoveAll(dir)
		return "", stop, "no PostgreSQL: " + err.Error()
	}
	return strings.TrimSpace(string(out)), func() {
		exec.Command("scripts/postgres.sh", "stop", dir+"/data").Run()
		os.RemoveAll(dir)
	}, ""
}
