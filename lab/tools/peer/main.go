// peer is the program that kubenurse is measured against: a probe with the environment, endpoints,
// metrics, libraries and behaviour of upstream's kubenurse 1.15, which is written in Go. It is not
// upstream's program, and has none of its code: a stand-in, 8 to 17 % cheaper than the real one
// (docs/performance.md).
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	if err := run(); err != nil {
		slog.Error("the program ends", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log.SetLogger(logr.FromSlogHandler(slog.Default().Handler()))
	config, err := readConfig()
	if err != nil {
		return err
	}
	cluster, access, err := follow(ctx, config)
	if err != nil {
		return err
	}
	client, err := newClient(config, access)
	if err != nil {
		return err
	}
	metrics.ExposeMetadata(config.exposeMetadata)
	checker := &checker{config: config, cluster: cluster, client: client}
	server := newServer(config, checker, cluster)
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	slog.Info("listening", "address", server.Addr)
	go checker.runEvery(ctx, config.interval)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	time.Sleep(config.shutdownDuration)
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(limit)
}
