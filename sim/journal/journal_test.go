package journal_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posta/sim/journal"
)

func open(t *testing.T, path string) *journal.File {
	t.Helper()
	f, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// held reads a file as kind/id=document.
func held(t *testing.T, f *journal.File) (list []string) {
	t.Helper()
	if err := f.Each(func(kind, id string, doc []byte) error {
		list = append(list, kind+"/"+id+"="+string(doc))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatWasWaitedForIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.db")
	f := open(t, path)
	n := f.Push([]journal.Record{{Kind: "b", ID: "1", Doc: []byte("old")}, {Kind: "a", ID: "2", Doc: []byte("x")}, {Kind: "a", ID: "1", Doc: []byte("gone")}})
	if err := f.Wait(n); err != nil {
		t.Fatal(err)
	}
	if err := f.Wait(f.Push([]journal.Record{{Kind: "b", ID: "1", Doc: []byte("new")}, {Kind: "a", ID: "1"}})); err != nil {
		t.Fatal(err)
	}
	other := open(t, path) // as after a kill: the first one was never closed
	if got := held(t, other); !slices.Equal(got, []string{"a/2=x", "b/1=new"}) {
		t.Fatal(got)
	}
	for _, file := range []*journal.File{f, other} {
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutAPathNothingIsKept(t *testing.T) {
	f := open(t, "")
	if err := f.Wait(f.Push([]journal.Record{{Kind: "a", ID: "1", Doc: []byte("x")}})); err != nil || len(held(t, f)) != 0 {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatCannotBeOpenedIsAnError(t *testing.T) {
	if f, err := journal.Open(filepath.Join(t.TempDir(), "nowhere", "sim.db")); err == nil {
		t.Fatal(f)
	}
}

func TestTrafficKeepsTheLatestMasked(t *testing.T) {
	l := journal.NewTraffic(func(s string) string { return strings.ReplaceAll(s, "secret", "•••") })
	for n := range 1200 {
		l.Add(journal.Exchange{Operation: fmt.Sprint(n), Path: "/?token=secret", Request: "secret", Response: strings.Repeat("x", 5000)})
	}
	list := l.Since(0)
	if len(list) != 500 || list[499].Operation != "1199" || list[499].ID != 1200 || len(l.Since(1199)) != 1 {
		t.Fatal(len(list), list[len(list)-1].ID)
	}
	if e := list[0]; e.Request != "•••" || e.Path != "/?token=•••" || len(e.Response) > 4010 {
		t.Fatal(e)
	}
}

func TestSignalWakesAllOnce(t *testing.T) {
	s := journal.NewSignal()
	a, b := s.Next(), s.Next()
	s.Tell()
	<-a
	<-b
	select {
	case <-s.Next():
		t.Fatal("the next change has not come")
	default:
	}
}
