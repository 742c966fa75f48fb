// Command testlog reads the output of go test -json and prints what a person
// and a CI want to see: the closing line of each package, the whole output of
// what failed, the reason of what was skipped, and a summary.
//
//	go test -json ./... | testlog [-no-skip] [-append FILE]
//
// It exits with 1 when a test failed, when nothing was read, or, with
// -no-skip, when a test was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output and build-fail
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

type test struct{ pkg, name string }

// log is what has been seen so far.
type log struct {
	out            io.Writer
	output         map[test][]string // of tests that have not ended
	pkgOutput      map[string][]string
	failed         []test
	skipped        []string
	slow           map[string]time.Duration
	passed         int
	packagesPassed int
	packagesFailed []string
	events         int
}

func newLog(out io.Writer) *log {
	return &log{out: out, output: map[test][]string{}, pkgOutput: map[string][]string{}, slow: map[string]time.Duration{}}
}

// read takes lines until the end. A line that is no JSON (from a tool that
// writes past go test) is printed as it is.
func (l *log) read(in io.Reader) error {
	r := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			var e event
			if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				l.take(e)
			} else {
				fmt.Fprint(l.out, line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (l *log) take(e event) {
	l.events++
	key := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(l.out, e.Output)
	case "output":
		switch {
		case e.Test != "":
			l.output[key] = append(l.output[key], e.Output)
		case closing(e.Output):
			fmt.Fprint(l.out, e.Output)
		default:
			l.pkgOutput[e.Package] = append(l.pkgOutput[e.Package], e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			l.endPackage(e)
			return
		}
		switch e.Action {
		case "pass":
			l.passed++
		case "fail":
			l.failed = append(l.failed, key)
			fmt.Fprintf(l.out, "%s", strings.Join(l.output[key], ""))
		case "skip":
			l.skipped = append(l.skipped, e.Package+" "+e.Test+": "+reason(l.output[key]))
		}
		delete(l.output, key)
	}
}

// endPackage tells what a failed package wrote outside of tests that ended: a
// panic, a race, a time-out, a TestMain that gave up.
func (l *log) endPackage(e event) {
	l.slow[e.Package] = time.Duration(e.Elapsed * float64(time.Second))
	if e.Action != "fail" {
		if e.Action == "pass" {
			l.packagesPassed++
		}
		for key := range l.output {
			if key.pkg == e.Package {
				delete(l.output, key)
			}
		}
		delete(l.pkgOutput, e.Package)
		return
	}
	l.packagesFailed = append(l.packagesFailed, e.Package)
	var unfinished []test
	for key := range l.output {
		if key.pkg == e.Package {
			unfinished = append(unfinished, key)
		}
	}
	sort.Slice(unfinished, func(i, j int) bool { return unfinished[i].name < unfinished[j].name })
	for _, key := range unfinished {
		fmt.Fprintf(l.out, "%s", strings.Join(l.output[key], ""))
		delete(l.output, key)
	}
	fmt.Fprintf(l.out, "%s", strings.Join(l.pkgOutput[e.Package], ""))
	delete(l.pkgOutput, e.Package)
}

// closing tells the line that go test ends a package with.
func closing(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "---\t") || strings.HasPrefix(line, "?   \t")
}

// reason finds the text given to t.Skip.
func reason(lines []string) string {
	var parts []string
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		parts = append(parts, line)
	}
	if len(parts) == 0 {
		return "no reason given"
	}
	return strings.Join(parts, " ")
}

func (l *log) summary(noSkip bool) (text string, good bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "tests: %d passed, %d failed, %d skipped; packages: %d passed, %d failed\n",
		l.passed, len(l.failed), len(l.skipped), l.packagesPassed, len(l.packagesFailed))
	var slowest []string
	for pkg := range l.slow {
		slowest = append(slowest, pkg)
	}
	sort.Slice(slowest, func(i, j int) bool { return l.slow[slowest[i]] > l.slow[slowest[j]] })
	for i, pkg := range slowest {
		if i == 3 || l.slow[pkg] < 10*time.Second {
			break
		}
		fmt.Fprintf(&b, "  slow: %s %.0f s\n", pkg, l.slow[pkg].Seconds())
	}
	for _, s := range l.skipped {
		fmt.Fprintf(&b, "  skipped: %s\n", s)
	}
	for _, f := range l.failed {
		fmt.Fprintf(&b, "  failed: %s %s\n", f.pkg, f.name)
	}
	for _, p := range l.packagesFailed {
		fmt.Fprintf(&b, "  failed: %s\n", p)
	}
	good = len(l.failed) == 0 && len(l.packagesFailed) == 0 && l.events > 0
	if l.events == 0 {
		fmt.Fprintln(&b, "  go test said nothing")
	}
	if noSkip && len(l.skipped) > 0 {
		fmt.Fprintln(&b, "  POSTA_TEST_NO_SKIP is set: a skipped test is a failure")
		good = false
	}
	return b.String(), good
}

func main() {
	noSkip := flag.Bool("no-skip", false, "fail when a test was skipped")
	appendTo := flag.String("append", "", "write the summary to the end of this file instead")
	flag.Parse()
	l := newLog(os.Stdout)
	if err := l.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
	text, good := l.summary(*noSkip)
	if *appendTo == "" {
		fmt.Print(text)
	} else if err := appendText(*appendTo, text); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
	if !good {
		os.Exit(1)
	}
}

func appendText(name, text string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
