// Start measures what a newcomer and an operator feel: from nothing to the
// first simulated charge, the time from a start to the first answer on a data
// folder with sales in it, and the memory of a hub that has nothing to do.
//
//	go run ./bench/start [--json FILE] [--full]
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"posta"
	"posta/bench/load"
)

func main() {
	file := flag.String("json", "", "also write the figures to this file")
	full := flag.Bool("full", false, "start it four times as often")
	flag.Parse()
	starts := 10
	if *full {
		starts *= 4
	}
	if err := run(*file, starts); err != nil {
		log.Fatal(err)
	}
}

const settle = 10 * time.Second // how long a hub idles before its memory is read

func run(file string, starts int) error {
	folder, err := os.MkdirTemp("", "posta-start")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "posta")
	begun := time.Now()
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/posta").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	build := time.Since(begun)
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	b := &bench{binary: binary, data: filepath.Join(folder, "data")}
	first, err := b.firstCharge(100)
	if err != nil {
		return err
	}
	figures := load.Figures{"first_charge_ms": load.Milliseconds(first), "payments": 100}
	for _, name := range []string{"demo", "serve"} {
		one, err := b.starts(name, starts)
		if err != nil {
			return err
		}
		for figure, value := range one {
			figures[name+"_"+figure] = value
		}
	}
	return load.Publish(map[string]any{"what": "the built program in a process of its own, SQLite; first_charge: demo in an empty folder until its first charge is paid; first_answer: start until GET /healthz answers 200; idle: resident memory after 10 s without a request",
		"build_seconds": build.Seconds(), "binary_mb": float64(info.Size()) / 1e6, "starts": starts, "sqlite": figures}, file)
}

type bench struct {
	binary, data string
}

// hub is a running process.
type hub struct {
	command       *exec.Cmd
	begun         time.Time
	listen, phone string
	stderr        *bytes.Buffer
	lines         *bufio.Scanner
}

func (b *bench) start(name string) (*hub, error) {
	h := &hub{listen: free(), phone: free(), stderr: &bytes.Buffer{}}
	args := []string{name, "--data", b.data, "--listen", h.listen}
	if name == "demo" {
		args = append(args, "--simulator", h.phone, "--prisma-simulator", "127.0.0.1:0")
	}
	h.command = exec.Command(b.binary, args...)
	h.command.Stderr = h.stderr
	out, err := h.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.lines = bufio.NewScanner(out)
	h.begun = time.Now()
	return h, h.command.Start()
}

// answers waits for the first answer and gives how long it took.
func (h *hub) answers() (time.Duration, error) {
	for time.Since(h.begun) < 20*time.Second {
		if response, err := http.Get("http://" + h.listen + "/healthz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return time.Since(h.begun), nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("no answer within 20 s: %s", h.stderr)
}

func (h *hub) stop() error {
	_ = h.command.Process.Signal(syscall.SIGTERM)
	if err := h.command.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, h.stderr)
	}
	return nil
}

// starts starts a command again and again on what is there, and reads the
// memory of the last one.
func (b *bench) starts(name string, times int) (load.Figures, error) {
	if name == "serve" { // which refuses a demo's folder
		if err := os.Rename(filepath.Join(b.data, "demo.json"), filepath.Join(b.data, "was-demo.json")); err != nil {
			return nil, err
		}
	}
	var took []time.Duration
	for n := range times {
		h, err := b.start(name)
		if err != nil {
			return nil, err
		}
		first, err := h.answers()
		if err != nil {
			return nil, err
		}
		took = append(took, first)
		if n < times-1 {
			if err := h.stop(); err != nil {
				return nil, err
			}
			continue
		}
		time.Sleep(settle)
		idle, most, err := h.memory()
		if err != nil {
			return nil, err
		}
		slices.Sort(took)
		return load.Figures{"first_answer_p50_ms": load.Milliseconds(load.Percentile(took, 50)), "first_answer_max_ms": load.Milliseconds(took[len(took)-1]),
			"idle_mb": idle, "peak_mb": most}, h.stop()
	}
	return nil, nil
}

// memory reads resident memory now, and its highest, in MB.
func (h *hub) memory() (now, most float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.command.Process.Pid))
	for line := range strings.SplitSeq(string(status), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kb, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			now = kb / 1000
		case "VmHWM:":
			most = kb / 1000
		}
	}
	return now, most, err
}

// firstCharge starts a demo from nothing, charges and pays, and makes some more
// sales for the starts that follow.
func (b *bench) firstCharge(sales int) (time.Duration, error) {
	h, err := b.start("demo")
	if err != nil {
		return 0, err
	}
	for h.lines.Scan() && !strings.Contains(h.lines.Text(), "Ctrl+C") {
	}
	raw, err := os.ReadFile(filepath.Join(b.data, "demo.json"))
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, h.stderr)
	}
	var seed struct {
		Key   string
		Tills []posta.TillID
	}
	if err := json.Unmarshal(raw, &seed); err != nil {
		return 0, err
	}
	var first time.Duration
	for n := range sales {
		if err := h.sell(seed.Key, seed.Tills[n%len(seed.Tills)], n); err != nil {
			return 0, err
		}
		if n == 0 {
			first = time.Since(h.begun)
		}
	}
	return first, h.stop()
}

// sell charges, has the buyer pay and waits until it is paid.
func (h *hub) sell(key string, till posta.TillID, n int) error {
	var p struct{ ID, State string }
	if err := h.call("POST", "http://"+h.listen+"/v1/payments", key, map[string]any{"till_id": till, "amount": 150000 + n}, &p); err != nil {
		return err
	}
	if err := h.call("POST", "http://"+h.phone+"/sim/api/pay", "", map[string]any{"pos": posta.Alphanumeric(till)}, nil); err != nil {
		return err
	}
	for p.State == "pending" {
		if err := h.call("GET", "http://"+h.listen+"/v1/payments/"+p.ID, key, nil, &p); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	if p.State != "paid" {
		return fmt.Errorf("%s is %s", p.ID, p.State)
	}
	return nil
}

func (h *hub) call(method, url, key string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)
	if method == "POST" {
		request.Header.Set("Idempotency-Key", posta.NewULID(time.Now()))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

func free() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
