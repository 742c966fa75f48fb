package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary builds the real program once.
var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "posta-e2e")
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "posta")
	out, err := exec.Command("go", "build", "-o", file, "posta/cmd/posta").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// process is one run of the binary.
type process struct {
	cmd *exec.Cmd
	out *syncBuffer
	end chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs the binary and returns once a line of its output holds ready.
func start(t *testing.T, ready string, args ...string) (*process, string) {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(file, args...), out: &syncBuffer{}, end: make(chan struct{})}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 64)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			fmt.Fprintln(p.out, scanner.Text())
			select {
			case lines <- scanner.Text():
			default:
			}
		}
	}()
	go func() { p.cmd.Wait(); close(p.end) }()
	t.Cleanup(func() { p.kill() })
	timeout := time.After(60 * time.Second)
	for {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("posta %s ended before it was ready:\n%s", strings.Join(args, " "), p.out)
			}
			if strings.Contains(line, ready) {
				return p, line
			}
		case <-timeout:
			t.Fatalf("posta %s is not ready after a minute:\n%s", strings.Join(args, " "), p.out)
		}
	}
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.end
}

// freeAddress is a loopback address that nothing serves on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eventually waits until check gives no complaint, looking every 50 ms.
func eventually(t *testing.T, limit time.Duration, check func() (complaint string)) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		complaint := check()
		if complaint == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("after %s: %s", limit, complaint)
		case <-tick.C:
		}
	}
}

// call does one JSON exchange. A status of 0 means that there was no answer.
func call(method, url, token, key string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if out != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(answer, out); err != nil {
			return response.StatusCode, fmt.Errorf("%w in %.200s", err, answer)
		}
	}
	if response.StatusCode >= 300 {
		return response.StatusCode, fmt.Errorf("%d: %.300s", response.StatusCode, answer)
	}
	return response.StatusCode, nil
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
