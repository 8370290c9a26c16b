{{/*
The effective values, as YAML, of settings that have a new name and an upstream name, and a default that is not empty.
*/}}
{{- define "kubenurse.pod" -}}
{{- $new := .Values -}}
{{- $old := .Values.daemonset -}}
{{- $pod := dict
  "image" (include "kubenurse.oldImage" . | fromYaml)
  "pullPolicy" (coalesce $new.image.pullPolicy $old.containerImagePullPolicy "IfNotPresent")
  "extraEnv" ($new.extraEnv | default $old.extraEnvs)
  "volumes" ($new.extraVolumes | default $old.volumes)
  "volumeMounts" ($new.extraVolumeMounts | default $old.volumeMounts)
  "labels" ($new.podLabels | default $old.podLabels)
  "annotations" ($new.podAnnotations | default $old.podAnnotations)
  "priorityClassName" ($new.priorityClassName | default $old.priorityClassName)
  "dnsPolicy" ($new.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "ClusterFirst" $new.hostNetwork))
  "resources" ($old.containerResources)
-}}
{{- if or $new.resources (not $old.containerResources) -}}
{{- $_ := set $pod "resources" (include "kubenurse.filled" (list $new.resources (dict
  "requests" (dict "cpu" "20m" "memory" "96Mi")
  "limits" (dict "memory" "192Mi"))) | fromYaml) -}}
{{- end -}}
{{- $_ := set $pod "tolerations" (list (dict "operator" "Exists")) -}}
{{- range list $old.tolerations $new.tolerations -}}
{{- if kindIs "slice" . }}{{ $_ := set $pod "tolerations" . }}{{ end -}}
{{- end -}}
{{- $_ := set $pod "podSecurityContext" (include "kubenurse.filled" (list
  ($new.podSecurityContext | default $old.podSecurityContext)
  (dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "seccompProfile" (dict "type" "RuntimeDefault"))) | fromYaml) -}}
{{- $_ := set $pod "securityContext" (include "kubenurse.filled" (list
  ($new.securityContext | default $old.containerSecurityContext)
  (dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")))) | fromYaml) -}}
{{- $_ := set $pod "dnsConfig" (include "kubenurse.filled" (list
  ($new.dnsConfig | default $old.dnsConfig)
  (dict "options" (list (dict "name" "ndots" "value" "1")))) | fromYaml) -}}
{{- $_ := set $pod "updateStrategy" (include "kubenurse.updateStrategy" . | fromYaml) -}}
{{- toYaml $pod -}}
{{- end }}

{{/* The given map, with defaults for missing keys at every depth. A null removes a default. */}}
{{- define "kubenurse.filled" -}}
{{- $filled := deepCopy (last .) -}}
{{- range $key, $value := first . -}}
{{- $default := get $filled $key -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $filled $key -}}
{{- else if and (kindIs "map" $value) (kindIs "map" $default) -}}
{{- $_ := set $filled $key (include "kubenurse.filled" (list $value $default) | fromYaml) -}}
{{- else -}}
{{- $_ := set $filled $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $filled -}}
{{- end }}

{{- define "kubenurse.updateStrategy" -}}
{{- $strategy := include "kubenurse.filled" (list .Values.updateStrategy (dict "type" "RollingUpdate")) | fromYaml -}}
{{- $given := $strategy.rollingUpdate | default .Values.daemonset.rollingUpdate -}}
{{- if eq $strategy.type "RollingUpdate" -}}
{{- /* Kubernetes requires one of the two to be zero. */ -}}
{{- $surges := not (has (toString (dig "maxSurge" 0 ($given | default dict))) (list "0" "0%" "<nil>")) -}}
{{- $default := dict "maxUnavailable" (ternary 0 "10%" $surges) -}}
{{- $_ := set $strategy "rollingUpdate" (include "kubenurse.filled" (list $given $default) | fromYaml) -}}
{{- end -}}
{{- toYaml $strategy -}}
{{- end }}

{{/* In which clusters a single cordoned node, whose pod is intentionally not ready, blocks a rollout: a sentence, or nothing. */}}
{{- define "kubenurse.rolloutWaits" -}}
{{- $rolling := (include "kubenurse.pod" . | fromYaml).updateStrategy.rollingUpdate | default dict -}}
{{- $key := has (toString $rolling.maxUnavailable) (list "0" "0%" "<nil>") | ternary "maxSurge" "maxUnavailable" -}}
{{- $share := get $rolling $key | toString -}}
{{- $nodes := "" -}}
{{- if eq $share "1" -}}
{{- $nodes = "In a cluster of any size" -}}
{{- else if hasSuffix "%" $share -}}
{{- /* Kubernetes rounds up to whole pods. */ -}}
{{- $nodes = printf "In a cluster of %d nodes or fewer" (div 100 (trimSuffix "%" $share | int | max 1)) -}}
{{- end -}}
{{- if $nodes -}}
{{ $nodes }} one cordoned node blocks a rollout, because its pod is intentionally not ready: uncordon it,
or raise updateStrategy.rollingUpdate.{{ $key }}, which is {{ $share }}.
{{- end -}}
{{- end }}

{{/* Upstream's `daemonset.image`, unless it is upstream's own program. */}}
{{- define "kubenurse.oldImage" -}}
{{- $old := .Values.daemonset.image | default dict -}}
{{- if and $old.repository (not (hasSuffix "postfinance/kubenurse" $old.repository)) (not (include "kubenurse.isNewImageSet" .)) -}}
{{- toYaml $old -}}
{{- else -}}
{}
{{- end -}}
{{- end }}

{{/* Whether the new key `image` differs from the chart's default. */}}
{{- define "kubenurse.isNewImageSet" -}}
{{- $image := .Values.image -}}
{{- if or $image.tag $image.digest (ne (toString $image.registry) "ghcr.io") (ne (toString $image.repository) "kubenurse-otel/kubenurse") }}yes{{ end -}}
{{- end }}

{{- define "kubenurse.podAnnotations" -}}
{{- $values := .Values -}}
{{- $annotations := dict -}}
{{- $isScraped := $values.prometheusAnnotations -}}
{{- if kindIs "invalid" $isScraped -}}
{{- $isOtherExporter := not (has (nospace (default "" $values.exporters)) (list "" "prometheus")) -}}
{{- $isScraped = not (or $values.serviceMonitor.enabled $values.podMonitor.enabled $values.otlp.endpoint $isOtherExporter) -}}
{{- end -}}
{{- if $isScraped -}}
{{- $annotations = dict "prometheus.io/scrape" "true" "prometheus.io/path" "/metrics" "prometheus.io/port" (int $values.port | toString) "prometheus.io/scheme" "http" -}}
{{- end -}}
{{- range $name, $value := (include "kubenurse.pod" . | fromYaml).annotations }}{{ $_ := set $annotations $name $value }}{{ end -}}
{{- if $annotations }}{{ toYaml $annotations }}{{ end -}}
{{- end }}

{{/* Upstream's names in use, each with its new name on a line. */}}
{{- define "kubenurse.oldKeys" -}}
{{- $newNames := dict "image" "image" "containerImagePullPolicy" "image.pullPolicy" "extraEnvs" "extraEnv" "volumes" "extraVolumes" "volumeMounts" "extraVolumeMounts" "containerSecurityContext" "securityContext" "containerResources" "resources" "rollingUpdate" "updateStrategy.rollingUpdate" -}}
{{- $lines := list -}}
{{- range $key, $value := .Values.daemonset -}}
{{- if or $value (kindIs "slice" $value | and (eq $key "tolerations")) -}}
{{- $lines = append $lines (printf "  daemonset.%s: now %s" $key (get $newNames $key | default $key)) -}}
{{- end -}}
{{- end -}}
{{- if .Values.serviceMonitor.labels }}{{ $lines = append $lines "  serviceMonitor.labels: now serviceMonitor.additionalLabels" }}{{ end -}}
{{- join "\n" $lines -}}
{{- end }}
