package posta_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The shape of the program, held by a test. A package imports only ranks lower
// than its own; what it needs from its equals is an interface of its own
// that app fills. Ranks are tens so that a package can be slipped in between.
// Tests are free: ranks bind non-test files.
var ranks = map[string]int{
	"":                      0, // package posta, the vocabulary
	"sim/fault":             0,
	"sim/journal":           0,
	"text":                  5, // below page, which prints translated texts
	"provider":              10,
	"work":                  10,
	"client":                10,
	"mail":                  10,
	"outbound":              10,
	"seal":                  10,
	"page":                  10,
	"live":                  10,
	"idempotency":           10,
	"payment":               20,
	"till":                  20,
	"webhook":               20,
	"ledger":                20,
	"account":               20,
	"settlement":            20,
	"project":               20,
	"quality":               20,
	"inbox":                 30,
	"checkout":              30,
	"subscription":          30,
	"recon":                 30,
	"homologation":          30,
	"golive":                30,
	"store":                 edge,
	"store/migration":       30, // the embedded .sql files
	"api":                   edge,
	"web":                   edge,
	"provider/*":            edge, // one folder per company
	"sim/*":                 45,   // nobody below the wiring knows of simulators; see simulatorMayImport
	"provider/all":          50,
	"provider/providertest": 50,
	"store/storetest":       50,
	"app":                   60,
	"cmd/*":                 70,
	"e2e":                   80,
	"e2e/*":                 80,
	"bench":                 80,
	"bench/load":            75, // what the benches share
	"bench/*":               80,
}

const edge = 40

// A simulator that shared our money or our statuses would share our mistakes.
var simulatorMayImport = map[string]bool{"": true, "page": true, "text": true, "sim/fault": true, "sim/journal": true}

// Packages that handle amounts: no floating point, in types, literals or parsing.
var moneyPackages = map[string]bool{"": true, "payment": true, "till": true, "ledger": true, "recon": true, "subscription": true, "checkout": true, "settlement": true}

const (
	longestFile     = 700 // lines, outside tests and generated code
	documentedShare = 80  // per cent of exported names
)

// notOurs is what the walk leaves out. tools is a module of its own;
var notOurs = map[string]bool{"tools": true, "testdata": true, "node_modules": true, "bin": true, "posta-data": true, "vendor": true}

// source is one parsed non-test Go file.
type source struct {
	path  string // from the root of the repository, with slashes
	file  *ast.File
	fset  *token.FileSet
	lines int
}

func (s source) pkg() string {
	if d := path.Dir(s.path); d != "." {
		return d
	}
	return ""
}

func (s source) at(p token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(p).Line)
}

// ours gives the imports of packages of this module, from the root.
func (s source) ours() (imports []string) {
	for _, i := range s.file.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		if name == "posta" {
			imports = append(imports, "")
		} else if rest, ok := strings.CutPrefix(name, "posta/"); ok {
			imports = append(imports, rest)
		}
	}
	return imports
}

// selectors calls f for each name taken from the package with this import path.
func (s source) selectors(importPath string, f func(name string, pos token.Pos)) {
	local := ""
	for _, i := range s.file.Imports {
		if name, _ := strconv.Unquote(i.Path.Value); name == importPath {
			local = path.Base(importPath)
			if i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				f(sel.Sel.Name, sel.Pos())
			}
		}
		return true
	})
}

// rank looks a package up, itself first and then its folder's pattern.
func rank(pkg string) (int, bool) {
	if r, ok := ranks[pkg]; ok {
		return r, true
	}
	for dir := path.Dir(pkg); dir != "."; dir = path.Dir(dir) {
		if r, ok := ranks[dir+"/*"]; ok {
			return r, true
		}
	}
	return 0, false
}

func isSimulator(pkg string) bool {
	return strings.HasPrefix(pkg, "sim/") && pkg != "sim/fault" && pkg != "sim/journal"
}

func title(pkg string) string {
	if pkg == "" {
		return "posta"
	}
	return pkg
}

