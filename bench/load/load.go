// Package load drives a server on this machine with prepared HTTP/1.1
// requests over kept-alive connections, cheaply enough to share its cores.
package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Plan is what to send.
type Plan struct {
	Address     string // host:port, loopback
	Connections int
	Duration    time.Duration
	// Request writes the n-th request of a connection into buf and returns it.
	Request func(connection, n int, buf []byte) []byte
	Want    int // the status that counts as success
}

// Result is what came of a plan. Latencies are of successes.
type Result struct {
	Done      int
	Failed    int
	PerSecond float64
	P50, P99  time.Duration
	Max       time.Duration
	Latencies []time.Duration // sorted
	Elapsed   time.Duration
}

// Run drives the plan to its end.
func Run(p Plan) (Result, error) {
	var failed atomic.Int64
	all := make([][]time.Duration, p.Connections)
	errs := make(chan error, p.Connections)
	begin := time.Now()
	end := begin.Add(p.Duration)
	var running sync.WaitGroup
	for c := range p.Connections {
		running.Go(func() {
			conn, err := net.Dial("tcp", p.Address)
			if err != nil {
				errs <- err
				return
			}
			defer conn.Close()
			reader := bufio.NewReaderSize(conn, 4<<10)
			buf := make([]byte, 0, 4<<10)
			mine := make([]time.Duration, 0, 1<<16)
			for n := 0; time.Now().Before(end); n++ {
				sent := time.Now()
				if _, err := conn.Write(p.Request(c, n, buf[:0])); err != nil {
					errs <- err
					break
				}
				status, err := readResponse(reader)
				if err != nil {
					errs <- err
					break
				}
				if status != p.Want {
					failed.Add(1)
					continue
				}
				mine = append(mine, time.Since(sent))
			}
			all[c] = mine
		})
	}
	running.Wait()
	elapsed := time.Since(begin)
	r := Summarize(slices.Concat(all...), elapsed)
	r.Failed = int(failed.Load())
	select {
	case err := <-errs:
		return r, err
	default:
		return r, nil
	}
}

// Summarize sorts the latencies and reads the percentiles off them.
func Summarize(latencies []time.Duration, elapsed time.Duration) Result {
	slices.Sort(latencies)
	r := Result{Done: len(latencies), Latencies: latencies, Elapsed: elapsed,
		PerSecond: float64(len(latencies)) / elapsed.Seconds()}
	if len(latencies) > 0 {
		r.P50, r.P99 = Percentile(latencies, 50), Percentile(latencies, 99)
		r.Max = latencies[len(latencies)-1]
	}
	return r
}

// Percentile reads a percentile off sorted latencies.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

func readResponse(r *bufio.Reader) (int, error) {
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return response.StatusCode, err
}

// Post writes a POST with a JSON body into buf.
func Post(buf []byte, path string, header string, body []byte) []byte {
	return fmt.Appendf(buf, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", path, header, len(body), body)
}
