{{/* The URL at which the ingress exposes kubenurse, and which the check uses; empty if there is none. */}}
{{- define "kubenurse.ingressUrl" -}}
{{- $url := .Values.ingress.url | default "" -}}
{{- if and (not $url) .Values.httpRoute.enabled }}{{ $url = first (append .Values.httpRoute.hostnames "") }}{{ end -}}
{{- if and $url (not (contains "://" $url)) }}{{ $url = printf "https://%s" $url }}{{ end -}}
{{- $url -}}
{{- end }}

{{- define "kubenurse.ingressHost" -}}
{{- regexReplaceAll ":[0-9]+$" (urlParse (include "kubenurse.ingressUrl" .)).host "" -}}
{{- end }}

{{- define "kubenurse.isIngressMade" -}}
{{- if kindIs "bool" .Values.ingress.enabled | ternary .Values.ingress.enabled (not (empty .Values.ingress.url)) }}yes{{ end -}}
{{- end }}

{{- define "kubenurse.usesTls" -}}
{{- $given := toString .Values.use_tls -}}
{{- if or (eq $given "true") (and (ne $given "false") .Values.tls.secretName) }}yes{{ end -}}
{{- end }}

{{/*
The container's environment. Variables that later values reference as $(NODE_NAME) come first; the user's come last and
override those of the same name.
*/}}
{{- define "kubenurse.env" -}}
{{- $extra := (include "kubenurse.pod" . | fromYaml).extraEnv | default list -}}
{{- $extraNames := list -}}
{{- range $extra }}{{ $extraNames = append $extraNames .name }}{{ end -}}
{{- $env := list -}}
{{- range $name, $path := dict "POD_NAME" "metadata.name" "POD_NAMESPACE" "metadata.namespace" "POD_UID" "metadata.uid" "NODE_NAME" "spec.nodeName" "KUBENURSE_NAMESPACE" "metadata.namespace" -}}
{{- $env = append $env (dict "name" $name "valueFrom" (dict "fieldRef" (dict "fieldPath" $path))) -}}
{{- end -}}
{{- $values := include "kubenurse.settings" . | fromYaml -}}
{{- range $name := keys $values | sortAlpha -}}
{{- $value := get $values $name -}}
{{- if $value }}{{ $env = append $env (dict "name" $name "value" $value) }}{{ end -}}
{{- end -}}
{{- $kept := list -}}
{{- range $env }}{{ if not (has .name $extraNames) }}{{ $kept = append $kept . }}{{ end }}{{ end -}}
{{- toYaml (concat $kept $extra) -}}
{{- end }}

