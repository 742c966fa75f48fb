package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestLog(t *testing.T) {
	const ok = `{"Action":"start","Package":"posta/a"}
{"Action":"run","Package":"posta/a","Test":"TestA"}
{"Action":"output","Package":"posta/a","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"posta/a","Test":"TestA"}
{"Action":"output","Package":"posta/a","Output":"PASS\n"}
{"Action":"output","Package":"posta/a","Output":"ok  \tposta/a\t0.010s\n"}
{"Action":"pass","Package":"posta/a","Elapsed":0.01}
`
	const skip = `{"Action":"output","Package":"posta/b","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"posta/b","Test":"TestB","Output":"    b_test.go:3: no Chromium\n"}
{"Action":"skip","Package":"posta/b","Test":"TestB"}
{"Action":"output","Package":"posta/b","Output":"ok  \tposta/b\t0.010s\n"}
{"Action":"pass","Package":"posta/b"}
`
	const empty = `{"Action":"output","Package":"posta/c","Output":"?   \tposta/c\t[no test files]\n"}
{"Action":"skip","Package":"posta/c"}
`
	const fail = `{"Action":"output","Package":"posta/d","Test":"TestD","Output":"    d_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"posta/d","Test":"TestD"}
{"Action":"output","Package":"posta/d","Output":"FAIL\tposta/d\t0.010s\n"}
{"Action":"fail","Package":"posta/d"}
`
	const died = `{"Action":"output","Package":"posta/e","Test":"TestE","Output":"panic: at sea\n"}
{"Action":"output","Package":"posta/e","Output":"exit status 2\n"}
{"Action":"output","Package":"posta/e","Output":"FAIL\tposta/e\t0.010s\n"}
{"Action":"fail","Package":"posta/e"}
`
	const broken = `{"ImportPath":"posta/f [posta/f.test]","Action":"build-output","Output":"f.go:1:1: expected package\n"}
{"ImportPath":"posta/f [posta/f.test]","Action":"build-fail"}
{"Action":"output","Package":"posta/f","Output":"FAIL\tposta/f [build failed]\n"}
{"Action":"fail","Package":"posta/f","FailedBuild":"posta/f [posta/f.test]"}
`
	for _, tc := range []struct {
		name, in string
		noSkip   bool
		good     bool
		printed  []string
		hidden   string
	}{
		{name: "passed", in: ok, good: true, printed: []string{"ok  \tposta/a\t0.010s\n", "1 passed, 0 failed, 0 skipped"}, hidden: "chatter"},
		{name: "skipped", in: ok + skip, good: true, printed: []string{"skipped: posta/b TestB: b_test.go:3: no Chromium"}},
		{name: "skipped where none may", in: ok + skip, noSkip: true, printed: []string{"a skipped test is a failure"}},
		{name: "no test files is no skip", in: ok + empty, noSkip: true, good: true},
		{name: "failed", in: ok + fail, printed: []string{"got 1, want 2", "failed: posta/d TestD"}},
		{name: "died", in: died, printed: []string{"panic: at sea", "exit status 2"}},
		{name: "not built", in: broken, printed: []string{"expected package", "failed: posta/f"}},
		{name: "nothing", in: "", printed: []string{"said nothing"}},
		{name: "no JSON", in: "go: cannot find main module\n", printed: []string{"cannot find main module"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			l := newLog(&out)
			if err := l.read(strings.NewReader(tc.in)); err != nil {
				t.Fatal(err)
			}
			text, good := l.summary(tc.noSkip)
			if good != tc.good {
				t.Errorf("good = %v, want %v", good, tc.good)
			}
			all := out.String() + text
			for _, want := range tc.printed {
				if !strings.Contains(all, want) {
					t.Errorf("%q is missing in:\n%s", want, all)
				}
			}
			if tc.hidden != "" && strings.Contains(all, tc.hidden) {
				t.Errorf("%q is printed:\n%s", tc.hidden, all)
			}
		})
	}
}
