package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// originHeader tells a neighbour which pod checks it.
const originHeader = "KUBENURSE-NEIGHBOUR-ORIGIN"

const (
	ok            = "ok"
	cacheDuration = 3 * time.Second
)

// checker runs the checks, all of a round at once.
type checker struct {
	config  *config
	cluster *cluster
	client  *http.Client

	round      sync.Mutex
	latest     map[string]any
	neighbours []neighbour
	at         time.Time
}

// runEvery runs a round at once, then one per interval, never two at a time.
func (c *checker) runEvery(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		c.run(ctx, 0)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// run returns the results of a round that is no older than maxAge, and the neighbours it checked.
func (c *checker) run(ctx context.Context, maxAge time.Duration) (map[string]any, []neighbour) {
	c.round.Lock()
	defer c.round.Unlock()
	if time.Since(c.at) < maxAge {
		return c.latest, c.neighbours
	}
	results := map[string]any{}
	var writing sync.Mutex
	var checks sync.WaitGroup
	ask := func(check, url string) {
		checks.Go(func() {
			result := c.check(ctx, check, url)
			writing.Lock()
			defer writing.Unlock()
			results[check] = result
		})
	}
	for check, url := range c.config.checks {
		ask(check, url)
	}
	neighbours := []neighbour{}
	state := "skipped"
	if c.config.neighbours {
		found, err := c.cluster.neighbours(ctx)
		if err != nil {
			slog.Error("the neighbours cannot be found", "error", err)
			state = err.Error()
		} else {
			neighbours, state = found, ok
		}
		for _, neighbour := range neighbours {
			ask("path_"+neighbour.NodeName, fmt.Sprintf("http://%s:8080/alwayshappy", neighbour.PodIP))
		}
	}
	checks.Wait()
	results["neighbourhood_state"] = state
	c.latest, c.neighbours, c.at = results, neighbours, time.Now()
	return results, neighbours
}

// check returns "ok", a status line, or an error's text.
func (c *checker) check(ctx context.Context, check, url string) string {
	request, err := http.NewRequestWithContext(context.WithValue(ctx, checkType{}, check), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	request.Header.Set(originHeader, c.config.podName)
	response, err := c.client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err.Error()
	}
	if response.StatusCode != http.StatusOK {
		return response.Status
	}
	return ok
}
