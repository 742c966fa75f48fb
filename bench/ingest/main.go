// Ingest measures how many notifications a hub takes in durably, beside a bare
// net/http echo on the same machine in the same run.
//
//	go run ./bench/ingest [--json FILE] [--full]
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"posta"
	"posta/account"
	"posta/app"
	"posta/bench/load"
)

const secret = "bench-webhook-secret"

func main() {
	file := flag.String("json", "", "also write the figures to this file")
	full := flag.Bool("full", false, "measure four times as long")
	connections := flag.Int("connections", 256, "concurrent senders")
	flag.Parse()
	duration := 4 * time.Second
	if *full {
		duration *= 4
	}
	if err := run(*file, duration, *connections); err != nil {
		log.Fatal(err)
	}
}

func run(file string, duration time.Duration, connections int) error {
	report := map[string]any{"connections": connections, "seconds_per_side": duration.Seconds(),
		"what": "POST /hooks/ with a signed order notification, answered 200 after a durable commit; ratio to a bare net/http echo measured just before in the same run; handling of what was taken in is paused meanwhile"}
	folder, err := os.MkdirTemp("", "posta-ingest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	sqlite, err := side(folder, "", duration, connections)
	if err != nil {
		return err
	}
	sqlite["durability"] = "WAL, synchronous=FULL, one fsync a commit, commits shared by concurrent requests"
	report["sqlite"] = sqlite
	url, stop, reason := load.Postgres()
	defer stop()
	if url == "" {
		report["postgres"] = load.Figures{"left_out": reason}
		return load.Publish(report, file)
	}
	postgres, err := side(folder, url, duration, connections)
	if err != nil {
		return err
	}
	postgres["durability"] = "fsync=on, synchronous_commit=on"
	report["postgres"] = postgres
	return load.Publish(report, file)
}

// side measures the echo, then the hub on one database.
func side(folder, database string, duration time.Duration, connections int) (load.Figures, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	echo, err := measureEcho(duration/2, connections)
	if err != nil {
		return nil, err
	}
	hub, err := app.New(ctx, app.Config{Data: folder, Database: database, Listen: "127.0.0.1:0", Migrate: true,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		return nil, err
	}
	connection, err := prepare(ctx, hub)
	if err != nil {
		return nil, err
	}
	// The handler is served without Run, so that nothing is worked off meanwhile.
	server := &http.Server{Handler: hub.Handler}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go server.Serve(listener)
	result, err := load.Run(load.Plan{Address: listener.Addr().String(), Connections: connections, Duration: duration,
		Want: http.StatusOK, Request: request(connection)})
	if err != nil {
		return nil, err
	}
	server.Close()
	if err := hub.Close(); err != nil {
		return nil, err
	}
	stored, err := count(ctx, folder, database)
	if err != nil {
		return nil, err
	}
	if stored < int64(result.Done) {
		return nil, fmt.Errorf("acknowledged %d, stored %d", result.Done, stored)
	}
	return load.Figures{"per_second": int(result.PerSecond), "p50_ms": load.Milliseconds(result.P50),
		"p99_ms": load.Milliseconds(result.P99), "max_ms": load.Milliseconds(result.Max), "failed": result.Failed,
		"acknowledged": result.Done, "stored": stored, "echo_per_second": int(echo.PerSecond),
		"echo_p99_ms": load.Milliseconds(echo.P99), "ratio_to_echo": round(result.PerSecond / echo.PerSecond)}, nil
}

// count reads how many notifications the closed hub's database holds.
func count(ctx context.Context, folder, database string) (n int64, err error) {
	driver, where := "sqlite", "file:"+filepath.Join(folder, "posta.db")
	if database != "" {
		driver, where = "pgx", database
	}
	db, err := sql.Open(driver, where)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM notification").Scan(&n)
	return n, err
}

func round(ratio float64) float64 { return float64(int(ratio*100+0.5)) / 100 }

func measureEcho(duration time.Duration, connections int) (load.Result, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return load.Result{}, err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})}
	go server.Serve(listener)
	defer server.Close()
	return load.Run(load.Plan{Address: listener.Addr().String(), Connections: connections, Duration: duration,
		Want: http.StatusOK, Request: request("echo")})
}

// request makes notifications as the provider sends them, each of its own order.
func request(connection posta.ConnectionID) func(c, n int, buf []byte) []byte {
	return func(c, n int, buf []byte) []byte {
		id := fmt.Sprintf("ORDTST01JBENCH%06d%06d", c, n)
		manifest := "id:" + id + ";request-id:bench;ts:1742505638;"
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(manifest))
		header := "X-Request-Id: bench\r\nX-Signature: ts=1742505638,v1=" + hex.EncodeToString(mac.Sum(nil)) + "\r\nUser-Agent: MercadoPago WebHook v1.0 order\r\n"
		body := fmt.Appendf(nil, `{"action":"order.processed","api_version":"v1","application_id":"123456","data":{"external_reference":"bench","id":"%s","status":"processed","status_detail":"accredited","total_paid_amount":"120.00","type":"qr","version":3},"date_created":"2025-08-07T18:54:40.851374414Z","live_mode":false,"type":"order","user_id":"123456"}`, id)
		return load.Post(buf, "/hooks/"+string(connection)+"?data.id="+id+"&type=order", header, body)
	}
}

func prepare(ctx context.Context, hub *app.App) (posta.ConnectionID, error) {
	merchant, err := hub.Accounts.CreateMerchant(ctx, account.MerchantInput{Name: "Bench", Country: "AR"})
	if err != nil {
		return "", err
	}
	connection, err := hub.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: merchant.ID, Mode: posta.Test,
		Provider: "mercadopago", Name: "Bench", Fields: map[string]string{"access_token": "BENCH", "webhook_secret": secret, "flow": "orders"}})
	return connection.ID, err
}
