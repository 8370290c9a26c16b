package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

func newServer(config *config, checker *checker, cluster *cluster) *http.Server {
	callers := &callers{seen: map[string]time.Time{}}
	metrics.NewGauge("kubenurse_neighbourhood_incoming_checks", callers.count)
	mux := http.NewServeMux()
	mux.Handle("/", http.RedirectHandler("/alive", http.StatusMovedPermanently))
	mux.HandleFunc("/alwayshappy", func(_ http.ResponseWriter, request *http.Request) {
		if origin := request.Header.Get(originHeader); origin != "" {
			callers.add(origin)
		}
	})
	mux.HandleFunc("/ready", func(writer http.ResponseWriter, request *http.Request) {
		if cluster.isCordoned(request.Context()) {
			writer.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/alive", func(writer http.ResponseWriter, request *http.Request) {
		results, neighbours := checker.run(context.WithoutCancel(request.Context()), cacheDuration)
		writer.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(writer)
		encoder.SetIndent("", " ")
		err := encoder.Encode(map[string]any{
			"hostname":          config.podName,
			"headers":           request.Header,
			"user_agent":        request.UserAgent(),
			"request_uri":       request.RequestURI,
			"remote_addr":       request.RemoteAddr,
			"neighbourhood":     neighbours,
			"last_check_result": results,
		})
		if err != nil {
			slog.Error("/alive cannot be answered", "error", err)
		}
	})
	mux.HandleFunc("/metrics", func(writer http.ResponseWriter, _ *http.Request) {
		metrics.WritePrometheus(writer, true)
	})
	return &http.Server{
		Addr:         config.address,
		Handler:      mux,
		ReadTimeout:  10 * time.Second,
		WriteTimeout: 10 * time.Second,
		IdleTimeout:  time.Minute,
	}
}

// callers holds when each neighbour last checked this pod.
type callers struct {
	mutex sync.Mutex
	seen  map[string]time.Time
}

func (c *callers) add(origin string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.seen[origin] = time.Now()
}

// count returns how many neighbours checked this pod in the last minute, and drops the others.
func (c *callers) count() float64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for origin, at := range c.seen {
		if time.Since(at) > time.Minute {
			delete(c.seen, origin)
		}
	}
	return float64(len(c.seen))
}