{{/* Variables by name; an empty one is not set. */}}
{{- define "kubenurse.settings" -}}
{{- $env := dict -}}
{{- range list "insecure" "allow_unschedulable" "neighbour_limit" "rotating_neighbours" "histogram_buckets" "expose_metadata" "extra_ca" "extra_checks" "check_api_server_direct" "check_api_server_dns" "check_me_ingress" "check_me_service" "check_neighbourhood" "check_udp" "check_dns" "check_interval" "reuse_connections" "path_full_size" "shutdown_duration" "metrics_disabled" "series_retention" "log_level" "cert_file" "cert_key" "victoriametrics_histogram" -}}
{{- $_ := set $env (printf "KUBENURSE_%s" (upper .)) (include "kubenurse.text" (get $.Values .)) -}}
{{- end -}}
{{- with .Values -}}
{{- if has (toString .victoriametrics_histogram) (list "false") }}{{ $_ := unset $env "KUBENURSE_VICTORIAMETRICS_HISTOGRAM" }}{{ end -}}
{{- if ne (int .port) 8080 }}{{ $_ := set $env "KUBENURSE_PORT" (int .port | toString) }}{{ end -}}
{{- if ne (int .tls_port) 8443 }}{{ $_ := set $env "KUBENURSE_TLS_PORT" (int .tls_port | toString) }}{{ end -}}
{{- if ne (int .udp_port) 8862 }}{{ $_ := set $env "KUBENURSE_UDP_PORT" (int .udp_port | toString) }}{{ end -}}
{{- $_ := set $env "KUBENURSE_SERVICE_URL" (.service_url | default (printf "http://%s:%d" (include "kubenurse.serviceHost" $) (int .service.port))) -}}
{{- $_ := set $env "KUBERNETES_SERVICE_DNS" (.kubernetes_service_dns | default (printf "kubernetes.default.svc.%s" .clusterDomain)) -}}
{{- $_ := set $env "KUBENURSE_NEIGHBOUR_FILTER" (include "kubenurse.neighbourFilter" $) -}}
{{- $url := include "kubenurse.ingressUrl" $ -}}
{{- $_ := set $env "KUBENURSE_INGRESS_URL" $url -}}
{{- if not (or $url (include "kubenurse.isInExtraEnv" (list $ "KUBENURSE_INGRESS_URL"))) }}{{ $_ := set $env "KUBENURSE_CHECK_ME_INGRESS" "false" }}{{ end -}}
{{- if include "kubenurse.usesTls" $ -}}
{{- $_ := set $env "KUBENURSE_USE_TLS" "true" -}}
{{- if .tls.secretName -}}
{{- $_ := set $env "KUBENURSE_CERT_FILE" (.cert_file | default "/etc/kubenurse/tls/tls.crt") -}}
{{- $_ := set $env "KUBENURSE_CERT_KEY" (.cert_key | default "/etc/kubenurse/tls/tls.key") -}}
{{- end -}}
{{- end -}}
{{- $_ := set $env "OTEL_METRICS_EXPORTER" (include "kubenurse.text" .exporters) -}}
{{- $_ := set $env "OTEL_EXPORTER_OTLP_ENDPOINT" (include "kubenurse.text" .otlp.endpoint) -}}
{{- $_ := set $env "OTEL_EXPORTER_OTLP_PROTOCOL" (include "kubenurse.text" .otlp.protocol) -}}
{{- $_ := set $env "OTEL_EXPORTER_OTLP_COMPRESSION" (include "kubenurse.text" .otlp.compression) -}}
{{- $_ := set $env "OTEL_EXPORTER_OTLP_TIMEOUT" (include "kubenurse.text" .otlp.timeout) -}}
{{- $_ := set $env "OTEL_METRIC_EXPORT_INTERVAL" (include "kubenurse.text" .otlp.interval) -}}
{{- $attributes := list -}}
{{- if .clusterName }}{{ $attributes = append $attributes (printf "k8s.cluster.name=%s" (include "kubenurse.encoded" .clusterName)) }}{{ end -}}
{{- range $name, $value := .otlp.resourceAttributes -}}
{{- if not (kindIs "invalid" $value) }}{{ $attributes = append $attributes (printf "%s=%s" $name (include "kubenurse.encoded" $value)) }}{{ end -}}
{{- end -}}
{{- $_ := set $env "OTEL_RESOURCE_ATTRIBUTES" (join "," $attributes) -}}
{{- end -}}
{{- toYaml $env -}}
{{- end }}

{{/* A value as text: a number without an exponent, nothing for null. */}}
{{- define "kubenurse.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else if not (kindIs "invalid" .) }}{{ toString . }}{{ end -}}
{{- end }}

{{/* A value of OTEL_RESOURCE_ATTRIBUTES, percent-encoded except for references that Kubernetes expands: $(NODE_NAME). */}}
{{- define "kubenurse.encoded" -}}
{{- $text := include "kubenurse.text" . -}}
{{- if kindIs "float64" . }}{{ $text = eq (floor .) . | ternary $text (toString .) }}{{ end -}}
{{- regexReplaceAll "%24%28([A-Za-z_][A-Za-z0-9_]*)%29" ($text | urlquery | replace "+" "%20") "$$(${1})" -}}
{{- end }}

{{/* Upstream's default would select the pods of every release. */}}
{{- define "kubenurse.neighbourFilter" -}}
{{- $given := .Values.neighbour_filter -}}
{{- if and $given (ne $given "app.kubernetes.io/name=kubenurse") -}}
{{- $given -}}
{{- else -}}
app.kubernetes.io/name={{ include "kubenurse.name" . }},app.kubernetes.io/instance={{ .Release.Name }}
{{- end -}}
{{- end }}

{{- define "kubenurse.isInExtraEnv" -}}
{{- $name := index . 1 -}}
{{- range (include "kubenurse.pod" (first .) | fromYaml).extraEnv }}{{ if eq .name $name }}yes{{ end }}{{ end -}}
{{- end }}

{{/* Seconds from SIGTERM to SIGKILL: see values.yaml. */}}
{{- define "kubenurse.gracePeriod" -}}
{{- if .Values.terminationGracePeriodSeconds -}}
{{- int .Values.terminationGracePeriodSeconds -}}
{{- else -}}
{{- $start := toDate "2006-01-02" "2000-01-01" -}}
{{- $end := $start | mustDateModify (.Values.shutdown_duration | default "5s") | mustDateModify "999ms" -}}
{{- add 20 (sub (unixEpoch $end) (unixEpoch $start)) -}}
{{- end -}}
{{- end }}
