package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// newClient returns the client for the checks, which opens a connection for each unless connections
// are reused, and measures every step.
func newClient(config *config, access *rest.Config) (*http.Client, error) {
	authorities, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	authorities.AppendCertsFromPEM(access.CAData)
	for _, file := range []string{access.CAFile, config.extraCA} {
		if file == "" {
			continue
		}
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		authorities.AppendCertsFromPEM(pem)
	}
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		DialContext:           dialer.DialContext,
		DisableKeepAlives:     !config.reuse,
		MaxIdleConns:          100,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   3 * time.Second,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       &tls.Config{RootCAs: authorities, InsecureSkipVerify: config.insecure},
	}
	return &http.Client{
		Timeout:   6 * time.Second,
		Transport: &authorizer{next: &tracer{next: transport, buckets: config.buckets}, access: access},
	}, nil
}

// authorizer sends the service account's token with requests for the API server's /version.
type authorizer struct {
	next   http.RoundTripper
	access *rest.Config
}

func (a *authorizer) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasSuffix(request.URL.Path, "/version") {
		token := a.access.BearerToken
		if file := a.access.BearerTokenFile; file != "" {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("the token cannot be read: %w", err)
			}
			token = strings.TrimSpace(string(text))
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return a.next.RoundTrip(request)
}