func checkRanks(sources []source) (faults []string) {
	for _, s := range sources {
		from, ok := rank(s.pkg())
		if !ok {
			faults = append(faults, fmt.Sprintf("%s: package %s has no rank: add it to the table in arch_test.go", s.path, title(s.pkg())))
			continue
		}
		for _, target := range s.ours() {
			to, ok := rank(target)
			switch {
			case !ok:
				faults = append(faults, fmt.Sprintf("%s imports %s, which has no rank", s.path, title(target)))
			case isSimulator(s.pkg()):
				// A simulator's parts may know each other, not another company's.
				if !simulatorMayImport[target] && company(target) != company(s.pkg()) {
					faults = append(faults, fmt.Sprintf("%s: a simulator imports %s", s.path, title(target)))
				}
			case from == edge && to == edge:
				faults = append(faults, fmt.Sprintf("%s: edges import each other: %s and %s", s.path, title(s.pkg()), title(target)))
			case to >= from:
				faults = append(faults, fmt.Sprintf("%s: %s (rank %d) imports %s (rank %d)", s.path, title(s.pkg()), from, title(target), to))
			}
		}
	}
	return faults
}

// company gives sim/NAME of sim/NAME/anything.
func company(pkg string) string {
	parts := strings.SplitN(pkg, "/", 3)
	if len(parts) < 2 || parts[0] != "sim" {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

func checkClock(sources []source) (faults []string) {
	forbidden := map[string]bool{"Now": true, "Sleep": true, "Since": true, "Until": true}
	for _, s := range sources {
		if s.path == "clock.go" || inFolder(s.pkg(), "bench") || inFolder(s.pkg(), "e2e") {
			continue
		}
		s.selectors("time", func(name string, pos token.Pos) {
			if forbidden[name] {
				faults = append(faults, fmt.Sprintf("%s: time.%s: take a posta.Clock", s.at(pos), name))
			}
		})
	}
	return faults
}

func inFolder(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

func checkMoney(sources []source) (faults []string) {
	for _, s := range sources {
		if !moneyPackages[s.pkg()] {
			continue
		}
		add := func(pos token.Pos, what string) {
			faults = append(faults, fmt.Sprintf("%s: %s in a package that handles money", s.at(pos), what))
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" {
					add(n.Pos(), n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					add(n.Pos(), n.Value)
				}
			}
			return true
		})
		s.selectors("strconv", func(name string, pos token.Pos) {
			if name == "ParseFloat" || name == "FormatFloat" {
				add(pos, "strconv."+name)
			}
		})
		s.selectors("math/big", func(name string, pos token.Pos) {
			if strings.Contains(name, "Float") {
				add(pos, "big."+name)
			}
		})
	}
	return faults
}

func checkLength(sources []source) (faults []string) {
	for _, s := range sources {
		if s.lines > longestFile && !ast.IsGenerated(s.file) {
			faults = append(faults, fmt.Sprintf("%s: %d lines, at most %d", s.path, s.lines, longestFile))
		}
	}
	return faults
}

func checkDocumented(sources []source) (faults []string) {
	var all int
	var bare []string
	for _, s := range sources {
		if ast.IsGenerated(s.file) {
			continue
		}
		exported(s.file, func(name *ast.Ident, documented bool) {
			all++
			if !documented {
				bare = append(bare, s.at(name.Pos())+" "+name.Name)
			}
		})
	}
	if all == 0 || (all-len(bare))*100 >= documentedShare*all {
		return nil
	}
	sort.Strings(bare)
	faults = append(faults, fmt.Sprintf("%d of %d exported names have no comment; at least %d %% must have one:", len(bare), all, documentedShare))
	return append(faults, bare...)
}

// exported walks the exported functions, methods of exported types, types,
// constants and variables of a file. A comment over a group speaks for it.
func exported(file *ast.File, f func(name *ast.Ident, documented bool)) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				f(d.Name, d.Doc != nil)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						f(spec.Name, d.Doc != nil || spec.Doc != nil || spec.Comment != nil)
					}
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						if name.IsExported() {
							f(name, d.Doc != nil || spec.Doc != nil || spec.Comment != nil)
						}
					}
				}
			}
		}
	}
}

