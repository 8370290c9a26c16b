package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// checkType is the context key under which a request carries its check's type.
type checkType struct{}

// tracer records the time from a request's start to each of its events and to the response's head.
type tracer struct {
	next    http.RoundTripper
	buckets []float64
}

func (t *tracer) RoundTrip(request *http.Request) (*http.Response, error) {
	check, _ := request.Context().Value(checkType{}).(string)
	start := time.Now()
	var hasFailed atomic.Bool
	event := func(name string, err error) {
		if err != nil {
			hasFailed.Store(true)
			countError(check, name)
			slog.Error("a check fails", "type", check, "event", name, "error", err)
			return
		}
		t.observe(fmt.Sprintf(
			`kubenurse_httpclient_trace_request_duration_seconds{event=%q,type=%q}`, name, check,
		), start)
	}
	traced := request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { event("got_conn", nil) },
		DNSStart:             func(httptrace.DNSStartInfo) { event("dns_start", nil) },
		DNSDone:              func(info httptrace.DNSDoneInfo) { event("dns_done", info.Err) },
		ConnectStart:         func(_, _ string) { event("connect_start", nil) },
		ConnectDone:          func(_, _ string, err error) { event("connect_done", err) },
		TLSHandshakeStart:    func() { event("tls_handshake_start", nil) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { event("tls_handshake_done", err) },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { event("wrote_request", info.Err) },
		GotFirstResponseByte: func() { event("got_first_resp_byte", nil) },
	}))
	response, err := t.next.RoundTrip(traced)
	code := "round_trip_error"
	switch {
	case err == nil:
		code = strconv.Itoa(response.StatusCode)
		t.observe(fmt.Sprintf(`kubenurse_httpclient_request_duration_seconds{type=%q}`, check), start)
		if response.StatusCode != http.StatusOK {
			countError(check, "status_code_"+code)
		}
	case !hasFailed.Load():
		event(code, err)
	}
	metrics.GetOrCreateCounter(fmt.Sprintf(`kubenurse_httpclient_requests_total{code=%q,type=%q}`, code, check)).Inc()
	return response, err
}

func (t *tracer) observe(series string, start time.Time) {
	metrics.GetOrCreatePrometheusHistogramExt(series, t.buckets).UpdateDuration(start)
}

func countError(check, event string) {
	metrics.GetOrCreateCounter(fmt.Sprintf(`kubenurse_errors_total{event=%q,type=%q}`, event, check)).Inc()
}
