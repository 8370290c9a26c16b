package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// config is what the environment sets: the variables that both programs know, and the one that
// makes kubenurse listen on one address.
type config struct {
	namespace          string
	filter             labels.Selector
	limit              int
	allowUnschedulable bool
	podName, nodeName  string
	// checks holds the URLs of the checks with a fixed target, by type.
	checks           map[string]string
	neighbours       bool
	interval         time.Duration
	reuse            bool
	insecure         bool
	extraCA          string
	buckets          []float64
	exposeMetadata   bool
	shutdownDuration time.Duration
	address          string
}

func readConfig() (*config, error) {
	hostname, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	filter, err := labels.Parse(os.Getenv("KUBENURSE_NEIGHBOUR_FILTER"))
	if err != nil {
		return nil, fmt.Errorf("KUBENURSE_NEIGHBOUR_FILTER: %w", err)
	}
	limit, err := strconv.Atoi(cmp.Or(os.Getenv("KUBENURSE_NEIGHBOUR_LIMIT"), "10"))
	if err != nil {
		return nil, fmt.Errorf("KUBENURSE_NEIGHBOUR_LIMIT: %w", err)
	}
	interval, err := duration("KUBENURSE_CHECK_INTERVAL")
	if err != nil {
		return nil, err
	}
	shutdownDuration, err := duration("KUBENURSE_SHUTDOWN_DURATION")
	if err != nil {
		return nil, err
	}
	buckets, err := readBuckets()
	if err != nil {
		return nil, err
	}
	checks, err := readChecks()
	if err != nil {
		return nil, err
	}
	return &config{
		namespace:          os.Getenv("KUBENURSE_NAMESPACE"),
		filter:             filter,
		limit:              limit,
		allowUnschedulable: isTrue("KUBENURSE_ALLOW_UNSCHEDULABLE", false),
		podName:            cmp.Or(os.Getenv("POD_NAME"), hostname),
		nodeName:           os.Getenv("NODE_NAME"),
		checks:             checks,
		neighbours:         isTrue("KUBENURSE_CHECK_NEIGHBOURHOOD", true),
		interval:           interval,
		reuse:              isTrue("KUBENURSE_REUSE_CONNECTIONS", false),
		insecure:           isTrue("KUBENURSE_INSECURE", false),
		extraCA:            os.Getenv("KUBENURSE_EXTRA_CA"),
		buckets:            buckets,
		exposeMetadata:     isTrue("KUBENURSE_EXPOSE_METADATA", false),
		shutdownDuration:   shutdownDuration,
		address:            os.Getenv("KUBENURSE_LISTEN_ADDRESS") + ":8080",
	}, nil
}

func readChecks() (map[string]string, error) {
	port := os.Getenv("KUBERNETES_SERVICE_PORT")
	dns := cmp.Or(os.Getenv("KUBERNETES_SERVICE_DNS"), "kubernetes.default.svc.cluster.local")
	checks := map[string]string{}
	for name, url := range map[string]string{
		"api_server_direct": "https://" + os.Getenv("KUBERNETES_SERVICE_HOST") + ":" + port + "/version",
		"api_server_dns":    "https://" + dns + ":" + port + "/version",
		"me_ingress":        os.Getenv("KUBENURSE_INGRESS_URL") + "/alwayshappy",
		"me_service":        os.Getenv("KUBENURSE_SERVICE_URL") + "/alwayshappy",
	} {
		if isTrue("KUBENURSE_CHECK_"+strings.ToUpper(name), true) {
			checks[name] = url
		}
	}
	for _, check := range strings.Split(os.Getenv("KUBENURSE_EXTRA_CHECKS"), "|") {
		if check == "" {
			continue
		}
		name, url, found := strings.Cut(check, ":")
		if !found {
			return nil, fmt.Errorf("KUBENURSE_EXTRA_CHECKS: %q is not name:url", check)
		}
		checks[name] = url
	}
	return checks, nil
}

func isTrue(variable string, fallback bool) bool {
	return cmp.Or(os.Getenv(variable), strconv.FormatBool(fallback)) == "true"
}

func duration(variable string) (time.Duration, error) {
	value, err := time.ParseDuration(cmp.Or(os.Getenv(variable), "5s"))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", variable, err)
	}
	return value, nil
}

// readBuckets returns upper bounds in seconds; the default is Prometheus's.
func readBuckets() ([]float64, error) {
	bounds := cmp.Or(os.Getenv("KUBENURSE_HISTOGRAM_BUCKETS"), ".005,.01,.025,.05,.1,.25,.5,1,2.5,5,10")
	var buckets []float64
	for _, bound := range strings.Split(bounds, ",") {
		bucket, err := strconv.ParseFloat(bound, 64)
		if err != nil {
			return nil, fmt.Errorf("KUBENURSE_HISTOGRAM_BUCKETS: %w", err)
		}
		buckets = append(buckets, bucket)
	}
	return buckets, nil
}