func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func parse(fset *token.FileSet, name string, text []byte) (source, error) {
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{path: name, file: file, fset: fset, lines: strings.Count(string(text), "\n")}, err
}

// repository parses every non-test Go file of the module, once for all tests.
var repository = sync.OnceValues(func() ([]source, error) {
	var names []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (notOurs[base] || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sources := make([]source, len(names))
	errs := make([]error, len(names))
	fset := token.NewFileSet()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i, name := range names {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			text, err := os.ReadFile(name)
			if err != nil {
				errs[i] = err
				return
			}
			sources[i], errs[i] = parse(fset, filepath.ToSlash(name), text)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return sources, nil
})

var architecture = []struct {
	name  string
	check func([]source) []string
}{
	{"Ranks", checkRanks},
	{"Clock", checkClock},
	{"Money", checkMoney},
	{"Length", checkLength},
	{"Documented", checkDocumented},
}

func TestArchitecture(t *testing.T) {
	sources, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatal("no Go file found: the rules would hold for nothing")
	}
	for _, rule := range architecture {
		t.Run(rule.name, func(t *testing.T) {
			for _, fault := range rule.check(sources) {
				t.Error(fault)
			}
		})
	}
}

// Each rule is shown to turn red on a planted fault, and to let its like pass.
func TestArchitectureTurnsRed(t *testing.T) {
	type files map[string]string
	long := "package web\n" + strings.Repeat("// x\n", longestFile)
	for _, tc := range []struct {
		name  string
		check func([]source) []string
		files files
		want  string // regexp in the first fault; empty: no fault
	}{
		{"down", checkRanks, files{"payment/a.go": "package payment\nimport _ \"posta\"\nimport _ \"posta/provider\""}, ""},
		{"up", checkRanks, files{"payment/a.go": "package payment\nimport _ \"posta/inbox\""}, `payment \(rank 20\) imports inbox \(rank 30\)`},
		{"equal", checkRanks, files{"payment/a.go": "package payment\nimport _ \"posta/till\""}, `payment .* imports till`},
		{"root imports", checkRanks, files{"a.go": "package posta\nimport _ \"posta/text\""}, `posta \(rank 0\) imports text`},
		{"page may print texts", checkRanks, files{"page/a.go": "package page\nimport _ \"posta/text\""}, ""},
		{"text may not print pages", checkRanks, files{"text/a.go": "package text\nimport _ \"posta/page\""}, "text .* imports page"},
		{"edges", checkRanks, files{"api/a.go": "package api\nimport _ \"posta/store\""}, "edges import each other"},
		{"connectors", checkRanks, files{"provider/prisma/a.go": "package prisma\nimport _ \"posta/provider/mercadopago\""}, "edges import each other"},
		{"connector on the contract", checkRanks, files{"provider/prisma/a.go": "package prisma\nimport _ \"posta/provider\""}, ""},
		{"the list of connectors", checkRanks, files{"provider/all/a.go": "package all\nimport _ \"posta/provider/prisma\""}, ""},
		{"without a rank", checkRanks, files{"helpers/a.go": "package helpers"}, "has no rank"},
		{"imports what has no rank", checkRanks, files{"app/a.go": "package app\nimport _ \"posta/helpers\""}, "helpers, which has no rank"},
		{"simulator on connector", checkRanks, files{"sim/prisma/a.go": "package prisma\nimport _ \"posta/provider/prisma\""}, "a simulator imports provider/prisma"},
		{"simulator on contract", checkRanks, files{"sim/prisma/a.go": "package prisma\nimport _ \"posta/provider\""}, "a simulator imports provider"},
		{"simulator on another", checkRanks, files{"sim/prisma/a.go": "package prisma\nimport _ \"posta/sim/mercadopago\""}, "a simulator imports sim/mercadopago"},
		{"simulator", checkRanks, files{"sim/prisma/a.go": "package prisma\nimport _ \"posta\"\nimport _ \"posta/page\"\nimport _ \"posta/text\"\nimport _ \"posta/sim/fault\"\nimport _ \"posta/sim/prisma/book\""}, ""},
		{"domain on simulator", checkRanks, files{"payment/a.go": "package payment\nimport _ \"posta/sim/prisma\""}, "imports sim/prisma"},
		{"wiring on simulator", checkRanks, files{"app/a.go": "package app\nimport _ \"posta/sim/prisma\"\nimport _ \"posta/store\""}, ""},
		{"cmd on app", checkRanks, files{"cmd/posta/a.go": "package main\nimport _ \"posta/app\""}, ""},

		{"now", checkClock, files{"payment/a.go": "package payment\nimport \"time\"\nvar t = time.Now()"}, `payment/a.go:3: time.Now`},
		{"sleep", checkClock, files{"payment/a.go": "package payment\nimport \"time\"\nfunc f() { time.Sleep(1) }"}, "time.Sleep"},
		{"since, renamed", checkClock, files{"payment/a.go": "package payment\nimport clock \"time\"\nvar t = clock.Since"}, "time.Since"},
		{"until", checkClock, files{"payment/a.go": "package payment\nimport \"time\"\nvar t = time.Until"}, "time.Until"},
		{"another's Now", checkClock, files{"payment/a.go": "package payment\nvar t = clock.Now()"}, ""},
		{"the clock itself", checkClock, files{"clock.go": "package posta\nimport \"time\"\nvar t = time.Now()"}, ""},
		{"a bench", checkClock, files{"bench/inbox/main.go": "package main\nimport \"time\"\nvar t = time.Now()"}, ""},
		{"not a bench", checkClock, files{"store/bench.go": "package store\nimport \"time\"\nvar t = time.Now()"}, "time.Now"},

		{"float type", checkMoney, files{"ledger/a.go": "package ledger\nvar x float64"}, `ledger/a.go:2: float64`},
		{"float literal", checkMoney, files{"ledger/a.go": "package ledger\nvar x = 1.21"}, `1.21`},
		{"float parsed", checkMoney, files{"a.go": "package posta\nimport \"strconv\"\nvar x, _ = strconv.ParseFloat(`1`, 64)"}, "strconv.ParseFloat"},
		{"big float", checkMoney, files{"recon/a.go": "package recon\nimport \"math/big\"\nvar x big.Float"}, "big.Float"},
		{"float elsewhere", checkMoney, files{"quality/a.go": "package quality\nvar x float64"}, ""},
		{"integers", checkMoney, files{"ledger/a.go": "package ledger\nvar x int64 = 121"}, ""},

		{"long", checkLength, files{"web/a.go": long}, "701 lines"},
		{"long but generated", checkLength, files{"web/a.go": "// Code generated by x. DO NOT EDIT.\n\n" + long}, ""},
		{"long enough", checkLength, files{"web/a.go": "package web\n" + strings.Repeat("// x\n", longestFile-1)}, ""},

		{"bare", checkDocumented, files{"web/a.go": "package web\nfunc A() {}\n// B b.\nfunc B() {}"}, "1 of 2 exported names"},
		{"bare method", checkDocumented, files{"web/a.go": "package web\n// T t.\ntype T[K any] struct{}\nfunc (*T[K]) A() {}"}, "1 of 2 exported names"},
		{"commented", checkDocumented, files{"web/a.go": "package web\n// Both.\nconst (\n\tA = 1\n\tB = 2\n)\nfunc c() {}\ntype d struct{}\nfunc (d) E() {}"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var sources []source
			for name, text := range tc.files {
				s, err := parse(token.NewFileSet(), name, []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				sources = append(sources, s)
			}
			faults := tc.check(sources)
			switch {
			case tc.want == "" && len(faults) > 0:
				t.Errorf("unexpected faults: %q", faults)
			case tc.want != "" && len(faults) == 0:
				t.Errorf("no fault found, want %q", tc.want)
			case tc.want != "" && !regexp.MustCompile(tc.want).MatchString(faults[0]):
				t.Errorf("fault %q, want %q", faults[0], tc.want)
			}
		})
	}
}
